import ArgumentParser
import Foundation
import UniForm
import UniFormEvaluation

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check parts of the system against outputs of their reference implementations.",
    discussion: """
      A fixture is a .safetensors file with a component's configuration, weights and inputs, and the outputs that the \
      reference gave for them. The component is built as from a published checkpoint and run; every output must be \
      within the fixture's tolerance. A folder stands for all the .safetensors files in it.

      The exit status is 0 when all pass and 1 when one fails; a file that cannot be used counts before that, with \
      65 or 66, after all others have run.
      """)

  @ArgumentParser.Argument(
    help: ArgumentHelp("Fixtures, or folders of them.", valueName: "fixture"),
    completion: .file(extensions: ["safetensors"]))
  var fixtures: [String]
  @Flag(help: "Print one JSON object per line.")
  var json = false

  func run() async throws {
    let clock = ContinuousClock()
    let started = clock.now
    var list = VerificationList(json: json)
    for argument in fixtures {
      for path in list.paths(of: argument) {
        try Task.checkCancellation()
        list.verify(path)
      }
    }
    try list.end(seconds: (clock.now - started) / .seconds(1))
    if let status = list.status { throw QuietFailure(status: status) }
  }
}

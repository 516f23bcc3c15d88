import ArgumentParser
import Foundation
import Media
import UniFormTraining

struct PlotCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot",
    abstract: "Draw the curves of a training run.",
    discussion: """
      Every metric gets a panel: its values in grey, their running mean in blue, the range above it and the mean at \
      the end as a number.

        uniform plot runs/transformer
      """)

  @Argument(help: ArgumentHelp("The folder of the run.", valueName: "run"), completion: .directory)
  var folder: String
  @Option(
    help: ArgumentHelp(
      "The .png file to draw into. Without it, curves.png in the folder.", valueName: "file"),
    completion: .file(extensions: ["png"]))
  var output: String?

  func validate() throws {
    if let output, URL(filePath: output).pathExtension.lowercased() != "png" {
      throw ValidationError("--output is '\(output)'; give a name that ends in .png")
    }
  }

  func run() async throws {
    let url = output.map { URL(filePath: $0) } ?? URL(filePath: folder).appending(path: "curves.png")
    try await CurvePlot(run: URL(filePath: folder)).write(to: url)
    try StandardOutput.print("Wrote \(url.relativePath)")
  }
}

import ArgumentParser
import Foundation
import Torch
import UniForm

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Predict memory, time and disk before anything is loaded.",
    discussion: """
      A model directory needs no weights for this: the folders in Configs/ will do. Memory is found by running the \
      networks on tensors without elements, time from a second or two of measurements on this machine.

      For example:

        uniform plan generate --model Configs/uniform-xl --seconds 10
        uniform plan train Configs/train/tiny-transformer.json --model Configs/uniform-tiny
      """,
    subcommands: [PlanGenerate.self, PlanTrain.self])
}

/// What every plan takes besides the work itself.
struct PlanOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Plan for so much free memory instead of what is free here.", valueName: "GB"))
  var memory: Double?
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if let memory, !(memory > 0 && memory <= 1e6) {
      throw ValidationError("--memory is \(memory); use a number of gigabytes above 0")
    }
  }

  var availableBytes: Int? { memory.map { Int($0 * 1e9) } ?? MachineMemory.available }

  func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

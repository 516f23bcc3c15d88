import ArgumentParser
import Foundation
import UniForm

/// What is added to a model's weights.
struct AdapterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Add trained low-rank adapters to the model, at full strength or scaled; may be given more than once.",
      valueName: "file[:scale]"),
    completion: .file(extensions: ["safetensors"]))
  var lora: [AdapterArgument] = []
}

/// `FILE` or `FILE:SCALE` of `--lora`.
struct AdapterArgument: ExpressibleByArgument {
  let adapter: ModelDirectory.Adapter

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count > 1, let last = parts.last, !last.contains("/"), !last.contains(".safetensors") else {
      adapter = .init(url: URL(filePath: argument))
      return
    }
    guard let scale = Double(last), scale.isFinite else { return nil }
    adapter = .init(url: URL(filePath: parts.dropLast().joined(separator: ":")), scale: scale)
  }
}

import ArgumentParser
import Foundation
import UniFormTraining
import Media
import Torch
import UniForm

struct EmbedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Turn texts into the states that the transformer reads.",
    discussion: """
      The .safetensors file holds 'states' [N, L, D] of the text encoder for N texts of up to L tokens, 'mask' \
      [N, L] with 1 for tokens and 0 behind a text's end, where the states are zero, and 'ids' [N, L], the tokens. \
      The texts are in its metadata.

      Examples:

        uniform embed "rain on a tin roof" "a bell rings" --output states.safetensors
        uniform embed --file captions.txt --output states.safetensors
      """)

  @OptionGroup(title: "What to embed") var source: TextSource
  @OptionGroup(title: "Where to") var output: TensorOutput
  @OptionGroup(title: "Machine and report") var options: CodecOptions

  func run() async throws {
    try await options.reporting { reporter in
      let directory = try ModelLocation.open(options.model, isTrained: false)
      try directory.requireWeights(of: [.textEncoder], andTokenizer: true)
      try output.check(input: source.file)
      let (texts, target) = (try source.read(), output.url)
      let (cut, shape) = try await options.pipeline(directory).withPipeline { pipeline in
        let states = try pipeline.embed(texts) { reporter.report($0) }
        try states.write(to: target)
        return (states.cut, states.states.shape)
      }
      reporter.endProgress()
      for index in cut {
        reporter.warn(
          "text \(index + 1) is longer than the \(directory.transformer.maximumTextLength) tokens that the model "
            + "reads; its end is left out")
      }
      reporter.wrote(target, [("states", shape)])
    }
  }
}

/// Texts on the command line, or in a file.
struct TextSource: ParsableArguments {
  @ArgumentParser.Argument(help: ArgumentHelp("Texts to embed.", valueName: "text"))
  var texts: [String] = []
  @Option(
    help: ArgumentHelp("Read the texts from this UTF-8 file, one per line.", valueName: "file"),
    completion: .file())
  var file: String?

  func validate() throws {
    if file != nil && !texts.isEmpty {
      throw ValidationError("--file and texts cannot be combined; give one of them")
    }
    if file == nil && texts.isEmpty {
      throw ValidationError("there is no text to embed; give one, or --file")
    }
  }

  /// A line is a text, also an empty one, so that rows and lines have the same numbers.
  func read() throws -> [String] {
    guard let file else { return texts }
    // Also from a pipe, which has no size.
    guard let handle = try? FileHandle(forReadingFrom: URL(filePath: file)),
      let data = try? handle.readToEnd() ?? Data()
    else {
      throw CommandFailure("'\(file)' cannot be read; check the path", .noInput)
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw CommandFailure("'\(file)' is no UTF-8 text", .badData)
    }
    var lines = text.strippingByteOrderMark.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    )
    .map(String.init)
    if lines.last == "" { lines.removeLast() }
    guard !lines.isEmpty else { throw CommandFailure("'\(file)' holds no text", .badData) }
    return lines
  }
}

import ArgumentParser
import Foundation
import Media
import Torch
import UniForm

/// What the codecs compute with and how they report. They compute in float32, whatever the transformer does.
struct CodecOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Model directory, or the name of one below $UNIFORM_MODELS.", valueName: "model"),
    completion: .directory)
  var model = ModelLocation.bundled
  @OptionGroup var place: DeviceOptions
  @Flag(help: "Report in JSON, one object per line.")
  var json = false
  @Flag(help: "Report nothing but warnings and errors.")
  var quiet = false

  func validate() throws {
    if json && quiet { throw ValidationError("--json and --quiet contradict each other; give one of them") }
  }

  private var style: Reporter.Style {
    .chosen(json: json, quiet: quiet)
  }

  /// Runs `body` with what reports its progress; a failure is reported, too.
  func reporting(_ body: (Reporter) async throws -> Void) async throws {
    let reporter = Reporter(style)
    do {
      try await body(reporter)
    } catch {
      reporter.endProgress()
      throw error
    }
  }

  func pipeline(_ directory: ModelDirectory) throws -> PipelineActor {
    PipelineActor(
      directory, device: try place.checkedDevice(), dtype: .float32, threads: place.threads)
  }
}

/// A file of tensors to write.
struct TensorOutput: ParsableArguments {
  @Option(
    help: ArgumentHelp("The .safetensors file to write.", valueName: "file"),
    completion: .file(extensions: ["safetensors"]))
  var output: String

  var url: URL { URL(filePath: output) }

  func validate() throws {
    guard url.pathExtension == "safetensors" else {
      throw ValidationError("--output is '\(output)'; give a name that ends in .safetensors")
    }
  }

  /// - Throws: when the file cannot be written, or would replace what it is made from.
  func check(input: String?) throws {
    if let input, URL(filePath: input).canonicalPath == url.canonicalPath {
      throw CommandFailure.usage("'\(output)' is the input, too; choose another output")
    }
    try PNGWriter.checkWritable(url)
  }
}

extension Reporter {
  /// Passes progress of a pipeline on; false once the work was cancelled.
  func report(_ progress: GenerationProgress, as stage: String? = nil) -> Bool {
    self.progress(
      stage ?? progress.stage.rawValue, completed: progress.completed, total: progress.total)
    return !Task.isCancelled
  }

  /// The end of a command that writes one file.
  func wrote(_ url: URL, _ shapes: [(name: String, shape: [Int])], note: String = "") {
    endProgress()
    let parts = shapes.map { "\($0.name) \($0.shape.map(String.init).joined(separator: "×"))" }
    self.note("Wrote \(url.relativePath): " + parts.joined(separator: ", ") + note)
    event(
      ReportEvent(
        "written", output: url.relativePath, shapes: Dictionary(uniqueKeysWithValues: shapes.map { ($0, $1) })
      ))
  }
}

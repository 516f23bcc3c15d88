public import Foundation
internal import UniForm

/// Everything that one training run leaves behind, in one folder:
///
/// `config.json`, the whole configuration; `checkpoints/`; `metrics.jsonl` and `events.out.tfevents.…`; `samples/`.
public final class RunDirectory: @unchecked Sendable {
  public let url: URL
  private let lock: ProcessLock

  /// Makes the folder where it is missing.
  ///
  /// - Throws: ``TrainingError`` where it cannot be made, or where another process trains in it.
  public init(_ url: URL) throws {
    self.url = url
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw TrainingError("\(url.path): cannot be created: \(error.localizedDescription)", .inputOutput)
    }
    do {
      lock = try ProcessLock(url.appending(path: ".lock"))
    } catch {
      switch error {
      case .held: throw TrainingError("\(url.path): another process trains there", .busy)
      case .notWritable(let reason):
        throw TrainingError("\(url.path): cannot be written: \(reason)", .inputOutput)
      }
    }
  }

  public var configurationURL: URL { url.appending(path: "config.json") }
  public var metricsURL: URL { Self.metricsURL(in: url) }
  public var samplesURL: URL { url.appending(path: "samples") }

  public static func metricsURL(in run: URL) -> URL { run.appending(path: "metrics.jsonl") }

  /// Where a run's checkpoints are; known to every process, though only one writes there.
  static func checkpointsURL(in run: URL) -> URL { run.appending(path: "checkpoints") }

  /// Keeps the whole configuration, with every default and override.
  public func write<Recipe>(_ configuration: TrainingConfiguration<Recipe>) throws {
    try DurableFile.write(configuration.json() + Data("\n".utf8), to: configurationURL)
  }
}

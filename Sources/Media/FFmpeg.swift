import Foundation
import Subprocess

/// The one place that runs `ffmpeg` and `ffprobe`, found on the search path, never through a shell.
///
/// A cancelled task ends the child at once: `SIGTERM`, then `SIGKILL` when it lingers.
package enum FFmpeg {
  package enum Tool: String, Sendable { case ffmpeg, ffprobe }

  /// What a finished tool left behind.
  package struct Outcome: Sendable {
    package let standardOutput: [UInt8]
    package let succeeded: Bool
    /// What it said on standard error: at most the last 64 KiB.
    package let messages: String
  }

  /// Replaces the search path for the tools started by the current task.
  @TaskLocal package static var searchPath: String?

  /// Runs `tool` to its end.
  /// - Parameters:
  ///   - input: bytes for its standard input.
  ///   - outputLimit: the most bytes its standard output may hold.
  /// - Throws: `.toolMissing`, `.cancelled`, or `.invalidRequest` when the system cannot start a process.
  ///   A tool that fails is no error here: only the caller knows which file is to blame.
  package static func run(
    _ tool: Tool, _ arguments: [String], input: [UInt8] = [], outputLimit: Int = 1 << 24
  ) async throws(MediaError) -> Outcome {
    _ = ignoreBrokenPipes
    let tail = MessageTail()
    do {
      let common =
        tool == .ffmpeg
        ? ["-nostdin", "-hide_banner", "-v", "error", "-y"] : ["-hide_banner", "-v", "error"]
      let result = try await Subprocess.run(
        configuration(tool, common + arguments), input: .inputWriter, output: .bytes(limit: outputLimit),
        error: .sequence
      ) { execution in
        async let fed: Void = feed(input, to: execution.standardInputWriter)
        for try await chunk in execution.standardError { await tail.append(chunk) }
        await fed
      }
      if Task.isCancelled || result.terminationStatus.isInterruption { throw MediaError.cancelled }
      let tookTooLong = [.signaled(SIGXCPU), .exited(128 + SIGXCPU)].contains(result.terminationStatus)
      return Outcome(
        standardOutput: result.standardOutput, succeeded: result.terminationStatus.isSuccess,
        messages: tookTooLong ? "it takes too long to decode" : await tail.text)
    } catch let error as MediaError {
      throw error
    } catch {
      if Task.isCancelled || error is CancellationError { throw .cancelled }
      guard let failure = error as? SubprocessError else {
        throw .invalidRequest("\(tool.rawValue): \(error)")
      }
      if failure.code == .executableNotFound { throw .toolMissing(tool.rawValue) }
      if failure.code == .spawnFailed {
        throw .invalidRequest("\(tool.rawValue) could not be started: \(failure)")
      }
      return Outcome(standardOutput: [], succeeded: false, messages: await tail.text)
    }
  }

  /// A tool that stops reading early is no error by itself: its exit status tells whether it was content.
  private static func feed(_ bytes: [UInt8], to writer: StandardInputWriter) async {
    _ = try? await writer.write(bytes)
    try? await writer.finish()
  }

  private static func configuration(_ tool: Tool, _ arguments: [String]) -> Configuration {
    var options = PlatformOptions()
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .milliseconds(200))]
    var overrides: [Environment.Key: String?] = ["AV_LOG_FORCE_NOCOLOR": "1", "FFREPORT": nil]
    if let searchPath { overrides["PATH"] = searchPath }
    let command = MediaLimits.current?.command(tool.rawValue, arguments) ?? (tool.rawValue, arguments)
    return Configuration(
      executable: .name(command.0), arguments: Arguments(command.1),
      environment: .inherit.updating(overrides), platformOptions: options)
  }

  /// Writing to a child that has already ended must be an error, not a signal that ends this process.
  private static let ignoreBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()
}

extension TerminationStatus {
  /// Ctrl-C in a terminal reaches the child before this process has had time to cancel the task.
  fileprivate var isInterruption: Bool {
    // 255 is how ffmpeg ends when it is told to stop.
    [.exited(255), .signaled(SIGINT), .signaled(SIGTERM)].contains(self)
  }
}

extension FFmpeg.Outcome {
  /// The most telling line of `messages`, without addresses inside the tool.
  package var reason: String {
    let lines = messages.split(whereSeparator: \.isNewline).map {
      String($0).replacing(#/\[[^\]]* @ 0x[0-9a-f]+\] /#, with: "").replacing("file:", with: "")
    }
    let telling = lines.filter { !$0.isEmpty && !$0.contains("Conversion failed") }
    return String((telling.last ?? "no reason given").oneLine.prefix(300))
  }

  package var diskIsFull: Bool {
    messages.contains("No space left on device") || messages.contains("File too large")
      || messages.contains("Disk quota exceeded")
  }

  /// An input file ends before its index says so; ffmpeg itself is content with what there is.
  package var inputIsCutShort: Bool {
    ["partial file", "ended prematurely", "runcat"].contains { messages.contains($0) }
  }
}

extension FFmpeg {
  /// `url` as an argument that is a file name whatever characters it holds (`-`, `:`, `%`, …).
  static func argument(_ url: URL) -> String { "file:" + url.path(percentEncoded: false) }

  /// Seconds in the fixed notation that every option and filter accepts.
  static func time(_ seconds: Double) -> String { String(format: "%.6f", seconds) }
}

/// The end of a stream of messages, so that a chatty tool cannot fill the memory.
private actor MessageTail {
  private var bytes: [UInt8] = []

  func append(_ chunk: SubprocessOutputSequence.Buffer) {
    chunk.withUnsafeBytes { bytes.append(contentsOf: $0) }
    if bytes.count > 1 << 17 { bytes.removeFirst(bytes.count - 1 << 16) }
  }

  var text: String { String(decoding: bytes.suffix(1 << 16), as: UTF8.self) }
}

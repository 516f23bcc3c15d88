package import Foundation
internal import Subprocess

/// The one place that makes requests: a run of the program `curl` for each, found on the search path. It follows no
/// redirect by itself, so that who is asked next, and with what, is decided here.
///
/// A cancelled task ends the child at once.
package enum Curl {
  package enum Method: Equatable, Sendable {
    case get, head
    /// Sends what a file holds, and waits so many seconds for the whole answer, which may be long in coming.
    case post(URL, seconds: Double)
  }

  package enum Outcome {
    /// The body is in memory, or, of a success, in the file.
    case response(HTTPResponse)
    /// The connection broke, or nothing came for long: worth another attempt.
    case interrupted(String)
    /// There is no way to the host.
    case unreachable(String)
    /// What is wanted is not the rest of what is in the file.
    case rangeRefused
    case notWritten
  }

  /// - Parameters:
  ///   - headers: they and `url` go through a pipe, never through the list of processes, which everyone can read.
  ///   - file: takes the body instead of memory, after the bytes it has already; these are not asked for again.
  /// - Throws: `HubError.curlMissing`, `HubError.unreachable` when no process can be started, `CancellationError`.
  package static func send(
    _ method: Method, _ url: URL, headers: [String: String], to file: URL? = nil
  ) async throws -> Outcome {
    var arguments = [
      // Neither anyone's own settings nor other protocols; -q must come first.
      "-q", "--config", "-", "--proto", "=http,https", "--globoff", "--silent", "--show-error",
      // With --location the body of a redirect is not taken for the file; the limit makes curl stop there.
      "--location", "--max-redirs", "0", "--suppress-connect-headers", "--connect-timeout", "20",
    ]
    if case .post(let body, let seconds) = method {
      arguments += ["--data-binary", "@\(body.path(percentEncoded: false))", "--header", "Expect:"]
      arguments += ["--max-time", String(format: "%.3f", seconds)]
    } else {
      arguments += ["--speed-limit", "1", "--speed-time", "30"]
    }
    if let file {
      let path = file.path(percentEncoded: false)
      arguments += ["--fail", "--dump-header", "-", "--output", path]
      if let size = file.fileSize, size > 0 { arguments += ["--continue-at", "\(size)"] }
    } else {
      arguments.append(method == .head ? "--head" : "--include")
    }
    let configuration =
      (["url = \(quoted(url.absoluteString))"]
      + headers.map { "header = \(quoted("\($0): \($1)"))" }).joined(separator: "\n") + "\n"
    let (status, output, messages) = try await run(arguments, input: configuration, host: url.host() ?? "")
    return try outcome(status, output, messages, toFile: file != nil)
  }

  private static func run(
    _ arguments: [String], input: String, host: String
  ) async throws -> (TerminationStatus, [UInt8], String) {
    var options = PlatformOptions()
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .milliseconds(200))]
    do {
      let result = try await Subprocess.run(
        Configuration(
          executable: .name("curl"), arguments: Arguments(arguments), platformOptions: options),
        input: .string(input), output: .bytes(limit: 1 << 27), error: .string(limit: 1 << 20))
      try Task.checkCancellation()
      return (result.terminationStatus, result.standardOutput, result.standardError)
    } catch let error as SubprocessError {
      try Task.checkCancellation()
      if error.code == .executableNotFound { throw HubError.curlMissing }
      throw HubError.unreachable(host: host, reason: "\(error)")
    }
  }

  private static func outcome(
    _ status: TerminationStatus, _ output: [UInt8], _ messages: String, toFile: Bool
  ) throws -> Outcome {
    // curl: (18) transfer closed with 6 bytes remaining to read
    let line =
      messages.split(whereSeparator: \.isNewline).last.map(String.init) ?? "curl ended with \(status)"
    let reason = line.replacing(#/^curl: \(\d+\) /#, with: "").trimmingCharacters(in: .whitespaces)
    let response = HTTPResponse(output)
    switch status {
    // Ctrl-C in a terminal reaches the child before this process has had time to cancel the task.
    case .signaled(SIGINT), .signaled(SIGTERM), .signaled(SIGHUP): throw CancellationError()
    case .exited(0), .exited(22), .exited(47):
      guard let response else { return .interrupted("an answer that is not HTTP") }
      return response.status == 416 ? .rangeRefused : .response(response)
    case .exited(33), .exited(36): return .rangeRefused
    case .exited(23): return .notWritten
    // Unknown or malformed names, no route, and certificates that are not trusted.
    case .exited(1), .exited(3), .exited(5), .exited(6), .exited(7), .exited(35), .exited(60), .exited(77):
      return .unreachable(reason)
    default: return .interrupted(reason)
    }
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}

extension URL {
  /// In bytes; nil where there is none.
  var fileSize: Int? {
    var information = stat()
    guard stat(path(percentEncoded: false), &information) == 0 else { return nil }
    return Int(information.st_size)
  }
}

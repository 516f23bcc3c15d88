import ArgumentParser
import Foundation
import Logging

@main
struct UniFormServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uniform serve",
    abstract: "Make clips over HTTP: jobs that outlive the server, with progress as it goes.",
    discussion: """
      Docs/Server.md describes the interface; the server itself describes it at /api/v1/openapi.json. It answers on \
      this machine alone unless --host says otherwise, and then only to whoever sends the token of --token-file.
      """)

  @OptionGroup(title: "Model") var worker: WorkerOptions
  @OptionGroup(title: "Server") var options: ServerOptions

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      guard exitCode(for: error) != .success else { exit(withError: error) }
      let isUsage = exitCode(for: error) == .validationFailure
      let failure = error as? ServerFailure
      let text = failure?.message ?? (isUsage ? message(for: error) : "\(error)")
      let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
      try? FileHandle.standardError.write(contentsOf: Data("uniform: error: \(line)\n".utf8))
      exit(withError: ExitCode(failure?.status ?? (isUsage ? 64 : 70)))
    }
  }

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    Self.raiseFileLimit()
    var logger = Logger(label: "uniform") { StructuredLog(label: $0, isJSON: options.logJSON) }
    logger.logLevel = options.logLevel.level
    let token = try options.token()
    let data = try DataDirectory(options.data)
    let server = try await Server(
      options: options, worker: worker, token: token, data: data, logger: logger)
    try await server.run()
  }
}

extension UniFormServer {
  /// Every watcher is an open file; where little is asked for, systems allow a thousand.
  private static func raiseFileLimit() {
    #if os(Linux)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 16_384)
    setrlimit(resource, &limit)
  }
}

/// Why the server cannot start, or go on, with an exit status of `sysexits.h`.
struct ServerFailure: Error, Equatable {
  let message: String
  let status: Int32

  init(_ message: String, _ status: Int32) {
    self.message = message
    self.status = status
  }
}

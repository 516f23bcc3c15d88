import Foundation
import Synchronization
import Testing

/// The built server as a user runs it, with real workers and the bundled model, on a free port.
final class ServerProcess: Sendable {
  struct Failure: Error { let reason: String }

  static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    .standardized

  private static func program(_ name: String, in folders: [String]) -> URL? {
    folders.map { root.appending(path: $0).appending(path: name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  /// It lies beside the bundle of tests.
  static let server: URL = {
    var folder = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    while folder.path != "/" {
      folder = folder.deletingLastPathComponent()
      let candidate = folder.appending(path: "uniform-server")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    }
    fatalError("the executable 'uniform-server' was not built")
  }()

  /// Built by the package above.
  static let uniform: URL = {
    guard let url = program("uniform", in: [".build/debug", ".build/release"]) else {
      fatalError("build the package above first: swift build --product uniform")
    }
    return url
  }()

  let process: Process
  let client: HTTPClient
  private let log: Log

  private final class Log: Sendable { let text = Mutex("") }

  private init(_ process: Process, port: Int, log: Log) {
    self.process = process
    self.log = log
    client = HTTPClient(port: port)
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// What it logged so far.
  var messages: String { log.text.withLock(\.self) }

  /// - Returns: once it answers.
  static func start(_ folder: URL, _ options: [String] = []) async throws -> ServerProcess {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = server
    process.arguments = ["--uniform", uniform.path, "--port", "0", "--data", folder.path] + options
    process.environment = ProcessInfo.processInfo.environment.merging([
      "UNIFORM_MODELS": root.appending(path: "Models").path
    ]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let log = Log()
    Thread.detachNewThread {
      while case let bytes = errors.fileHandleForReading.availableData, !bytes.isEmpty {
        log.text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
      }
    }
    let port = try await onThread {
      var text = ""
      while case let bytes = output.fileHandleForReading.availableData, !bytes.isEmpty {
        text += String(decoding: bytes, as: UTF8.self)
        if let port = text.firstMatch(of: /:(\d+)\n/)?.1 { return Int(port) ?? 0 }
      }
      process.waitUntilExit()
      return -Int(process.terminationStatus)
    }
    guard port > 0 else {
      throw Failure(reason: "status \(-port): \(log.text.withLock(\.self))")
    }
    return ServerProcess(process, port: port, log: log)
  }

  /// - Returns: its exit status, of a signal the number.
  @discardableResult
  func end(_ signal: Int32 = SIGTERM) async throws -> Int32 {
    kill(process.processIdentifier, signal)
    let process = process
    return try await onThread {
      process.waitUntilExit()
      return process.terminationStatus
    }
  }

  /// The ids of its workers.
  var workers: [Int32] {
    let parent = process.processIdentifier
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { id in
      guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
      let fields = text.drop { $0 != ")" }.split(separator: " ")
      return fields.count > 2 && Int32(fields[2]) == parent && text.contains("(uniform)")
    }
  }

  /// Makes a job, and says its id.
  func job(_ fields: [String: Any]) async throws -> String {
    let reply = try await client.json("POST", "/api/v1/jobs", fields)
    #expect(reply.status == 201, "\(reply.text)")
    return try #require(try reply.json()["id"] as? String)
  }

  func waitUntilRuns(_ id: String) async throws {
    _ = try await client.events("/api/v1/jobs/\(id)/events") { _, job in
      job["status"] as? String == "running"
    }
  }

  /// Watches a job until it is finished.
  func outcome(_ id: String) async throws -> [String: Any] {
    _ = try await client.events("/api/v1/jobs/\(id)/events") { _, job in
      ["succeeded", "failed", "cancelled"].contains(job["status"] as? String)
    }
    return try await client("GET", "/api/v1/jobs/\(id)").json()
  }
}

/// A folder that is removed with the test.
final class Scratch: Sendable {
  let folder = FileManager.default.temporaryDirectory.appending(
    path: "uniform-server-\(UUID().uuidString)", directoryHint: .isDirectory)

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  func file(_ name: String) -> URL { folder.appending(path: name) }

  /// Runs a tool to its end.
  static func run(_ tool: String, _ arguments: [String], environment: [String: String] = [:]) async throws
    -> (
      status: Int32, output: String
    )
  {
    try await onThread {
      let process = Process()
      let output = Pipe()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = [tool] + arguments
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      process.standardOutput = output
      process.standardError = output
      process.standardInput = FileHandle.nullDevice
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return (process.terminationStatus, text)
    }
  }

  /// A small clip, made by ffmpeg from its own test sources.
  func clip(_ name: String, _ arguments: String...) async throws -> Data {
    let (status, output) = try await Self.run(
      "ffmpeg", ["-v", "error", "-y"] + arguments + [file(name).path])
    #expect(status == 0, "\(output)")
    return try Data(contentsOf: file(name))
  }
}

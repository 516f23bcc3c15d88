import ArgumentParser
import Foundation
import Logging

/// What the workers run.
struct WorkerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Model directory, or the name of one below $UNIFORM_MODELS.", valueName: "model"))
  var model: String?
  @Option(help: "What to compute on: cpu, cuda or mps.")
  var device: String?
  @Option(help: "Number format: auto, float32 or bfloat16.")
  var dtype: String?
  @Option(help: ArgumentHelp("Processor threads of each worker. Without it, all.", valueName: "number"))
  var threads: Int?
  @Option(
    help: ArgumentHelp("How many clips to make at once, each in a process of its own.", valueName: "number"))
  var workers = 1
  @Option(help: ArgumentHelp("The program that makes clips.", valueName: "file"))
  var uniform = "uniform"

  var arguments: [String] {
    let options = [
      ("--model", model), ("--device", device), ("--dtype", dtype), ("--threads", threads.map(String.init)),
    ]
    return ["worker"] + options.flatMap { name, value in value.map { [name, $0] } ?? [] }
  }

  func validate() throws {
    guard (1...64).contains(workers) else {
      throw ValidationError("--workers is \(workers); use a whole number from 1 to 64")
    }
  }
}

enum LogLevel: String, ExpressibleByArgument, CaseIterable {
  case debug, info, warning, error
  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}

struct ServerOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Address to answer at.", valueName: "address"))
  var host = "127.0.0.1"
  @Option(help: ArgumentHelp("Port to answer at; 0 takes a free one.", valueName: "number"))
  var port = 8017
  @Option(
    name: .customLong("allow-host"),
    help: ArgumentHelp("A name that browsers may know this server by; may be repeated.", valueName: "name"))
  var allowedHosts: [String] = []
  @Option(
    help: ArgumentHelp(
      "Folder for jobs and clips. Without it, uniform/server in $XDG_DATA_HOME.", valueName: "folder"))
  var data: String?
  @Option(help: ArgumentHelp("File that holds the token that every request has to show.", valueName: "file"))
  var tokenFile: String?
  @Option(help: ArgumentHelp("The most bytes of one upload.", valueName: "size"))
  var maxUpload = ByteSize(200 << 20)
  @Option(help: ArgumentHelp("The most files that are sent at once.", valueName: "number"))
  var maxUploads = 16
  @Option(help: ArgumentHelp("How long one upload may take.", valueName: "seconds"))
  var uploadSeconds = 900
  @Option(help: ArgumentHelp("The most streams of events that are open at once.", valueName: "number"))
  var maxWatchers = 2000
  @Option(help: ArgumentHelp("How many jobs may wait.", valueName: "number"))
  var maxQueue = 100
  @Option(
    help: ArgumentHelp(
      "The most bytes of all clips and uploads; beyond it, the oldest clips that are not pinned are deleted.",
      valueName: "size"))
  var quota = ByteSize(10 << 30)
  @Option(
    help: ArgumentHelp(
      "The most requests a minute from one address, GET and HEAD aside.", valueName: "number"))
  var rate = 120
  @Option(help: "What to log.")
  var logLevel = LogLevel.info
  @Flag(name: .customLong("log-json"), help: "Log one JSON object per line.")
  var logJSON = false

  func validate() throws {
    guard (0...65_535).contains(port) else {
      throw ValidationError("--port is \(port); use a number from 0 to 65535")
    }
    guard [maxQueue, rate, maxUpload.bytes, quota.bytes, maxUploads, maxWatchers].allSatisfy({ $0 > 0 })
    else {
      throw ValidationError(
        "--max-queue, --rate, --max-upload, --max-uploads, --max-watchers and --quota have to be more than 0")
    }
    guard (1...86_400).contains(uploadSeconds) else {
      throw ValidationError("--upload-seconds is \(uploadSeconds); use a whole number from 1 to 86400")
    }
    if !isLoopback && tokenFile == nil {
      throw ValidationError(
        "--host \(host) lets other machines in; give --token-file with a secret that they have to show")
    }
  }

  var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

  /// - Throws: where the file is missing, or its content too short to be a secret.
  func token() throws -> String? {
    guard let tokenFile else { return nil }
    guard let text = try? String(contentsOfFile: tokenFile, encoding: .utf8) else {
      throw ServerFailure("the file '\(tokenFile)' of --token-file cannot be read", 66)
    }
    let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard token.utf8.count >= 16, token.unicodeScalars.allSatisfy({ 0x21...0x7E ~= $0.value && $0 != ";" })
    else {
      throw ServerFailure(
        "the file '\(tokenFile)' has to hold one token of at least 16 printable characters", 65)
    }
    return token
  }
}

/// A number of bytes as people write it: `200MB`, `10GB`, `1500`.
struct ByteSize: ExpressibleByArgument, Equatable {
  let bytes: Int

  init(_ bytes: Int) { self.bytes = bytes }

  init?(argument: String) {
    guard let match = argument.uppercased().wholeMatch(of: /(\d+)\s*([KMGT]?)(I?B)?/),
      let number = Int(match.1)
    else { return nil }
    let shift = ["": 0, "K": 10, "M": 20, "G": 30, "T": 40][String(match.2)] ?? 0
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    guard !overflow else { return nil }
    self.bytes = bytes
  }

  var defaultValueDescription: String {
    bytes % (1 << 30) == 0 ? "\(bytes >> 30)GB" : bytes % (1 << 20) == 0 ? "\(bytes >> 20)MB" : "\(bytes)"
  }
}

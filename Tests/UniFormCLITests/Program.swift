import Foundation
import Media
import Testing
import Torch
import UniForm

/// The built `uniform`, run as a process of its own.
struct Program {
  struct Result {
    let status: Int32
    let output: String
    let errors: String

    var outputLines: [Substring] { output.split(separator: "\n") }
    var errorLines: [Substring] { errors.split(separator: "\n") }
  }

  /// It lies beside the bundle of tests.
  static let executable: URL = {
    var folder = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    while folder.path != "/" {
      folder = folder.deletingLastPathComponent()
      let candidate = folder.appending(path: "uniform")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    }
    fatalError("the executable 'uniform' was not built")
  }()

  let folder: URL
  var environment: [String: String] = [:]

  /// What runs the tests in the background may ignore Ctrl-C, and the program would inherit that.
  private static let takesInterruptions: Void = { _ = signal(SIGINT, SIG_DFL) }()

  func process(_ arguments: [String]) -> (Process, Pipe, Pipe) {
    Self.takesInterruptions
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = Self.executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = output
    process.standardError = errors
    return (process, output, errors)
  }

  func callAsFunction(_ arguments: String...) async throws -> Result { try await run(arguments) }

  func run(_ arguments: [String]) async throws -> Result {
    let (process, output, errors) = process(arguments)
    try process.run()
    return await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(returning: Self.result(of: process, output, errors))
      }
    }
  }

  /// Presses Ctrl-C, or sends another signal, once `moment` holds, and says how long the program went on after that.
  ///
  /// This waits on a thread of its own: tests share few threads, and a task that sleeps among them may wake a minute
  /// after its time.
  func interrupted(
    _ arguments: [String], signal: Int32 = SIGINT, when moment: @escaping @Sendable () -> Bool
  ) async throws -> (result: Result, took: Duration) {
    let (process, output, errors) = process(arguments)
    try process.run()
    return await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        while process.isRunning && !moment() { usleep(10_000) }
        let start = ContinuousClock.now
        kill(process.processIdentifier, signal)
        let result = Self.result(of: process, output, errors)
        continuation.resume(returning: (result, ContinuousClock.now - start))
      }
    }
  }

  private static func result(of process: Process, _ output: Pipe, _ errors: Pipe) -> Result {
    let errorReader = Reader(errors)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Result(status: process.terminationStatus, output: text, errors: errorReader.text)
  }

  /// Reads a second pipe meanwhile, so that neither fills up.
  private final class Reader: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    private var data = Data()

    init(_ pipe: Pipe) {
      DispatchQueue.global().async {
        self.data = pipe.fileHandleForReading.readDataToEndOfFile()
        self.done.signal()
      }
    }

    var text: String {
      done.wait()
      return String(decoding: data, as: UTF8.self)
    }
  }
}

extension Process {
  /// Starts it with signals ignored, as nohup does; `signals` as a shell names them.
  func ignore(_ signals: String) { begin(with: "trap '' \(signals)") }

  /// Starts it under a limit, in the words of the shell's `ulimit`.
  func limit(_ limit: String) { begin(with: "ulimit \(limit)") }

  private func begin(with command: String) {
    let program = executableURL?.path ?? ""
    arguments = ["-c", "\(command); exec \"$0\" \"$@\"", program] + (arguments ?? [])
    executableURL = URL(filePath: "/bin/sh")
  }
}

/// A folder to run the program in, removed with the test.
final class Workplace {
  let folder = FileManager.default.temporaryDirectory.appending(
    path: "uniform-cli-\(UUID().uuidString)", directoryHint: .isDirectory)
  let program: Program

  /// - Parameter model: make models of random weights, known as `tiny` and `narrow`.
  init(model: Bool = false) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    program = Program(folder: folder, environment: ["UNIFORM_MODELS": Self.models.path])
    if model { try Self.tinyModel.get() }
  }

  deinit {
    chmod(folder.path, 0o755)
    try? FileManager.default.removeItem(at: folder)
  }

  /// Shared by all tests of a run, and removed at its end.
  static let models: URL = {
    let url = FileManager.default.temporaryDirectory.appending(path: "uniform-models-\(getpid())")
    atexit { try? FileManager.default.removeItem(at: Workplace.models) }
    return url
  }()

  private static let tinyModel = Result {
    // The one knows classes, and warns of prompts without them.
    var model = TinyModel()
    model.index.knownClasses = try knownClasses
    try model.write(to: models.appending(path: "narrow"))
    model.index.knownClasses = []
    try model.write(to: models.appending(path: "tiny"))
  }

  /// Those of the bundled model; the vocabulary of the tiny one has few of their words.
  static var knownClasses: [ModelIndex.KnownClass] {
    get throws {
      let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
      let data = try Data(contentsOf: root.appending(path: "Configs/uniform-tiny/model_index.json"))
      return try JSONDecoder().decode(ModelIndex.self, from: data).knownClasses
    }
  }

  func file(_ name: String) -> URL { folder.appending(path: name, directoryHint: .notDirectory) }

  func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: file(name)) }

  /// All names, hidden ones too.
  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  }

  /// A clip of `seconds` with a moving picture and a tone.
  func clip(_ name: String, seconds: Double = 1, video: Bool = true, audio: Bool = true) async throws {
    let frames = VideoFrames(
      width: 48, height: 36, frameRate: 20,
      pixels: (0..<Int(seconds * 20)).flatMap { [UInt8](repeating: UInt8($0 * 7 % 256), count: 48 * 36 * 3) })
    let sound = Waveform(
      sampleRate: 16_000, samples: (0..<Int(seconds * 16_000)).map { 0.5 * sin(Float($0) * 0.2) })
    try await MediaWriter.write(
      picture: video ? .frames(frames) : nil, sound: audio ? .waveform(sound) : nil, to: file(name))
  }

  /// A clip whose sound track holds nothing but zeros.
  func silentClip(_ name: String) async throws {
    let frames = VideoFrames(
      width: 48, height: 36, frameRate: 20, pixels: [UInt8](repeating: 90, count: 20 * 48 * 36 * 3))
    let sound = Waveform(sampleRate: 16_000, samples: [Float](repeating: 0, count: 16_000))
    try await MediaWriter.write(picture: .frames(frames), sound: .waveform(sound), to: file(name))
  }
}

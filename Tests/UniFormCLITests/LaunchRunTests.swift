import Foundation
import Testing

/// Several real processes that train together.
@Suite(.serialized) struct LaunchRunTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  @Test func `two processes give the curve of one, and one goes on from them`() async throws {
    try place.prepareTraining(steps: 6)
    #expect(try await place.program("train", "train.json", "--set", "run=one").status == 0)
    let result = try await place.program(
      "launch", "-n", "2", "--", "train", "train.json", "--set", "optimization.steps=4")
    #expect(result.status == 0, "\(result.errors)")
    let resumed = try await place.program("train", "train.json", "--set", "workers=2")
    #expect(resumed.status == 0, "\(resumed.errors)")
    let (one, two) = (try place.losses("one"), try place.losses())
    #expect(two.map(\.step) == Array(1...6))
    for (a, b) in zip(one, two) { #expect(abs(a.loss - b.loss) < 1e-4 * a.loss) }
  }

  @Test func `a process that dies ends the others with its reason`() async throws {
    try place.prepareTraining(steps: 100_000)
    let (status, text) = try await launched(disturbing: 0, with: SIGKILL)
    #expect(status == 70, "\(text)")
    #expect(text.contains("of 2 was killed by signal 9; the others were stopped"), "\(text)")
    #expect(text.contains("lost the others"), "\(text)")
  }

  /// Whichever it is: the first keeps the signs of life of all.
  @Test(arguments: [0, 1]) func `a process that hangs ends the others after the timeout`(rank: Int)
    async throws
  {
    try place.prepareTraining(steps: 100_000, settings: ["timeout": 3])
    let (status, text) = try await launched(disturbing: rank, with: SIGSTOP)
    #expect(status == 69, "\(text)")
    #expect(
      text.contains(
        "worker \(1 - rank) of 2 lost the others: worker \(rank) has given no sign of life for 3 s"),
      "\(text)")
  }

  /// The launcher alone gets the signal, as from a terminal. It waits however long its workers take.
  @Test func `Ctrl-C ends the launcher after its workers, which save, and the same command goes on`()
    async throws
  {
    try place.prepareTraining(steps: 100_000, checkpointEvery: 100_000)
    let (waited, status, text) = try await launched { launcher, workers in
      for worker in workers { kill(worker, SIGSTOP) }
      kill(launcher.processIdentifier, SIGINT)
      usleep(500_000)
      let waits = launcher.isRunning
      for worker in workers { kill(worker, SIGCONT) }
      return waits
    }
    #expect(waited && status == 130, "\(text)")
    let step = try place.lastCheckpoint().step
    #expect(step > 0, "\(text)")
    let again = try await place.program(
      "launch", "-n", "2", "--", "train", "train.json", "--set", "optimization.steps=\(step + 1)")
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.errors.contains("continuing at step \(step) of \(step + 1)"), "\(again.errors)")
  }

  /// As a job system does it. The workers get the launcher's signal as well, which is no second request.
  @Test func `SIGTERM to every process saves`() async throws {
    try place.prepareTraining(steps: 100_000, checkpointEvery: 100_000)
    let (_, status, text) = try await launched { launcher, workers in
      for process in workers + [launcher.processIdentifier] { kill(process, SIGTERM) }
    }
    #expect(status == 130, "\(text)")
    #expect(try place.lastCheckpoint().step > 0, "\(text)")
  }

  @Test func `a second Ctrl-C some seconds later ends everything at once`() async throws {
    try place.prepareTraining(steps: 100_000)
    let (left, status, text) = try await launched { launcher, workers in
      for worker in workers { kill(worker, SIGSTOP) }
      kill(launcher.processIdentifier, SIGINT)
      usleep(2_500_000)
      kill(launcher.processIdentifier, SIGINT)
      usleep(500_000)
      let left = workers.filter { Self.isAlive($0) }
      for worker in left { kill(worker, SIGKILL) }
      return left
    }
    #expect(left.isEmpty && status == 130, "\(text)")
  }

  @Test func `Ctrl-C is not lost on processes that are still being loaded`() async throws {
    try place.prepareTraining(steps: 100_000)
    let (_, status, text) = try await launched(once: 0) { launcher, _ in
      let identifier = launcher.processIdentifier
      while launcher.isRunning && Self.children(of: identifier).count < 2 { usleep(1_000) }
      kill(identifier, SIGINT)
    }
    #expect(status == 130, "\(text)")
  }

  /// As a job in the background of a script, which ignores Ctrl-C.
  @Test func `a launcher without Ctrl-C passes SIGTERM on, and its workers save`() async throws {
    try place.prepareTraining(steps: 100_000, checkpointEvery: 100_000)
    let (ignored, status, text) = try await launched(ignoring: "INT HUP") { launcher, _ in
      for number in [SIGINT, SIGHUP] { kill(launcher.processIdentifier, number) }
      usleep(500_000)
      let ignored = launcher.isRunning
      kill(launcher.processIdentifier, SIGTERM)
      return ignored
    }
    #expect(ignored && status == 130, "\(text)")
    #expect(try place.lastCheckpoint().step > 0, "\(text)")
  }

  private func launched(
    disturbing rank: Int, with signal: Int32
  ) async throws -> (status: Int32, errors: String) {
    let (_, status, errors) = try await launched { _, workers in
      if workers.indices.contains(rank) { kill(workers[rank], signal) }
    }
    return (status, errors)
  }

  /// What becomes of a job of two processes that never ends, once it trains and `disturb` is done with it.
  ///
  /// - Parameters:
  ///   - length: of the metrics, in bytes.
  ///   - signals: that are ignored from the start, as a shell names them.
  private func launched<Value: Sendable>(
    once length: Int = 300, ignoring signals: String? = nil,
    _ disturb: @escaping @Sendable (_ launcher: Process, _ workers: [Int32]) -> Value
  ) async throws -> (value: Value, status: Int32, errors: String) {
    let (process, output, errors) = place.program.process(["launch", "-n", "2", "--", "train", "train.json"])
    if let signals { process.ignore(signals) }
    try process.run()
    let launcher = process.processIdentifier
    let metrics = place.file("run/metrics.jsonl")
    async let value = Self.onThread {
      while process.isRunning && ((try? Data(contentsOf: metrics).count) ?? 0) < length { usleep(20_000) }
      return disturb(process, Self.children(of: launcher).sorted())
    }
    let text = await Self.onThread {
      let text = errors.fileHandleForReading.readDataToEndOfFile()
      _ = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return String(decoding: text, as: UTF8.self)
    }
    #expect(Self.children(of: launcher).isEmpty)
    return (await value, process.terminationStatus, text)
  }

  /// Tests share few threads, which must not be blocked.
  private static func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: body()) }
    }
  }

  private static func children(of parent: Int32) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { identifier in
      status(of: identifier).dropFirst().first.flatMap { Int32($0) } == parent
    }
  }

  /// What has ended stays a zombie until its new parent takes note.
  private static func isAlive(_ identifier: Int32) -> Bool {
    status(of: identifier).first.map { $0 != "Z" } ?? false
  }

  /// State, parent and more, or nothing where there is no such process.
  private static func status(of identifier: Int32) -> [Substring] {
    let text = (try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)) ?? ""
    // The name in parentheses may hold anything.
    return text.split(separator: ")").last?.split(separator: " ") ?? []
  }

  @Test func `processes share a list of clips, each made once`() async throws {
    let lines = (1...3).map { "{\"prompt\": \"rain\", \"seed\": \($0), \"output\": \"\($0).wav\"}" }
    try place.write(lines.joined(separator: "\n"), to: "clips.jsonl")
    let result = try await place.program(
      "launch", "-n", "2", "--", "generate", "--model", "tiny", "--batch", "clips.jsonl")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try place.names == ["1.wav", "2.wav", "3.wav", "clips.jsonl"])
    #expect(
      result.outputLines.filter { $0.hasPrefix("Wrote ") }.sorted().map { $0.prefix(11) } == [
        "Wrote 1.wav", "Wrote 2.wav", "Wrote 3.wav",
      ])
  }

  @Test func `what cannot be launched is one line`() async throws {
    for arguments in [["-n", "0", "--", "info"], ["-n", "2"], []] {
      let result = try await place.program.run(["launch"] + arguments)
      #expect(result.status == 64, "\(result.errors)")
      #expect(result.errorLines.count == 1)
    }
    let failed = try await place.program("launch", "-n", "2", "--", "train", "nowhere.json")
    #expect(failed.status == 66, "\(failed.errors)")
    #expect(failed.errors.contains("of 2 ended with status 66; the others were stopped"))
  }
}

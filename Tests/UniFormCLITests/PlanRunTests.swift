import Foundation
import Testing
import Torch
import UniForm

/// Plans beside what then happens.
@Suite(.serialized) struct PlanRunTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    .standardized
  private static let bundled = root.appending(path: "Models/uniform-tiny").path
  private static let large = root.appending(path: "Configs/uniform-xl").path

  private struct Report: Decodable {
    struct Plan: Decodable {
      struct Stage: Decodable {
        let name: String
        let weight_bytes, working_bytes: Int
        let seconds: Double
      }
      let stages: [Stage]
      let process_bytes, held_bytes, disk_bytes: Int
    }
    let plan: Plan
    let peak_bytes: [String: Int]
    let available_bytes: Int
    let staging: String?
    let seconds: Double
    let speed: [String: Double]
  }

  private func plan(_ arguments: String...) async throws -> Report {
    let result = try await place.program.run(["plan", "generate", "--json"] + arguments)
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
  }

  /// Runs the program and reads the most memory that it took, until shortly before its end.
  private func peak(_ arguments: [String]) async throws -> Int {
    let (process, output, errors) = place.program.process(arguments)
    output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
    errors.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
    try process.run()
    let file = "/proc/\(process.processIdentifier)/status"
    return await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        var peak = 0
        while process.isRunning {
          let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
          if let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM") }),
            let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
          {
            peak = max(peak, kilobytes * 1024)
          }
          usleep(2_000)
        }
        continuation.resume(returning: peak)
      }
    }
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/proc/self/status"), "needs /proc"),
    arguments: [["--dtype", "float32"], ["--dtype", "bfloat16"]])
  func `the bundled model takes the memory that was planned`(options: [String]) async throws {
    let common = options + ["--model", Self.bundled, "--seconds", "1", "--steps", "2", "--threads", "2"]
    let result = try await place.program.run(["plan", "generate", "--json"] + common)
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    let planned = try #require(report.peak_bytes["one_by_one"])
    let measured = try await peak(
      ["generate", "--prompt", "a bell", "--seed", "1", "--output", "a.mp4"] + common)
    #expect(measured > 0 && abs(planned - measured) < measured * 15 / 100, "\(planned), \(measured)")
  }

  @Test func `the paper's configuration is planned without weights`() async throws {
    let report = try await plan(
      "--model", Self.large, "--dtype", "bfloat16", "--memory", "24", "--threads", "2")
    #expect(
      report.plan.stages.map(\.name)
        == ["text encoder", "denoiser", "video decoder", "audio decoder", "vocoder"])
    let denoiser = report.plan.stages[1]
    #expect((2_400_000_000...2_460_000_000).contains(denoiser.weight_bytes))
    // Keys and values of the text for each of 56 blocks, and the tokens of two rows a few times.
    #expect((200_000_000...600_000_000).contains(denoiser.working_bytes))
    #expect(report.staging == "one by one")
    #expect(report.available_bytes == 24_000_000_000)
    let peak = try #require(report.peak_bytes["one_by_one"])
    #expect(peak < denoiser.weight_bytes + 3_000_000_000 && peak < report.peak_bytes["together"]!)
    #expect(report.seconds > 0 && report.speed.values.allSatisfy { $0 > 0 })
  }

  @Test func `memory hardly grows with the length of a clip`() async throws {
    let peaks = try await [4, 10].asyncMap { seconds in
      let report = try await plan(
        "--model", Self.large, "--dtype", "bfloat16", "--seconds", "\(seconds)", "--memory", "24",
        "--threads",
        "2")
      return try #require(report.plan.stages.first { $0.name == "video decoder" }).working_bytes
    }
    #expect(peaks[0] == peaks[1])
  }

  @Test func `each task has the stages that it needs, and a prompt its own`() async throws {
    func stages(_ arguments: String...) async throws -> [String] {
      let result = try await place.program.run(
        ["plan", "generate", "--json", "--model", "tiny", "--memory", "24"] + arguments)
      return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8)).plan.stages.map(\.name)
    }
    #expect(
      try await stages("--task", "v2a", "--no-prompt")
        == ["condition encoder", "denoiser", "audio decoder", "vocoder"])
    #expect(
      try await stages("--task", "a2v")
        == ["text encoder", "condition encoder", "denoiser", "video decoder"])
  }

  @Test func `several clips keep the networks where they fit`() async throws {
    let roomy = try await plan("--model", "tiny", "--count", "3", "--memory", "24")
    #expect(roomy.staging == "together")
  }

  @Test func `what does not fit is refused with a way out`() async throws {
    let small = try await place.program(
      "plan", "generate", "--model", Self.large, "--dtype", "bfloat16", "--memory", "1")
    #expect(small.status == 75 && small.errorLines.count == 1)
    #expect(
      small.errors.hasSuffix(
        "of memory and 1.0 GB are there; free some, or use a machine with more\n"), "\(small.errors)")
    let wide = try await place.program(
      "plan", "generate", "--model", Self.large, "--dtype", "float32", "--memory", "4", "--threads", "1")
    #expect(wide.status == 75 && wide.errors.hasPrefix("uniform: error: the denoiser needs "))
    #expect(wide.errors.hasSuffix("use --dtype bfloat16\n"), "\(wide.errors)")
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/status"), "needs /proc"))
  func `generate refuses what a limit of the process forbids`() async throws {
    typealias Outcome = (status: Int32, output: Data, errors: String)
    func limited(kilobytes: Int, _ arguments: String...) throws -> Outcome {
      let (process, output, errors) = place.program.process(arguments)
      process.limit("-v \(kilobytes)")
      try process.run()
      let data = output.fileHandleForReading.readDataToEndOfFile()
      let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return (process.terminationStatus, data, text)
    }
    let roomy = 8_000_000
    let plan = try limited(kilobytes: roomy, "plan", "generate", "--model", "tiny", "--json")
    let report = try JSONDecoder().decode(Report.self, from: plan.output)
    #expect(report.available_bytes < roomy * 1024)
    // Room for what the program has mapped by then and a little more, less than it says it needs.
    let mapped = roomy - report.available_bytes / 1024
    // On a machine with less memory than the limit leaves, that is not known.
    guard try #require(MachineMemory.available) > roomy * 1024 else { return }
    let refused = try limited(
      kilobytes: mapped + 50_000, "generate", "--model", "tiny", "--prompt", "rain", "--output", "a.mp4")
    #expect(refused.status == 75 && refused.errors.contains("of memory and"), "\(refused.errors)")
    #expect(try place.names.isEmpty)
    // Whatever else is left, it is enough, or that is said before anything crashes.
    for more in [-150_000, 150_000, 250_000, 350_000] {
      let outcome = try limited(
        kilobytes: mapped + more, "generate", "--model", "tiny", "--prompt", "rain", "--output", "a.mp4")
      #expect(outcome.status == 0 || outcome.status == 75, "\(more): \(outcome.status) \(outcome.errors)")
      #expect(try place.names == (outcome.status == 0 ? ["a.mp4"] : []))
      try? FileManager.default.removeItem(at: place.file("a.mp4"))
    }
  }

  @Test(arguments: ["transformer", "video-vae", "audio-vae", "vocoder"])
  func `the training of each part is planned`(part: String) async throws {
    let root = Self.root
    let result = try await place.program(
      "plan", "train", root.appending(path: "Configs/train/tiny-\(part).json").path, "--model",
      root.appending(path: "Configs/uniform-tiny").path, "--memory", "24", "--json")
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let plan = try #require(report["plan"] as? [String: Any])
    for key in [
      "parameter_bytes", "gradient_bytes", "optimizer_bytes", "activation_bytes", "checkpoint_bytes",
    ] {
      #expect(try #require(plan[key] as? Int) > 0, "\(key)")
    }
    #expect(try #require(report["peak_bytes"] as? Int) > 100_000_000)
    let refused = try await place.program(
      "plan", "train", root.appending(path: "Configs/train/tiny-\(part).json").path, "--model",
      root.appending(path: "Configs/uniform-tiny").path, "--memory", "0.1")
    #expect(refused.status == 75 && refused.errors.contains("training of the \(part)"), "\(refused.errors)")
  }

  @Test(arguments: [("cuda", "bfloat16"), ("mps", "float32")])
  func `training is planned in the numbers of the device that will train`(device: String, dtype: String)
    async throws
  {
    let result = try await place.program(
      "plan", "train", Self.root.appending(path: "Configs/train/tiny-transformer.json").path, "--model",
      Self.root.appending(path: "Configs/uniform-tiny").path, "--memory", "24", "--json", "--set",
      "device=\(device)")
    #expect(result.status == 0, "\(result.errors)")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect((report["plan"] as? [String: Any])?["dtype"] as? String == dtype)
  }

  @Test func `all checkpoints that are kept are planned, and the weights under adapters`() async throws {
    func plan(_ settings: String...) async throws -> (plan: [String: Any], disk: Int) {
      let result = try await place.program.run(
        [
          "plan", "train", Self.root.appending(path: "Configs/train/tiny-transformer.json").path, "--model",
          Self.root.appending(path: "Configs/uniform-tiny").path, "--memory", "24", "--json", "--set",
          "recipe.train_text_encoder=false",
        ] + settings.flatMap { ["--set", $0] })
      #expect(result.status == 0, "\(result.errors)")
      let report = try #require(
        try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
      return (try #require(report["plan"] as? [String: Any]), try #require(report["disk_bytes"] as? Int))
    }
    let (one, oneDisk) = try await plan("optimization.steps=900")
    #expect(one["checkpoints"] as? Int == 1)
    // Steps 8000, 9000 and 10000, every fourth one, and the last, which is being written.
    let (many, manyDisk) = try await plan("optimization.steps=11000", "checkpoints.milestone_every=4000")
    #expect(many["checkpoints"] as? Int == 5)
    let bytes = try #require(one["checkpoint_bytes"] as? Int)
    #expect(manyDisk - oneDisk == 4 * bytes)
    let (adapted, _) = try await plan("recipe.lora.rank=2")
    let (all, few) = (
      try #require(one["parameter_bytes"] as? Int), try #require(adapted["parameter_bytes"] as? Int)
    )
    #expect(few > all, "the weights are there, and the adapters beside them")
    #expect(try #require(adapted["checkpoint_bytes"] as? Int) < bytes / 10)
  }

  @Test(arguments: ["picture", "sound"]) func `the training of judges is planned`(sense: String) async throws
  {
    let plan = try await place.program(
      "plan", "train", Self.root.appending(path: "Configs/train/judge-\(sense).json").path, "--memory", "24")
    #expect(plan.status == 0 && plan.output.contains("all memory"), "\(plan.errors)")
  }

  @Test func `an untrained model is made from configurations and generates`() async throws {
    let tiny = Workplace.models.appending(path: "tiny").path
    let made = try await place.program(
      "import", "--untrained", tiny, "--output", "fresh", "--dtype", "bfloat16", "--quiet")
    #expect(made.status == 0 && made.errors == "", "\(made.errors)")
    let clip = try await place.program(
      "generate", "--model", "./fresh", "--prompt", "rain", "--output", "a.mp4", "--quiet")
    #expect(clip.status == 0 && clip.errors == "", "\(clip.errors)")
    let again = try await place.program("import", "--untrained", tiny, "--output", "fresh")
    #expect(again.status == 73 && again.errorLines.count == 1, "\(again.errors)")
    let lacking = try await place.program("import", "--untrained", Self.large, "--output", "large")
    #expect(lacking.status == 66 && lacking.errors.contains("--tokenizer"), "\(lacking.errors)")
  }
}

extension Array {
  fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result]
  {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}

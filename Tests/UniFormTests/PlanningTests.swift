import Foundation
import Testing
import Torch

@testable import UniForm

@Suite struct PlanningTests {
  let folder: TemporaryFolder
  let model: ModelDirectory

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.url)
    model = try ModelDirectory(folder.url)
  }

  // MARK: Tensors without elements

  @Test func `a dry run counts what tensors would take, and what they would cost`() throws {
    let work = try DryRun.measure {
      let x = Tensor.empty([100, 50], device: .outline)
      let y = x.linear(Tensor.empty([20, 50], device: .outline))
      #expect(y.shape == [100, 20])
    }
    #expect(work.peakBytes == 4 * (100 * 50 + 20 * 50 + 100 * 20))
    #expect(work.lastingBytes == 0 && work.movedBytes == work.peakBytes)
    #expect(work.operations.products == 2 * 100 * 50 * 20)
  }

  @Test func `an operator that cannot be outlined is an error, not the end`() {
    #expect(throws: TorchError.self) {
      try DryRun.measure { _ = Tensor.empty([4], device: .outline).maximum }
    }
  }

  @Test(arguments: [DType.float32, .bfloat16], [true, false])
  func `every network can be outlined`(dtype: DType, hasPrompt: Bool) throws {
    for task in GenerationTask.allCases {
      var planned = PlannedGeneration(model, dtype: dtype, threads: 2)
      (planned.task, planned.hasPrompt) = (task, hasPrompt)
      let plan = try GenerationPlan(model, planned, processBytes: 0)
      #expect(plan.stages.allSatisfy { $0.weightBytes > 0 && $0.workingBytes > 0 })
      #expect(plan.stages.contains { $0.name == .textEncoder } == hasPrompt)
      #expect(plan.seconds == nil)
    }
  }

  @Test func `a larger picture takes more, for the same weights`() throws {
    var planned = PlannedGeneration(model, dtype: .float32, threads: 1)
    let small = try GenerationPlan(model, planned, processBytes: 0)
    (planned.geometry.width, planned.geometry.height) = (64, 64)
    let large = try GenerationPlan(model, planned, processBytes: 0)
    for (a, b) in zip(small.stages, large.stages) {
      #expect(a.weightBytes == b.weightBytes)
      let grows = a.name == .denoiser || a.name == .videoDecoder
      #expect(grows ? b.workingBytes > a.workingBytes : b.workingBytes == a.workingBytes, "\(a.name)")
    }
  }

  @Test func `the largest stage decides, or all that stays loaded`() throws {
    let plan = try GenerationPlan(model, PlannedGeneration(model, dtype: .float32), processBytes: 1000)
    let (one, all) = (plan.peakBytes(.oneByOne), plan.peakBytes(.together))
    #expect(one < all)
    #expect(plan.staging(clips: 1, available: all) == .oneByOne)
    #expect(plan.staging(clips: 2, available: all) == .together)
    #expect(plan.staging(clips: 2, available: all - 1) == .oneByOne)
    #expect(plan.staging(clips: 1, available: one - 1) == nil)
  }

  // MARK: Clips in stages

  @Test func `clips in stages are those that are made one after another`() throws {
    let requests = [
      GenerationRequest(prompt: "rain on a roof", seconds: 1, seed: 3),
      GenerationRequest(prompt: "a bell", condition: .video(TinyModel.frames()), seconds: 1, seed: 4),
      GenerationRequest(condition: .audio(TinyModel.sound()), seconds: 1, seed: 5),
    ]
    func clips(keepsLoaded: Bool) throws -> (clips: [GeneratedClip], stages: [String]) {
      let pipeline = try UniFormPipeline(model, dtype: .float32, keepsLoaded: keepsLoaded)
      var clips: [GeneratedClip] = []
      var stages: [String] = []
      try pipeline.generate(
        requests,
        progress: {
          let stage = "\($0.stage.rawValue) \($0.clip)"
          if stages.last != stage { stages.append(stage) }
          return true
        },
        finished: { index, clip in
          #expect(index == clips.count)
          clips.append(clip)
        })
      return (clips, stages)
    }
    let (kept, staged) = (try clips(keepsLoaded: true), try clips(keepsLoaded: false))
    for (a, b) in zip(kept.clips, staged.clips) { #expect(a.video == b.video && a.audio == b.audio) }
    #expect(staged.clips.count == 3 && kept.stages != staged.stages)
    let denoising = staged.stages.filter { $0.hasPrefix("denoising") }
    let first = try #require(staged.stages.firstIndex(of: "denoising 0"))
    #expect(Array(staged.stages[first..<first + 3]) == denoising)
  }

  @Test func `a broken file is known before the denoising, whatever is kept`() throws {
    let file = try model.weightsURL(.vocoder)
    let weights = try SafeTensors(contentsOf: file)
    let tensors = try weights.entries.keys.sorted().dropFirst().map { ($0, try weights.tensor($0)) }
    try SafeTensors.write(tensors, to: file)
    let pipeline = try UniFormPipeline(model, keepsLoaded: false)
    var stages: Set<GenerationProgress.Stage> = []
    #expect(throws: WeightError.self) {
      _ = try pipeline.generate(GenerationRequest(prompt: "rain")) {
        stages.insert($0.stage); return true
      }
    }
    #expect(stages.isEmpty)
  }

  // MARK: Memory there is

  @Test func `the limit of a control group counts, without what is only cached`() throws {
    let root = folder.url
    func write(_ text: String, _ path: String) throws {
      let file = root.appending(path: path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    #expect(MachineMemory.available(root: root) == nil)
    try write("MemTotal: 9000 kB\nMemAvailable:   8000 kB\n", "proc/meminfo")
    #expect(MachineMemory.available(root: root) == 8000 * 1024)
    try write("0::/a/b\n", "proc/self/cgroup")
    try write("max\n", "sys/fs/cgroup/a/b/memory.max")
    try write("5000000\n", "sys/fs/cgroup/a/memory.max")
    try write("4000000\n", "sys/fs/cgroup/a/memory.current")
    try write("anon 1\ninactive_file 500000\n", "sys/fs/cgroup/a/memory.stat")
    #expect(MachineMemory.available(root: root) == 1_500_000)
    try write("3:cpu,memory:/c\n", "proc/self/cgroup")
    try write("700000\n", "sys/fs/cgroup/memory/c/memory.limit_in_bytes")
    try write("100000\n", "sys/fs/cgroup/memory/c/memory.usage_in_bytes")
    #expect(MachineMemory.available(root: root) == 600_000)
  }

  @Test func `this process has memory, and less than the machine`() throws {
    guard FileManager.default.fileExists(atPath: "/proc/self/status") else { return }
    let (now, peak) = try #require(MachineMemory.resident)
    #expect(now > 10_000_000 && peak >= now)
    #expect(try #require(MachineMemory.available) > 0)
  }
}

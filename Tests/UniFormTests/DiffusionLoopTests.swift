import Testing
import Torch
import UniForm

private let shapes = PerModality(video: [4, 3, 2, 2], audio: [8, 15, 2])

@Suite struct DiffusionNoiseTests {
  @Test func aClipsNoiseDependsOnItsSeedAlone() {
    let alone = NoiseSource(shapes: shapes, seeds: [7])
    let among = NoiseSource(shapes: shapes, seeds: [3, 7, 11])
    for _ in 0..<3 {
      let (a, b) = (alone.next(), among.next())
      #expect(b.video.shape == [3, 4, 3, 2, 2] && b.audio.shape == [3, 8, 15, 2])
      #expect(a.video.floats == b.clips(1..<2).video.floats)
      #expect(a.audio.floats == b.clips(1..<2).audio.floats)
    }
  }

  @Test func seedsAndDrawsDiffer() {
    let source = NoiseSource(shapes: shapes, seeds: [1, 2])
    let (first, second) = (source.next(), source.next())
    #expect(first.video.floats != second.video.floats)
    #expect(first.clips(0..<1).audio.floats != first.clips(1..<2).audio.floats)
    #expect(AVLatents.noise(shapes: shapes, seeds: [1, 2]).video.floats == first.video.floats)
  }

  @Test func theNoiseIsStandardNormal() {
    let noise = AVLatents.noise(
      shapes: PerModality(video: [4, 20, 32, 32], audio: [8, 100, 16]), seeds: [5])
    for tensor in [noise.video, noise.audio] {
      #expect(abs(tensor.mean.item) < 0.03 && abs(tensor.variance([0, 1, 2]).mean.item - 1) < 0.05)
    }
  }
}

@Suite struct DiffusionGuidanceTests {
  /// Two halves of one clip each, filled with these values.
  private func output(_ text: Double, _ null: Double) -> AVLatents {
    func filled(_ shape: [Int]) -> Tensor {
      .concatenate([.full([1] + shape, text), .full([1] + shape, null)], axis: 0)
    }
    return AVLatents(video: filled(shapes.video), audio: filled(shapes.audio))
  }

  @Test func thePredictionMovesAlongTheDifferenceAndTheVarianceStays() throws {
    let guidance = try #require(ClassifierFreeGuidance(scale: 5, hasText: true))
    let combined = guidance.combine(
      ModelOutput(prediction: output(3, 1), varianceLogits: output(0.25, -0.5)))
    for modality in Modality.allCases {
      #expect(combined.prediction[modality].floats.allSatisfy { $0 == 11 })
      #expect(combined.varianceLogits?[modality].floats.allSatisfy { $0 == 0.25 } == true)
      #expect(combined.prediction[modality].shape == [1] + shapes[modality])
    }
  }

  @Test func scaleZeroIsThePredictionWithoutText() throws {
    let guidance = try #require(ClassifierFreeGuidance(scale: 0, hasText: true))
    #expect(guidance.combine(ModelOutput(prediction: output(3, 1))).prediction.video.floats[0] == 1)
  }

  @Test func aSinglePassSufficesWithoutTextOrAtScaleOne() {
    #expect(ClassifierFreeGuidance(scale: 1, hasText: true) == nil)
    #expect(ClassifierFreeGuidance(scale: 5, hasText: false) == nil)
  }
}

@Suite struct DiffusionLoopTests {
  private func loop(
    _ plan: NoisePlan = NoisePlan(task: .t2av), _ sampler: Sampler = .ddpm, steps: Int = 6,
    guidance: ClassifierFreeGuidance? = nil
  ) throws -> DenoisingLoop {
    let objective: Objective = [.euler, .heun].contains(sampler) ? .velocity : .epsilon
    return DenoisingLoop(
      plan: plan,
      scheduler: try DiffusionConfiguration(objective: objective).scheduler(sampler, steps: steps),
      guidance: guidance)
  }

  /// Each modality's prediction depends on both, as in the real network.
  private func network(_ input: AVLatents, _ timesteps: TokenTimesteps) -> ModelOutput {
    let hint = AVLatents(
      video: input.audio.mean([1, 2, 3]).reshaped(-1, 1, 1, 1, 1),
      audio: input.video.mean([1, 2, 3, 4]).reshaped(-1, 1, 1, 1))
    return ModelOutput(
      prediction: (0.3 * input).zip(hint, +), varianceLogits: input.map { 0.2 * $0.clamp(min: -1, max: 1) })
  }

  @Test(arguments: Sampler.allCases)
  func aClipIsTheSameAloneAndInABatch(sampler: Sampler) throws {
    let loop = try loop(NoisePlan(task: .t2av), sampler)
    let alone = try loop(noise: NoiseSource(shapes: shapes, seeds: [7]), model: network)
    let among = try loop(noise: NoiseSource(shapes: shapes, seeds: [3, 7, 11]), model: network)
    for modality in Modality.allCases {
      let difference = Difference(among.clips(1..<2)[modality], alone[modality])
      #expect(difference.relative < 1e-4 || difference.absolute < 1e-5, "\(difference)")
    }
  }

  @Test(arguments: [GenerationTask.a2v, .v2a], Sampler.allCases)
  func theConditionReachesEveryCallAndTheResultBitForBit(task: GenerationTask, sampler: Sampler) throws {
    let condition = AVLatents.noise(shapes: shapes, seeds: [100, 101])
    let given = try #require(task.condition)
    var latents = PerModality<Tensor?>(video: nil, audio: nil)
    latents[given] = condition[given]
    let result = try loop(NoisePlan(task: task), sampler)(
      noise: NoiseSource(shapes: shapes, seeds: [1, 2]), condition: latents
    ) { input, timesteps in
      #expect(input[given].floats == condition[given].floats)
      #expect((given == .video ? timesteps.video : timesteps.audio).floats == [0, 0])
      // Nonsense on the condition's side must not matter.
      var output = network(input, timesteps)
      output.prediction[given] = output.prediction[given] * Double.nan
      return output
    }
    #expect(result[given].floats == condition[given].floats)
    #expect(result[task.generated[0]].isFinite.allTrue)
  }

  @Test func aClipsNoiseIsTheSameInEveryTask() throws {
    // Without any tie between the modalities, the video must not notice that the sound is given.
    func video(_ plan: NoisePlan) throws -> [Float] {
      try loop(plan)(noise: NoiseSource(shapes: shapes, seeds: [1, 2])) { input, timesteps in
        toyNetwork(input, at: Double(timesteps.video.floats[0]))
      }.video.floats
    }
    #expect(try video(NoisePlan(task: .t2av)) == video(NoisePlan(task: .t2v)))
  }

  @Test func guidanceRunsTheNetworkOnceOnBothHalves() throws {
    let guidance = try #require(ClassifierFreeGuidance(scale: 3, hasText: true))
    var calls = 0
    let guided = try loop(.init(task: .t2av), .ddim, guidance: guidance)(
      noise: NoiseSource(shapes: shapes, seeds: [1, 2])
    ) { input, timesteps in
      calls += 1
      #expect(input.batchSize == 4 && timesteps.video.shape == [4])
      #expect(input.clips(0..<2).video.floats == input.clips(2..<4).video.floats)
      return network(input, timesteps)
    }
    #expect(calls == 6)
    // Both halves answer alike here, so guidance changes nothing.
    let plain = try loop(.init(task: .t2av), .ddim)(
      noise: NoiseSource(shapes: shapes, seeds: [1, 2]), model: network)
    #expect(Difference(guided.video, plain.video).absolute < 1e-4)
  }

  @Test(arguments: [(scale: 1.0, passes: 2), (scale: 3, passes: 3)])
  func theConditionIsGuidedAgainstItsNegative(scale: Double, passes: Int) throws {
    let guidance = try #require(
      ClassifierFreeGuidance(scale: scale, hasText: true, conditionScale: 2, hasCondition: true))
    #expect(guidance.passes == passes)
    let condition = AVLatents.noise(shapes: shapes, seeds: [100]).video
    let negative = AVLatents.noise(shapes: shapes, seeds: [101]).video
    let result = try loop(.init(task: .v2a), .ddim, guidance: guidance)(
      noise: NoiseSource(shapes: shapes, seeds: [1]), condition: PerModality(video: condition, audio: nil),
      negative: PerModality(video: negative, audio: nil)
    ) { input, timesteps in
      #expect(input.batchSize == passes && timesteps.video.floats.allSatisfy { $0 == 0 })
      for pass in 0..<passes {
        let shown = input.clips(pass..<pass + 1)
        #expect(shown.video.floats == (pass == passes - 1 ? negative : condition).floats)
        #expect(shown.audio.floats == input.clips(0..<1).audio.floats)
      }
      return network(input, timesteps)
    }
    #expect(result.video.floats == condition.floats && result.audio.isFinite.allTrue)
    #expect(throws: DiffusionError.missingCondition(.video, .v2a)) {
      try loop(.init(task: .v2a), .ddim, guidance: guidance)(
        noise: NoiseSource(shapes: shapes, seeds: [1]), condition: PerModality(video: condition, audio: nil),
        model: network)
    }
  }

  @Test func bothGuidancesAddTheirDifferences() throws {
    let guidance = try #require(
      ClassifierFreeGuidance(scale: 5, hasText: true, conditionScale: 3, hasCondition: true))
    func row(_ value: Double) -> AVLatents {
      AVLatents.noise(shapes: shapes, seeds: [1]).map { $0 * 0 + value }
    }
    // Negative 1, condition 2, text and condition 4: 1 + 3·(2 − 1) + 5·(4 − 2).
    let output = guidance.combine(ModelOutput(prediction: .concatenate([row(4), row(2), row(1)])))
    #expect(output.prediction.video.floats.allSatisfy { $0 == 14 })
    #expect(ClassifierFreeGuidance(scale: 1, hasText: true, conditionScale: 3, hasCondition: false) == nil)
  }

  @Test func aNetworkOfLowerPrecisionLeavesTheStateInFullPrecision() throws {
    let result = try loop()(noise: NoiseSource(shapes: shapes, seeds: [1])) { input, timesteps in
      #expect(input.video.dtype == .float32)
      return network(input, timesteps).map { $0.to(.bfloat16) }
    }
    #expect(result.video.dtype == .float32 && result.audio.dtype == .float32)
  }

  @Test func progressCountsEvaluationsAndCanStop() throws {
    var seen: [DenoisingLoop.Progress] = []
    _ = try loop(.init(task: .t2av), .heun, steps: 3)(
      noise: NoiseSource(shapes: shapes, seeds: [1]),
      progress: {
        seen.append($0)
        return true
      }, model: network)
    #expect(seen.map(\.completed) == Array(0...5) && seen.allSatisfy { $0.total == 5 })
    var calls = 0
    #expect(throws: CancellationError.self) {
      try loop()(noise: NoiseSource(shapes: shapes, seeds: [1]), progress: { $0.completed < 2 }) {
        calls += 1
        return network($0, $1)
      }
    }
    #expect(calls == 2)
  }

  @Test func aMissingOrMisshapenConditionIsRefused() throws {
    let loop = try loop(NoisePlan(task: .v2a))
    let source = NoiseSource(shapes: shapes, seeds: [1])
    #expect(throws: DiffusionError.missingCondition(.video, .v2a)) { try loop(noise: source, model: network) }
    #expect(throws: DiffusionError.conditionShape(.video, [1, 4, 2, 2, 2], expected: [1, 4, 3, 2, 2])) {
      try loop(
        noise: source, condition: PerModality(video: .zeros([1, 4, 2, 2, 2]), audio: nil), model: network)
    }
  }

  @Test func generationRecordsNothingForABackwardPass() throws {
    let weight = Tensor(Float(0.3)).requireGradient()
    let result = try loop()(noise: NoiseSource(shapes: shapes, seeds: [1])) { input, _ in
      ModelOutput(prediction: input.map { $0 * weight }, varianceLogits: input)
    }
    #expect(!result.video.requiresGradient)
  }
}

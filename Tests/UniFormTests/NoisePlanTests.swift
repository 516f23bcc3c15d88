import Testing
import Torch
import UniForm

@Suite struct NoisePlanTests {
  let clean = AVLatents(
    video: GoldenFill.input("clean.video", [2, 4, 3, 2, 2]),
    audio: GoldenFill.input("clean.audio", [2, 8, 15, 2]))
  let noise = AVLatents(
    video: GoldenFill.input("noise.video", [2, 4, 3, 2, 2]),
    audio: GoldenFill.input("noise.audio", [2, 8, 15, 2]))
  let process = GaussianDiffusion(schedule: .linear())
  let timesteps = [100.0, 900]

  @Test func theTasksAreNumberedAsInCheckpoints() {
    #expect(GenerationTask.allCases.map(\.id) == [0, 1, 2, 2, 1])
    #expect(GenerationTask.allCases.map(\.rawValue) == ["t2av", "a2v", "v2a", "t2a", "t2v"])
  }

  @Test(arguments: [
    (GenerationTask.t2av, true, true, nil as Modality?), (.a2v, true, false, .audio),
    (.v2a, false, true, .video),
  ])
  func eachTaskGeneratesWhatItsNameSays(
    task: GenerationTask, video: Bool, audio: Bool, condition: Modality?
  ) {
    let plan = NoisePlan(task: task)
    #expect(plan.isGenerated(.video) == video && plan.isGenerated(.audio) == audio)
    #expect(task.condition == condition)
    let told = plan.tokenTimesteps(timesteps)
    #expect(told.video.floats == (video ? [100, 900] : [0, 0]))
    #expect(told.audio.floats == (audio ? [100, 900] : [0, 0]))
    let input = plan.apply(to: clean, noise: noise, timesteps: timesteps, process: process)
    for (modality, generated) in [(Modality.video, video), (.audio, audio)] {
      let noised = process.addNoise(noise[modality], to: clean[modality], at: timesteps)
      #expect(input[modality].floats == (generated ? noised : clean[modality]).floats)
    }
  }

  @Test func aSharedTimestepIsSeenByTheConditionToo() {
    let told = NoisePlan(task: .v2a, conditionTimestep: .shared).tokenTimesteps(timesteps)
    #expect(told.video.floats == [100, 900] && told.audio.floats == [100, 900])
  }

  @Test func aScaledConditionIsEquationFourWithoutNoise() {
    let plan = NoisePlan(task: .v2a, conditionNoise: .scaledOnly)
    let input = plan.apply(to: clean, noise: noise, timesteps: timesteps, process: process)
    for (clip, step) in [100, 900].enumerated() {
      let scale = process.schedule.alphasCumulativeProduct[step].squareRoot()
      let expected = clean.video.selected(0, clip) * scale
      #expect(Difference(input.video.selected(0, clip), expected).absolute < 1e-6)
      // Sampling shows the network the same.
      let sampled = plan.networkInput(clean, signalScale: scale)
      #expect(Difference(sampled.video.selected(0, clip), expected).absolute < 1e-6)
      #expect(sampled.audio.floats == clean.audio.floats)
    }
  }

  @Test(arguments: [(GenerationTask.t2a, Modality.audio), (.t2v, .video)])
  func oneModalityAloneShowsZerosInPlaceOfTheOther(task: GenerationTask, generated: Modality) {
    let plan = NoisePlan(task: task)
    let other: Modality = generated == .video ? .audio : .video
    #expect(plan.isGenerated(generated) && !plan.isGenerated(other) && task.condition == nil)
    let input = plan.apply(to: clean, noise: noise, timesteps: timesteps, process: process)
    #expect(input[other].abs.maximum.item == 0)
    let state = plan.writeBack(PerModality(video: clean.video, audio: clean.audio), into: noise)
    #expect(state[other].abs.maximum.item == 0)
    #expect(state[generated].floats == noise[generated].floats)
  }

  @Test func writingBackReplacesTheConditionAlone() {
    let given = PerModality<Tensor?>(video: clean.video, audio: clean.audio)
    let audio = NoisePlan(task: .v2a).writeBack(given, into: noise)
    #expect(audio.video.floats == clean.video.floats && audio.audio.floats == noise.audio.floats)
    let both = NoisePlan(task: .t2av).writeBack(given, into: noise)
    #expect(both.video.floats == noise.video.floats && both.audio.floats == noise.audio.floats)
  }

  /// A prediction that is off by 1 in video and by 2 in audio.
  private var offPrediction: ModelOutput {
    ModelOutput(prediction: AVLatents(video: noise.video + 1, audio: noise.audio + 2))
  }

  @Test(arguments: [(GenerationTask.t2av, 5.0), (.a2v, 1), (.v2a, 4), (.t2a, 4), (.t2v, 1)])
  func onlyGeneratedModalitiesCountInTheLossEachByItsMean(task: GenerationTask, expected: Double) {
    let loss = process.loss(
      of: offPrediction, clean: clean, noise: noise, timesteps: timesteps, plan: NoisePlan(task: task))
    #expect(Set(loss.terms.keys) == Set(task.generated))
    expectValues(loss.perClip, [expected, expected], tolerance: 1e-5)
    #expect(abs(loss.mean.item - expected) < 1e-5)
  }

  @Test func theWeightMultipliesEachClip() {
    let weighted = GaussianDiffusion(schedule: .linear(), weighting: .minSNR(5))
    let loss = weighted.loss(
      of: offPrediction, clean: clean, noise: noise, timesteps: timesteps, plan: NoisePlan(task: .a2v))
    expectValues(loss.perClip, [0.585709, 1], tolerance: 1e-5)
  }

  @Test func theConditionsPredictionGetsNoGradient() {
    let prediction = offPrediction.prediction
    prediction.video.requireGradient()
    prediction.audio.requireGradient()
    let loss = process.loss(
      of: ModelOutput(prediction: prediction), clean: clean, noise: noise, timesteps: timesteps,
      plan: NoisePlan(task: .v2a))
    let slopes = gradients(of: loss.mean, in: [prediction.video, prediction.audio])
    #expect(slopes[0] == nil && slopes[1] != nil)
  }
}

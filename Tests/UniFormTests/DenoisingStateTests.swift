import Foundation
import Media
import Testing
import Torch

@testable import UniForm

@Suite struct DenoisingStateTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func pipeline(_ objective: Objective) throws -> UniFormPipeline {
    let place = folder.url.appending(path: objective.rawValue)
    var model = TinyModel()
    model.diffusion = DiffusionConfiguration(objective: objective)
    model.transformer.predictsVariance = objective == .epsilon
    try model.write(to: place)
    return try UniFormPipeline(ModelDirectory(place), dtype: .float32)
  }

  @Test(
    "a clip that goes on from a saved state is the same, bit for bit",
    arguments: [
      (Objective.epsilon, Sampler.ddpm), (.epsilon, .ddim), (.epsilon, .dpmSolver), (.velocity, .euler),
      (.velocity, .heun),
    ])
  func goesOn(objective: Objective, sampler: Sampler) throws {
    let pipeline = try pipeline(objective)
    let request = GenerationRequest(
      prompt: "rain on a tin roof", condition: .audio(TinyModel.sound()), steps: 6, guidanceScale: 3,
      sampler: sampler, seed: 3)
    let file = folder.url.appending(path: "state.safetensors")
    let whole = try pipeline.generate(
      request,
      observer: DenoisingObserver { moment in
        if moment.state.completed == 3 { try moment.state.write(to: file, key: "mine") }
      })
    // As in another process.
    pipeline.unload()
    let state = try #require(DenoisingState(contentsOf: file, key: "mine"))
    #expect(state.completed == 3)
    var seen: [Int] = []
    let rest = try pipeline.generate(
      request, observer: DenoisingObserver(beginning: state) { seen.append($0.state.completed) })
    #expect(rest.video == whole.video && rest.mel == whole.mel)
    let evaluations = sampler == .heun ? 11 : 6
    #expect(seen == Array(4..<evaluations))
    #expect(try pipeline.generate(request)[0].video == whole.video)
  }

  @Test("the estimate of the clean clip ends in the clip, and shows the condition as given")
  func estimates() throws {
    let pipeline = try pipeline(.velocity)
    let request = GenerationRequest(condition: .video(TinyModel.frames()), steps: 4)
    var estimates: [AVLatents] = []
    _ = try pipeline.generate(request, observer: DenoisingObserver { estimates.append($0.estimate) })
    let latents = try pipeline.latents(request)
    #expect(estimates.count == 3)
    #expect(estimates.allSatisfy { $0.video.floats == latents.video.floats })
    let distances = estimates.map { ($0.audio - latents.audio).squared.mean.item }
    #expect(distances.allSatisfy(\.isFinite) && distances[2] < distances[0])
    let preview = try pipeline.preview(of: estimates[2], request)
    #expect(preview.frames == nil && preview.spectrogram?.binCount == 64)
  }

  @Test("a state of another clip, a damaged one and one that is not there begin anew")
  func otherStates() throws {
    let file = folder.url.appending(path: "state.safetensors")
    let noise = AVLatents.noise(
      shapes: PerModality(video: [4, 5, 4, 4], audio: [8, 25, 16]), seeds: [1])
    try DenoisingState(completed: 2, latents: noise, memory: [noise], draws: 1).write(to: file, key: "a")
    #expect(DenoisingState(contentsOf: file, key: "a")?.memory.count == 1)
    #expect(DenoisingState(contentsOf: file, key: "b") == nil)
    let bytes = try Data(contentsOf: file)
    try bytes.prefix(bytes.count / 2).write(to: file)
    #expect(DenoisingState(contentsOf: file, key: "a") == nil)
    #expect(DenoisingState(contentsOf: folder.url.appending(path: "none"), key: "a") == nil)
  }

  @Test("a state of other steps or shapes is refused by the loop")
  func refusals() throws {
    let pipeline = try pipeline(.velocity)
    let request = GenerationRequest(prompt: "rain", steps: 4)
    var state: DenoisingState?
    _ = try pipeline.generate(request, observer: DenoisingObserver { state = $0.state })
    let last = try #require(state)
    let late = DenoisingState(completed: 4, latents: last.latents, memory: [], draws: 1)
    #expect(throws: DiffusionError.stateOfAnotherSchedule(completed: 4, of: 4)) {
      try pipeline.generate(request, observer: DenoisingObserver(beginning: late) { _ in })
    }
    let wrong = DenoisingState(
      completed: 1, latents: last.latents.map { $0.narrowed(1, start: 0, length: 1) }, memory: [], draws: 1)
    #expect(throws: DiffusionError.self) {
      try pipeline.generate(request, observer: DenoisingObserver(beginning: wrong) { _ in })
    }
  }
}

import Foundation
import Media
import Torch
import UniForm
import UniFormTraining

/// What a training run is asked to generate now and then: the same requests each time, so that their progress can be
/// seen and heard.
struct TrainingSamples {
  struct Request: Sendable {
    /// The beginning of the names of its files.
    let name: String
    let job: GenerationJob
    let request: GenerationRequest
  }

  private let requests: [Request]
  private let every: Int
  private let folder: URL?
  private let model: String
  private let pipeline: UniFormPipeline?

  init(
    _ job: TrainingJob<TransformerRecipe>, _ trainer: TransformerTrainer, _ requests: [Request]
  ) throws {
    self.requests = requests
    every = job.configuration.recipe.samples.every
    folder = job.run?.samplesURL
    model = job.directory.name
    guard every > 0, let folder else {
      pipeline = nil
      return
    }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let pipeline = try UniFormPipeline(
      job.directory, device: job.device, dtype: job.configuration.optimization.activationType(on: job.device))
    pipeline.use(transformer: trainer.networks.transformer, textEncoder: trainer.networks.textEncoder)
    self.pipeline = pipeline
  }

  /// Reads the conditions, before anything long begins.
  static func requests(_ configuration: TrainingConfiguration<TransformerRecipe>) async throws -> [Request] {
    let samples = configuration.recipe.samples
    guard samples.every > 0 else { return [] }
    let directory = try ModelDirectory(URL(filePath: configuration.model), isTrained: false)
    let geometry = directory.geometry
    let output = try ClipOutput("sample.mp4")
    var result: [Request] = []
    func add(_ job: GenerationJob, _ name: String, _ condition: GenerationRequest.Condition) {
      let number = result.count + 1
      result.append(
        Request(
          name: "\(number)-\(name)", job: job,
          request: GenerationRequest(
            prompt: job.prompt, condition: condition, steps: samples.steps > 0 ? samples.steps : nil,
            seed: job.seed)))
    }
    for prompt in samples.prompts {
      add(GenerationJob(prompt: prompt, seed: samples.seed, output: output), "t2av", .none)
    }
    for path in samples.videos {
      let frames = try await VideoReader.read(
        URL(filePath: path), seconds: geometry.seconds, frameRate: Double(geometry.frameRate),
        width: geometry.width, height: geometry.height)
      add(
        GenerationJob(video: URL(filePath: path), seed: samples.seed, output: output), "v2a", .video(frames))
    }
    for path in samples.sounds {
      let sound = try await AudioReader.read(
        URL(filePath: path), seconds: geometry.seconds, sampleRate: geometry.sampleRate)
      add(GenerationJob(audio: URL(filePath: path), seed: samples.seed, output: output), "a2v", .audio(sound))
    }
    return result
  }

  /// Generates, where it is time; every process calls it, and the first one does it.
  func make(after loop: TrainingLoop) throws {
    guard every > 0, loop.step % every == 0 else { return }
    try loop.withAverages {
      guard let pipeline, let folder else { return }
      for item in requests {
        let name = "step-\(String(format: "%09d", loop.step))-\(item.name)"
        for clip in try pipeline.generate(item.request) {
          let sheet = Sheet(
            clip.video ?? item.request.frames, of: clip, job: item.job, model: "\(model), step \(loop.step)")
          let job = item.job
          try TrainingThread.wait {
            try await sheet.write(to: folder.appending(path: "\(name).png"))
            try await MediaWriter.write(
              picture: job.video.map { .original($0, start: 0) } ?? clip.video.map { .frames($0) },
              sound: job.audio.map { .original($0, start: 0) } ?? clip.audio.map { .waveform($0) },
              seconds: clip.settings.seconds, to: folder.appending(path: "\(name).mp4"))
          }
        }
      }
    }
  }
}

extension GenerationRequest {
  /// Given pictures, as the model sees them; none where none were given.
  fileprivate var frames: VideoFrames {
    guard case .video(let frames) = condition else {
      return VideoFrames(width: 1, height: 1, frameRate: 1, pixels: [0, 0, 0])
    }
    return frames
  }
}

import Foundation
import Scenes
import Testing
import Torch
import UniForm

@testable import UniFormTraining

/// A few steps of each trainer on a tiny model, and what is measured and written after them.
@Suite struct CodecTrainerTests {
  let folder: TemporaryFolder
  let model: ModelDirectory
  let scenes = SceneGeometry(width: 32, height: 32, frameRate: 17, seconds: 1, sampleRate: 16_000)

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.url)
    model = try ModelDirectory(folder.url)
  }

  private func log() throws -> MetricsLog { try MetricsLog(title: "test", url: nil) { _ in } }

  private var optimization: OptimizationSettings {
    var settings = OptimizationSettings()
    (settings.steps, settings.batchSize, settings.learningRate, settings.warmupSteps) = (3, 2, 1e-3, 0)
    return settings
  }

  @Test func theVideoTrainerRunsAndMeasuresItsBareCode() throws {
    var configuration = VideoVAETrainer.Configuration()
    configuration.optimization = optimization
    let frames = SceneFrames(count: 2, seed: 1, geometry: scenes)
    let trainer = try VideoVAETrainer(model: model, configuration, frames: frames, workers: 2, log: log())
    try trainer.run()
    #expect(trainer.loop.step == 3)
    let moments = trainer.latentMoments(chunks: 2)
    #expect(moments.count == 4 && moments.allSatisfy { $0.mean.isFinite && $0.deviation > 0 })
  }

  @Test func theAudioTrainerMeasuresTheSameWhateverTheDirectorySays() throws {
    var configuration = AudioVAETrainer.Configuration()
    configuration.windowFrames = 32
    configuration.optimization = optimization
    func deviation(_ model: ModelDirectory) throws -> Double {
      let sounds = SceneSounds(count: 2, seed: 1, geometry: scenes)
      let trainer = try AudioVAETrainer(model: model, configuration, sounds: sounds, workers: 1, log: log())
      try trainer.run()
      return trainer.latentDeviation(clips: 2)
    }
    let first = try deviation(model)
    var scaled = model.audioVAE
    scaled.scalingFactor = 0.3
    try scaled.json().write(to: folder.url.appending(path: "audio_vae/config.json"))
    #expect(try deviation(ModelDirectory(folder.url)) == first)
  }

  @Test func theVocoderPlaysAgainstItsDiscriminator() throws {
    var configuration = VocoderTrainer.Configuration()
    (configuration.windowFrames, configuration.adversaryFrom) = (16, 0.5)
    configuration.discriminatorChannels = 4
    configuration.optimization = optimization
    configuration.optimization.gradientClip = 100
    let sounds = SceneSounds(count: 2, seed: 1, geometry: scenes)
    let trainer = try VocoderTrainer(model: model, configuration, sounds: sounds, workers: 2, log: log())
    try trainer.run()
    #expect(trainer.loop.step == 3)
  }

  @Test func configurationsThatCannotTrainAreRefused() {
    for json in [
      #"{"optimization": {"dtype": "bf16"}}"#, #"{"optimization": {"steps": 0}}"#, #"{"clips": -1}"#,
    ] {
      #expect(throws: ConfigurationError.self) {
        _ = try VideoVAETrainer.Configuration(json: Data(json.utf8), source: "train.json")
      }
    }
  }
}

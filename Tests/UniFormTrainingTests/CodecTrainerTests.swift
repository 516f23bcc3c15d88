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

  private var optimization: OptimizationSettings {
    var settings = OptimizationSettings()
    (settings.steps, settings.batchSize, settings.learningRate, settings.warmupSteps) = (3, 2, 1e-3, 0)
    return settings
  }

  @Test func theVideoTrainerRunsAndMeasuresItsBareCode() throws {
    let frames = SceneFrames(count: 2, seed: 1, geometry: scenes)
    let trainer = try VideoVAETrainer(
      model: model, VideoVAETrainer.Recipe(), optimization: optimization, frames: frames, workers: 2,
      context: .quiet())
    try trainer.run()
    #expect(trainer.loop.step == 3)
    let moments = try trainer.latentMoments(chunks: 2)
    #expect(moments.count == 4 && moments.allSatisfy { $0.mean.isFinite && $0.deviation > 0 })
  }

  @Test func aDecoderTrainsForLatentsThatStay() throws {
    var recipe = VideoVAETrainer.Recipe()
    (recipe.decoderOnly, recipe.psnrWeight) = (true, 1)
    let frames = SceneFrames(count: 2, seed: 1, geometry: scenes)
    let trainer = try VideoVAETrainer(
      model: model, recipe, optimization: optimization, frames: frames, workers: 2, context: .quiet())
    try trainer.begin(from: model)
    let before = try model.weights(of: .videoVAE).items
    try trainer.run()
    for (name, tensor) in try trainer.loop.averagedParameters() where name != "scale" && name != "shift" {
      let old = try #require(before[name]).load().to(.float32)
      let change = (tensor - old).abs.maximum.item
      let isOfDecoder = ["decoder.", ".post_quant_conv."].contains { name.contains($0) }
      #expect((change > 0) == isOfDecoder, "\(name) changed by \(change)")
    }
  }

  /// 0.02 in −1…1 is 40 dB, and two windows that differ a hundredfold count alike.
  @Test func decibelsAreThoseOfEachWindow() throws {
    let frames = SceneFrames(count: 2, seed: 1, geometry: scenes)
    let trainer = try VideoVAETrainer(
      model: model, VideoVAETrainer.Recipe(), optimization: optimization, frames: frames, context: .quiet())
    let errors = Tensor([0.02, 0.2]).reshaped([2, 1, 1, 1, 1]).expanded([2, 3, 1, 4, 4])
    let decibels = trainer.meanSquaredErrorLogarithm(errors.squared) * -10 + 10 * log10(4)
    #expect(abs(decibels.item - 30) < 0.1)
  }

  @Test func theAudioTrainerMeasuresTheSameWhateverTheDirectorySays() throws {
    var recipe = AudioVAETrainer.Recipe()
    recipe.windowFrames = 32
    func deviation(_ model: ModelDirectory) throws -> Double {
      let sounds = SceneSounds(count: 2, seed: 1, geometry: scenes)
      let trainer = try AudioVAETrainer(
        model: model, recipe, optimization: optimization, sounds: sounds, context: .quiet())
      try trainer.run()
      return try trainer.latentDeviation(clips: 2)
    }
    let first = try deviation(model)
    var scaled = model.audioVAE
    scaled.scalingFactor = 0.3
    try scaled.json().write(to: folder.url.appending(path: "audio_vae/config.json"))
    #expect(try deviation(ModelDirectory(folder.url)) == first)
  }

  @Test(arguments: JudgeTrainer.Sense.allCases)
  func aJudgeTrainsOnTheSameClipsWhoeverShowsThem(_ sense: JudgeTrainer.Sense) throws {
    var recipe = JudgeTrainer.Recipe()
    recipe.sense = sense
    let lessons = JudgeLessons(sense, count: 3, seed: 1)
    let randomness = StepRandomness(seed: 1, step: 7)
    func batch(_ positions: Range<Int>) -> JudgeBatch { lessons.batch(positions.map(randomness.clip)) }
    let (both, second) = (batch(0..<2), batch(1..<2))
    let difference = both.clips.narrowed(0, start: 1, length: 1) - second.clips
    #expect(difference.abs.values(as: Float.self).allSatisfy { $0 < 1e-5 })
    #expect(both.classes.values(as: Int.self)[1] == second.classes.values(as: Int.self)[0])
    let trainer = try JudgeTrainer(
      recipe, optimization: optimization, lessons: lessons, workers: 2, context: .quiet())
    #expect(try trainer.run())
  }

  @Test func theVocoderHearsWhatTheAutoencoderLeaves() throws {
    var recipe = VocoderTrainer.Recipe()
    (recipe.windowFrames, recipe.adversaryFrom) = (16, 1)
    let sounds = SceneSounds(count: 2, seed: 1, geometry: scenes)
    func error(through: Bool) throws -> Double {
      recipe.throughAutoencoder = through
      let bundled = try ModelDirectory(BundledModelTests.folder)
      let trainer = try VocoderTrainer(
        model: bundled, recipe, optimization: optimization, sounds: sounds, context: .quiet())
      let real = sounds.windows(length: 16 * bundled.geometry.hopLength, [Generator(seed: 1)])
      return trainer.loss(worker: 0, real, isJudged: false).loss.item
    }
    #expect(try error(through: true) != error(through: false))
    recipe.windowFrames = 18
    #expect(throws: ConfigurationError.self) { try error(through: true) }
  }

  @Test func windowsThatNoClipHasAreRefused() throws {
    let sounds = SceneSounds(count: 2, seed: 1, geometry: scenes)
    for (frames, message) in [(401, "at most 400"), (15, "a multiple of 4 for the autoencoder")] {
      var recipe = AudioVAETrainer.Recipe()
      recipe.windowFrames = frames
      let error = #expect(throws: ConfigurationError.self) {
        _ = try AudioVAETrainer(
          model: ModelDirectory(BundledModelTests.folder), recipe, optimization: optimization, sounds: sounds,
          context: .quiet())
      }
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
    var recipe = VocoderTrainer.Recipe()
    recipe.windowFrames = 401
    #expect(throws: ConfigurationError.self) {
      _ = try VocoderTrainer(
        model: ModelDirectory(BundledModelTests.folder), recipe, optimization: optimization, sounds: sounds,
        context: .quiet())
    }
  }

  /// A flat spectrum whose log-mel is −7 everywhere has the magnitude of the floor.
  @Test func bothFloorsOfTheVocoderAreEquallyQuiet() throws {
    var recipe = VocoderTrainer.Recipe()
    #expect(recipe.magnitudeFloor(.init()) == SpectrumLoss.publishedFloor)
    recipe.melFloor = -7
    var click = [Float](repeating: 0, count: 1024)
    click[512] = Float(recipe.magnitudeFloor(.init()))
    // Centred on sample 480, whose window weighs the click by nearly 1.
    let mel = try MelSpectrogram()(Tensor(click).unsqueezed(0)).selected(1, 3)
    // A filter of few bins has an area that differs from the ideal one.
    #expect(abs(mel.mean.item + 7) < 0.1)
    recipe.melFloor = 1
    #expect(throws: ConfigurationError.self) { try recipe.validate() }
  }

  @Test func theVocoderPlaysAgainstItsDiscriminator() throws {
    var recipe = VocoderTrainer.Recipe()
    (recipe.windowFrames, recipe.adversaryFrom) = (16, 0.5)
    recipe.discriminatorChannels = 4
    var optimization = optimization
    optimization.gradientClip = 100
    let sounds = SceneSounds(count: 2, seed: 1, geometry: scenes)
    let trainer = try VocoderTrainer(
      model: model, recipe, optimization: optimization, sounds: sounds, workers: 2, context: .quiet())
    try trainer.run()
    #expect(trainer.loop.step == 3)
  }
}

import Foundation
import Scenes
import Torch
import UniForm
import UniFormTraining

/// One function per network: what it is trained on, and what becomes of the result.
extension TrainCommand {
  func trainVideoVAE(_ job: TrainingJob<VideoVAETrainer.Recipe>) throws {
    let configuration = job.configuration
    if configuration.recipe.decoderOnly && configuration.initialModel.isEmpty {
      throw CommandFailure.usage("recipe.decoder_only: needs begin_from, the model whose encoder is kept")
    }
    job.note("rendering \(configuration.recipe.clips) clips")
    let frames = SceneFrames(
      count: configuration.recipe.clips, seed: configuration.seed, geometry: job.directory.geometry.scenes)
    let trainer = try VideoVAETrainer(
      model: job.directory, configuration.recipe, optimization: configuration.optimization, frames: frames,
      workers: configuration.workers, device: job.device,
      context: job.context(["vae": VideoVAETrainer.bare(job.directory.videoVAE)]))
    guard try job.train(trainer.loop, begin: trainer.begin, trainer.run) else { return }
    // The latents get zero mean and unit variance per channel; the constants ship with the weights.
    var model = job.directory.videoVAE
    if configuration.recipe.decoderOnly {
      let begun = try ModelDirectory(URL(filePath: configuration.initialModel)).videoVAE
      (model.shift, model.scale) = (begun.shift, begun.scale)
    } else {
      let moments = try trainer.latentMoments(chunks: 64)
      model.shift = moments.map(\.mean)
      model.scale = moments.map(\.deviation)
    }
    try job.write(model, to: .videoVAE)
    let tensors = try trainer.loop.averagedParameters().map { name, tensor in
      switch name {
      case "scale": (name, Tensor(model.scale.map(Float.init), shape: tensor.shape))
      case "shift": (name, Tensor(model.shift.map(Float.init), shape: tensor.shape))
      default: (name, tensor)
      }
    }
    try job.write(tensors, as: .float16, to: .videoVAE)
  }

  func trainAudioVAE(_ job: TrainingJob<AudioVAETrainer.Recipe>) throws {
    let configuration = job.configuration
    let trainer = try AudioVAETrainer(
      model: job.directory, configuration.recipe, optimization: configuration.optimization,
      sounds: job.sounds(configuration.recipe.clips), workers: configuration.workers, device: job.device,
      context: job.context([
        "audio_vae": AudioVAETrainer.bare(job.directory.audioVAE), "mel": job.directory.mel,
      ]))
    guard try job.train(trainer.loop, begin: trainer.begin, trainer.run) else { return }
    var model = job.directory.audioVAE
    model.scalingFactor = 1 / (try trainer.latentDeviation(clips: 64))
    try job.write(model, to: .audioVAE)
    try job.write(trainer.loop.averagedParameters(), as: .float16, to: .audioVAE)
  }

  func trainVocoder(_ job: TrainingJob<VocoderTrainer.Recipe>) throws {
    let configuration = job.configuration
    let trainer = try VocoderTrainer(
      model: job.directory, configuration.recipe, optimization: configuration.optimization,
      sounds: job.sounds(configuration.recipe.clips), workers: configuration.workers, device: job.device,
      context: job.context(["vocoder": VocoderTrainer.bare(job.directory.vocoder), "mel": job.directory.mel]))
    guard try job.train(trainer.loop, begin: trainer.begin, trainer.run) else { return }
    try job.write(trainer.loop.averagedParameters(), as: .float16, to: .vocoder)
  }

  func trainJudge(_ job: TrainingJob<JudgeTrainer.Recipe>) throws {
    let (configuration, recipe) = (job.configuration, job.configuration.recipe)
    guard configuration.initialModel.isEmpty else {
      throw CommandFailure.usage("begin_from: judges begin with random numbers")
    }
    job.note("rendering \(recipe.clips) clips for the judge of \(recipe.sense.rawValue)")
    let trainer = try JudgeTrainer(
      recipe, optimization: configuration.optimization,
      lessons: JudgeLessons(recipe.sense, count: recipe.clips, seed: configuration.seed),
      workers: configuration.workers, device: job.device, context: job.context())
    guard try job.train(trainer.loop, begin: { _ in }, trainer.run) else { return }
    let folder = URL(filePath: configuration.model)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try job.write(
      trainer.loop.averagedParameters(), as: .float16, metadata: JudgeTrainer.metadata,
      to: folder.appending(path: recipe.sense.fileName))
  }

  func trainTransformer(_ job: TrainingJob<TransformerRecipe>, _ requests: [TrainingSamples.Request]) throws {
    let (configuration, recipe) = (job.configuration, job.configuration.recipe)
    let cache = URL(filePath: recipe.data)
    // A frozen text encoder need not run where its states were kept.
    let hasStates = try CacheIndex(contentsOf: cache).recipe.hasTextStates
    let data = try LatentDataset(
      contentsOf: cache, for: job.directory, needsTextStates: hasStates && !recipe.trainsTextEncoder)
    job.note("training on \(data.count) clips")
    var facts = ["clips": ["count": "\(data.count)", "fingerprint": data.index.fingerprint]]
    // Adapters lie beside the weights of a trained model, which no checkpoint holds.
    let base =
      configuration.initialModel.isEmpty
      ? job.directory : try ModelDirectory(URL(filePath: configuration.initialModel))
    if recipe.lora.rank > 0 { facts["base"] = ["fingerprint": base.weightsFingerprint] }
    var parts: [String: any JSONConfiguration] = [
      "transformer": job.directory.transformer, "scheduler": job.directory.diffusion,
    ]
    if recipe.trainsTextEncoder { parts["text_encoder"] = job.directory.textEncoder }
    let trainer = try TransformerTrainer(
      model: job.directory, recipe, optimization: configuration.optimization, data: data,
      workers: configuration.workers, device: job.device, context: job.context(parts, facts: facts))
    if recipe.lora.rank > 0 { try trainer.begin(from: base) }
    let samples = try TrainingSamples(job, trainer, requests)
    trainer.loop.afterStep = { try samples.make(after: $0) }
    let isDone = try job.train(trainer.loop, begin: trainer.begin, trainer.run)
    guard isDone else { return }
    if recipe.lora.rank > 0 {
      let url = URL(filePath: configuration.run).appending(path: "lora.safetensors")
      try trainer.writeAdapters(to: url)
      job.note("wrote \(url.path)")
    } else {
      for (part, tensors) in try trainer.trainedParts() { try job.write(tensors, as: .bfloat16, to: part) }
    }
  }
}

extension TrainingJob {
  fileprivate func sounds(_ count: Int) -> SceneSounds {
    note("rendering \(count) sounds")
    return SceneSounds(count: count, seed: configuration.seed, geometry: directory.geometry.scenes)
  }
}

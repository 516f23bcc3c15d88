internal import Media
internal import Torch

/// One network of a generation as it would run: what it holds and what it does, found out without its weights.
struct StageOutline {
  /// Elements of the weights.
  var elements = 0
  /// Elements that are looked up by row, and so hardly read: the vocabulary.
  var sparseElements = 0
  /// Of one piece of the work; pieces are alike.
  var piece = Workload()
  var pieces = 1
  /// Pieces that are computed at the same time, each in a thread.
  var atOnce = 1
  /// Whether an operator uses all threads.
  var isDivided = false
  /// What is computed first and kept through all pieces.
  var preparation = Workload()
  /// What is computed at the end, of all pieces together.
  var closing = Workload()

  /// Tensors at the worst moment.
  var workingBytes: Int {
    max(
      preparation.peakBytes, atOnce * (preparation.lastingBytes + piece.peakBytes + keptByThread),
      closing.peakBytes)
  }

  /// What a thread keeps that computes convolutions: their generated code, and memory that the allocator holds back for
  /// it. As measured, between 45 and 130 MB in networks of very different sizes.
  private var keptByThread: Int { piece.operations.convolutions > 0 ? 48 << 20 : 0 }
}

/// Runs the networks of a model on tensors without elements, with the calls of the pipeline.
struct StageOutliner {
  let model: ModelDirectory
  let geometry: ClipGeometry
  let threads: Int

  private func store(_ dtype: DType = .float32) -> ParameterStore { .dryRun(dtype: dtype) }

  private func empty(_ shape: [Int], _ dtype: DType = .float32) -> Tensor {
    .empty(shape, dtype: dtype, device: .outline)
  }

  func textEncoder(captions: Int, tokens: Int, dtype: DType) throws -> StageOutline {
    let store = store(dtype)
    let encoder = try T5Encoder(store.root, model.textEncoder)
    let ids = Tensor([Int](repeating: 1, count: captions * tokens), shape: [captions, tokens])
    var outline = StageOutline(elements: store.elementCount)
    outline.sparseElements = model.textEncoder.vocabularySize * model.textEncoder.width
    outline.piece = try measured { _ = encoder(ids, mask: ids.onesLike) }
    outline.isDivided = model.textEncoder.width > widestInOneThread
    return outline
  }

  func denoiser(
    task: GenerationTask, rows: Int, tokens: Int, evaluations: Int, dtype: DType
  ) throws -> StageOutline {
    let store = store(dtype)
    let network = try UniFormDiT(store.root, model.transformer)
    // A narrow network computes each row of text in a thread of its own.
    let isNarrow = model.transformer.isNarrow
    let together = isNarrow ? 1 : rows
    var outline = StageOutline(elements: store.elementCount)
    var denoiser: Denoiser?
    outline.preparation = try measured {
      denoiser = Denoiser(
        network,
        text: .outline(rows: together, length: tokens, width: model.transformer.captionChannels),
        plan: NoisePlan(task: task), timesteps: [Double](repeating: 0, count: evaluations),
        geometry: geometry, trainedSize: model.geometry.size, dtype: dtype, usesGraph: false)
    }
    outline.piece = try measured {
      let latents = AVLatents(
        video: empty([together] + geometry.videoLatentShape),
        audio: empty([together] + geometry.audioLatentShape))
      _ = try denoiser?(latents, evaluation: 0)
    }
    outline.pieces = evaluations * rows / together
    outline.atOnce = min(rows / together, threads)
    outline.isDivided = !isNarrow
    return outline
  }

  func videoEncoder(dtype: DType) throws -> StageOutline {
    let store = store(dtype)
    let encoder = try VideoVAE.Encoder(store.root, model.videoVAE)
    var outline = StageOutline(elements: store.elementCount)
    outline.piece = try measured {
      let bytes = empty([1, geometry.chunkFrames, geometry.height, geometry.width, 3], .uint8)
      _ = encoder(VideoFrames.normalized(bytes).to(dtype)).mode
    }
    outline.pieces = geometry.chunkCount
    outline.atOnce = chunksAtOnce(encoder.tiling)
    return outline
  }

  func videoDecoder(dtype: DType) throws -> StageOutline {
    let store = store(dtype)
    let decoder = try VideoVAE.Decoder(store.root, model.videoVAE)
    var shape = geometry.videoLatentShape
    shape[1] = geometry.chunkLatents
    var outline = StageOutline(elements: store.elementCount)
    outline.piece = try measured {
      _ = VideoFrames.bytes(decoder(empty([1] + shape, dtype), frames: geometry.chunkFrames)).contiguous
    }
    outline.pieces = geometry.chunkCount
    outline.atOnce = chunksAtOnce(decoder.tiling)
    return outline
  }

  private func chunksAtOnce(_ tiling: SpatialTiling) -> Int {
    let most = tiling.chunksAtOnce(height: geometry.height, width: geometry.width)
    return min(geometry.chunkCount, threads, most)
  }

  func audioEncoder() throws -> StageOutline {
    let store = store()
    let encoder = try AudioVAE.Encoder(store.root, model.audioVAE)
    var outline = StageOutline(elements: store.elementCount)
    outline.piece = try measured {
      _ = encoder(empty([1, 1, geometry.melFrameCount, geometry.melBins])).mode
    }
    return outline
  }

  func audioDecoder() throws -> StageOutline {
    let store = store()
    let decoder = try AudioVAE.Decoder(store.root, model.audioVAE)
    var outline = StageOutline(elements: store.elementCount)
    outline.piece = try measured { _ = decoder(empty([1] + geometry.audioLatentShape)) }
    return outline
  }

  /// Second by second, then the refinement of the whole.
  func vocoder() throws -> StageOutline {
    let store = store()
    let network = try HiFiGAN(store.root, model.vocoder)
    let frames = geometry.melFrameCount / geometry.codedSeconds
    // A second in the middle reaches to both sides.
    let start = frames * (geometry.codedSeconds / 2)
    var outline = StageOutline(elements: store.elementCount)
    outline.piece = try measured {
      let mel = empty([1, geometry.melFrameCount, geometry.melBins])
      _ = network.vocode(mel, frames: start..<start + frames)
    }
    outline.pieces = geometry.codedSeconds
    outline.atOnce = min(geometry.codedSeconds, threads)
    let refinement = SpectralRefinement(try MelSpectrogram(model.mel), steps: model.vocoder.refinementSteps)
    outline.closing = try measured {
      let mel = empty([1, geometry.melFrameCount, geometry.melBins])
      _ = refinement(empty([1, geometry.melFrameCount * model.vocoder.hop]), toward: mel)
    }
    return outline
  }

  private func measured(_ body: () throws -> Void) throws -> Workload {
    try withoutGradient { try DryRun.measure(body) }
  }
}

extension ParameterStore {
  var elementCount: Int { entries.reduce(0) { $0 + $1.tensor.count } }
}

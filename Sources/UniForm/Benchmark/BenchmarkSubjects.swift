public import Torch

/// The shapes that are timed: by default those of the paper, with random weights, on which speed does not depend.
public struct BenchmarkShapes {
  public var geometry = ClipGeometry()
  public var transformer = UniFormDiT.Configuration()
  public var textEncoder = T5Encoder.Configuration()
  public var videoVAE = VideoVAE.Configuration()
  public var vocoder = HiFiGAN.Configuration()
  /// Tokens of the caption.
  public var textLength = 120
  /// Length of the clip that the video autoencoder codes, a chunk per second: one for each thread keeps all at work.
  public var videoSeconds = Double(min(ComputeThreads.count, 4))

  /// The paper's: STDiT3-XL/2 with the joint latent 20 × 32 × 38, FLAN-T5-large, OpenSora-VAE-v1.2, HiFi-GAN.
  public init() {
    transformer.captionChannels = textEncoder.width
  }

  /// Those of a model.
  public init(_ model: ModelDirectory) {
    geometry = model.geometry
    transformer = model.transformer
    textEncoder = model.textEncoder
    videoVAE = model.videoVAE
    vocoder = model.vocoder
    textLength = min(textLength, transformer.maximumTextLength)
  }
}

extension BenchmarkShapes {
  /// Ready to run; building them takes the memory and time of the weights. A whole clip needs a model: see
  /// ``BenchmarkCase/clip(_:)``.
  public func cases(
    _ subject: BenchmarkSubject, dtype: DType, device: Device
  ) throws -> [BenchmarkCase] {
    let make = CaseMaker(shapes: self, dtype: dtype, device: device)
    return switch subject {
    case .dit: [try make.transformer()]
    case .vae: [try make.videoEncoder(), try make.videoDecoder()]
    case .text: [try make.text()]
    case .vocoder: [try make.vocoder()]
    case .e2e: []
    }
  }
}

extension BenchmarkCase {
  /// A clip from text, from the prompt to frames and samples, as the model does it by default.
  public static func clip(_ pipeline: UniFormPipeline) -> BenchmarkCase {
    let model = pipeline.model
    let prompt = model.knownClasses.first?.example ?? "rain on a tin roof"
    let request = GenerationRequest(prompt: prompt, seed: 1)
    let usesGraph = pipeline.usesGraphs && pipeline.device.hasGraphs
    return BenchmarkCase(
      usesGraph ? "clip (graph)" : "clip",
      "\(model.name), \(model.geometry.seconds) s from text, \(model.defaults.steps) steps"
    ) { _ = try pipeline.generate(request) }
  }
}

private struct CaseMaker {
  let shapes: BenchmarkShapes
  let dtype: DType
  let device: Device

  private var parameters: Parameters {
    ParameterStore(seed: 1, dtype: dtype, device: device, forInference: true).root
  }

  private func random(_ shape: [Int]) -> Tensor {
    Tensor.randn(shape, generator: Generator(seed: 2)).to(dtype).to(device)
  }

  /// One evaluation under guidance: a clip with its caption and the same clip without.
  func transformer() throws -> BenchmarkCase {
    let (c, geometry) = (shapes.transformer, shapes.geometry)
    let rows = 2
    let network = try UniFormDiT(parameters, c)
    let latents = AVLatents(
      video: random([rows] + geometry.videoLatentShape), audio: random([rows] + geometry.audioLatentShape))
    let time = withoutGradient {
      network.timeEmbedding(
        Tensor.full([1], 500, device: device),
        frameRate: Tensor.full([1], Double(geometry.frameRate), device: device), dtype: dtype)
    }
    let text = withoutGradient {
      network.conditioning(
        states: random([rows, shapes.textLength, c.captionChannels]),
        mask: Tensor.ones([rows, shapes.textLength], dtype: .int64, device: device), dtype: dtype)
    }
    let task = Tensor([Int](repeating: GenerationTask.t2av.id, count: rows), device: device)
    let placement = network.placement(geometry, device: device, dtype: dtype)
    let video = geometry.videoLatentShape
    let grids = [c.patches.grid(video[2], video[3]), c.audioGrid]
    let tokens = grids.reduce(0) { $0 + $1.rows * $1.columns }
    return BenchmarkCase(
      "transformer",
      "\(c.depth) pairs of width \(c.hiddenSize), \(rows) × \(video[1]) frames of \(tokens) tokens, "
        + "\(shapes.textLength) text tokens"
    ) {
      _ = network(
        latents, videoTime: time.row(0, count: rows), audioTime: time.row(0, count: rows), task: task,
        conditioning: text, placement: placement)
    }
  }

  private var videoGeometry: ClipGeometry {
    var geometry = shapes.geometry
    geometry.seconds = shapes.videoSeconds
    return geometry
  }

  func videoEncoder() throws -> BenchmarkCase {
    let geometry = videoGeometry
    let encoder = try VideoVAE.Encoder(parameters, shapes.videoVAE)
    let chunk = random([1, 3, geometry.chunkFrames, geometry.height, geometry.width])
    return pieces("video encoder", frameText, geometry.chunkCount, encoder.tiling) { _ in
      _ = encoder(chunk).mode
    }
  }

  func videoDecoder() throws -> BenchmarkCase {
    let geometry = videoGeometry
    let decoder = try VideoVAE.Decoder(parameters, shapes.videoVAE)
    var shape = [1] + geometry.videoLatentShape
    shape[2] = geometry.chunkLatents
    let latents = random(shape)
    return pieces("video decoder", frameText, geometry.chunkCount, decoder.tiling) { _ in
      _ = decoder(latents, frames: geometry.chunkFrames)
    }
  }

  /// Work in the pieces in which a clip is made, each in one thread.
  private func pieces(
    _ name: String, _ shape: String, _ count: Int, _ tiling: SpatialTiling? = nil,
    _ compute: @escaping (Int) -> Void
  ) -> BenchmarkCase {
    let (device, geometry) = (device, videoGeometry)
    let atOnce = tiling?.chunksAtOnce(height: geometry.height, width: geometry.width) ?? .max
    return BenchmarkCase(name, shape) {
      _ = try independentPieces(count, on: device, atOnce: atOnce, compute: compute)
    }
  }

  private var frameText: String {
    "\(videoGeometry.frameCount) frames of \(videoGeometry.width)×\(videoGeometry.height)"
  }

  func text() throws -> BenchmarkCase {
    let length = min(64, shapes.textLength)
    let encoder = try T5Encoder(parameters, shapes.textEncoder)
    let ids = Tensor((0..<length).map { 3 + $0 % 200 }, shape: [1, length], device: device)
    let mask = Tensor.ones([1, length], dtype: .int64, device: device)
    let distances = encoder.distances(length: length, device: device)
    let shape = "\(shapes.textEncoder.layers) layers of width \(shapes.textEncoder.width), \(length) tokens"
    func encode() { _ = encoder.states(ids, mask: mask, distances: distances) }
    return shapes.textEncoder.width > widestInOneThread
      ? BenchmarkCase("text encoder", shape, encode)
      : pieces("text encoder", shape, 1) { _ in encode() }
  }

  func vocoder() throws -> BenchmarkCase {
    let network = try HiFiGAN(parameters, shapes.vocoder)
    let seconds = 4
    let frames = shapes.geometry.sampleRate / shapes.geometry.hopLength
    let mel = random([1, seconds * frames, shapes.geometry.melBins])
    return pieces("vocoder", "\(seconds) s of sound", seconds) {
      _ = network.vocode(mel, frames: $0 * frames..<($0 + 1) * frames)
    }
  }
}

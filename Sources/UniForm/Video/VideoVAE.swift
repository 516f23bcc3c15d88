public import Torch

/// The video autoencoder of Open-Sora 1.2: every frame through a picture autoencoder, then chunks of 17 frames
/// through a causal one along time, then normalisation to about zero mean and unit variance.
///
/// Letters: B batch, F frames, H × W picture, z latent channels, t latent frames
/// (``Configuration/latentFrames(for:)``), h × w latent grid. Chunks share nothing, so that memory for the
/// networks does not grow with the length of a clip; pictures larger than 512 × 512 are computed in tiles
/// (``SpatialTiling``).
public struct VideoVAE {
  public let encoder: Encoder
  public let decoder: Decoder

  /// Throws `WeightError` where a file lacks a tensor or has another shape, ``ConfigurationError`` for a
  /// configuration that cannot work.
  public init(_ parameters: Parameters, _ configuration: Configuration) throws {
    try configuration.validate()
    let normalization = try LatentNormalization(parameters, configuration)
    encoder = try Encoder(parameters, configuration, normalization)
    decoder = try Decoder(parameters, configuration, normalization)
  }

  /// `[B, 3, F, H, W]` in −1…1 to latents `[B, z, t, h, w]` in float32: samples of both posteriors, or their
  /// modes without a generator.
  public func encode(_ frames: Tensor, generator: Generator? = nil) -> Tensor {
    encoder(frames, generator: generator).value(generator)
  }

  /// `[B, z, t, h, w]` to `[B, 3, frames, H, W]` in about −1…1; not clamped.
  public func decode(_ latents: Tensor, frames: Int) -> Tensor { decoder(latents, frames: frames) }
}

extension VideoVAE {
  /// The encoding half: loads without the other.
  public struct Encoder {
    public let configuration: Configuration
    public let spatial: AutoencoderKL.Encoder
    public let temporal: TemporalVAE.Encoder
    public var tiling = SpatialTiling()
    let normalization: LatentNormalization
    /// What the names of its parameters begin with, in an autoencoder that is made at a store's root.
    public static let parameterPrefixes = [
      "spatial_vae.module.encoder.", "spatial_vae.module.quant_conv.", "temporal_vae.encoder.",
      "temporal_vae.quant_conv.",
    ]

    public init(_ parameters: Parameters, _ configuration: Configuration) throws {
      try configuration.validate()
      try self.init(parameters, configuration, LatentNormalization(parameters, configuration))
    }

    init(
      _ parameters: Parameters, _ configuration: Configuration, _ normalization: LatentNormalization
    ) throws {
      self.configuration = configuration
      spatial = try AutoencoderKL.Encoder(parameters["spatial_vae"]["module"], configuration.spatial)
      temporal = try TemporalVAE.Encoder(parameters["temporal_vae"], configuration.temporal)
      self.normalization = normalization
    }

    /// `[B, 3, F, H, W]` in −1…1 to a posterior over normalised latents `[B, z, t, h, w]`. The generator samples
    /// the posterior of each picture; without one its mode is taken.
    public func callAsFunction(_ frames: Tensor, generator: Generator? = nil) -> DiagonalGaussian {
      let lengths = configuration.chunks(frames: frames.size(2)).map(\.frames.count)
      let moments = frames.split(lengths, axis: 2).map { chunk in
        tiling(pictureLatents(chunk, generator), cell: configuration.gridCell) {
          temporal($0).moments  // [B, 2z, tᵢ, h, w]
        }
      }
      return normalization.normalized(.init(moments: .concatenate(moments, axis: 2)))  // [B, 2z, t, h, w]
    }

    /// `[B, 3, F, H, W]` to scaled picture latents `[B, C, F, h, w]`, a few frames at a time.
    func pictureLatents(_ frames: Tensor, _ generator: Generator?) -> Tensor {
      let atOnce = tiling.picturesAtOnce(
        configuration.microBatchSize, height: frames.size(3), width: frames.size(4))
      return frames.eachFrame(atOnce: atOnce) { pictures in
        let moments = tiling(pictures, cell: configuration.encodingCell) {
          spatial($0).moments  // [n, 2C, h, w]
        }
        return DiagonalGaussian(moments: moments).value(generator) * configuration.spatialScalingFactor
      }
    }
  }

  /// The decoding half: loads without the other.
  public struct Decoder {
    public let configuration: Configuration
    public let spatial: AutoencoderKL.Decoder
    public let temporal: TemporalVAE.Decoder
    public var tiling = SpatialTiling()
    let normalization: LatentNormalization

    public init(_ parameters: Parameters, _ configuration: Configuration) throws {
      try configuration.validate()
      try self.init(parameters, configuration, LatentNormalization(parameters, configuration))
    }

    init(
      _ parameters: Parameters, _ configuration: Configuration, _ normalization: LatentNormalization
    ) throws {
      self.configuration = configuration
      spatial = try AutoencoderKL.Decoder(parameters["spatial_vae"]["module"], configuration.spatial)
      temporal = try TemporalVAE.Decoder(parameters["temporal_vae"], configuration.temporal)
      self.normalization = normalization
    }

    /// `[B, z, t, h, w]` to `[B, 3, frames, H, W]`; `t` must be what so many frames are encoded to.
    public func callAsFunction(_ latents: Tensor, frames: Int) -> Tensor {
      let chunks = configuration.chunks(frames: frames)
      let parts = normalization.restored(latents).split(chunks.map(\.latentFrames), axis: 2)
      let size = configuration.microFrameSize
      return .assembled(frames, atOnce: size, axis: 2) { range in
        decoded(parts[range.lowerBound / size], frames: range.count)  // [B, 3, n, H, W]
      }
    }

    /// Hands over one chunk `[B, 3, n, H, W]` after the other, with the range of its frames in the clip.
    public func callAsFunction(
      _ latents: Tensor, frames: Int, each: (_ frames: Range<Int>, _ chunk: Tensor) throws -> Void
    ) rethrows {
      let chunks = configuration.chunks(frames: frames)
      let parts = normalization.restored(latents).split(chunks.map(\.latentFrames), axis: 2)
      for (chunk, part) in zip(chunks, parts) {
        try each(chunk.frames, decoded(part, frames: chunk.frames.count))
      }
    }

    /// One chunk `[B, z, t, h, w]` to `[B, 3, frames, H, W]`, a few pictures at a time.
    private func decoded(_ chunk: Tensor, frames: Int) -> Tensor {
      let latents = tiling(chunk, cell: configuration.gridCell) {
        temporal($0, frames: frames)  // [B, C, frames, h, w]
      }
      let reduction = configuration.spatial.reduction
      let atOnce = tiling.picturesAtOnce(
        configuration.microBatchSize, height: latents.size(3) * reduction[0],
        width: latents.size(4) * reduction[1])
      return latents.eachFrame(atOnce: atOnce) { pictures in
        tiling(pictures / configuration.spatialScalingFactor, cell: configuration.decodingCell) {
          spatial($0)  // [m, 3, H, W]
        }
      }
    }
  }
}

extension VideoVAE.Configuration {
  /// Of the picture autoencoder's two halves, and of the temporal one, which keeps the grid.
  fileprivate var encodingCell: SpatialTiling.Cell {
    .init(pixels: spatial.reduction, input: spatial.reduction, output: [1, 1])
  }
  fileprivate var decodingCell: SpatialTiling.Cell {
    .init(pixels: spatial.reduction, input: [1, 1], output: spatial.reduction)
  }
  fileprivate var gridCell: SpatialTiling.Cell {
    .init(pixels: spatial.reduction, input: [1, 1], output: [1, 1])
  }
}

/// The `scale` and `shift` of each latent channel, stored beside the weights.
struct LatentNormalization {
  let scale: Tensor  // [1, z, 1, 1, 1]
  let shift: Tensor  // [1, z, 1, 1, 1]

  init(_ parameters: Parameters, _ configuration: VideoVAE.Configuration) throws {
    let channels = configuration.temporal.embedDim
    scale = try parameters.buffer(
      "scale", 1, channels, 1, 1, 1, initialization: .values(configuration.scale))
    shift = try parameters.buffer(
      "shift", 1, channels, 1, 1, 1, initialization: .values(configuration.shift))
  }

  func normalized(_ posterior: DiagonalGaussian) -> DiagonalGaussian {
    posterior.normalized(shift: shift.to(.float32), scale: scale.to(.float32))
  }

  func restored(_ latents: Tensor) -> Tensor {
    (latents.to(.float32) * scale.to(.float32) + shift.to(.float32)).to(latents.dtype)
  }
}

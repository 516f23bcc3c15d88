import Foundation

extension VideoVAE {
  /// Open-Sora's `config.json` of its video autoencoder, with the two parts nested; the defaults are those of
  /// the published OpenSora-VAE-v1.2.
  public struct Configuration: JSONConfiguration {
    /// The picture autoencoder, `vae_2d`.
    public var spatial = AutoencoderKL.Configuration()
    /// The autoencoder along time, `vae_temporal`.
    public var temporal = TemporalVAE.Configuration()
    /// Frames of a chunk; chunks share nothing.
    public var microFrameSize = 17
    /// The most pictures that pass through the picture autoencoder at once, fewer of large ones: memory, not numbers.
    public var microBatchSize = 4
    /// Standard deviation and mean of each latent channel.
    public var scale = [3.85, 2.32, 2.33, 3.06]
    public var shift = [-0.10, 0.34, 0.27, 0.98]
    /// What picture latents are multiplied by before the temporal part. The published model was trained with
    /// this number, whatever `scaling_factor` its picture autoencoder states.
    public var spatialScalingFactor = 0.18215

    public init() {}

    public static let ignoredKeys: Set<String> = [
      "architectures", "cal_loss", "freeze_vae_2d", "from_pretrained", "model_type", "num_frames",
      "torch_dtype", "transformers_version",
    ]

    enum CodingKeys: String, CodingKey {
      case spatial = "vae_2d"
      case temporal = "vae_temporal"
      case microFrameSize = "micro_frame_size"
      case microBatchSize = "micro_batch_size"
      case scale
      case shift
      case spatialScalingFactor = "spatial_scaling_factor"
    }

    public init(from decoder: any Swift.Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      spatial = try fields.configuration(
        forKey: .spatial,
        ignoring: ["type", "from_pretrained", "subfolder", "local_files_only", "micro_batch_size"])
      temporal = try fields.configuration(forKey: .temporal)
      microFrameSize = try fields.decode(Int.self, forKey: .microFrameSize)
      microBatchSize = try fields.decode(Int.self, forKey: .microBatchSize)
      scale = try fields.decode([Double].self, forKey: .scale)
      shift = try fields.decode([Double].self, forKey: .shift)
      spatialScalingFactor = try fields.decode(Double.self, forKey: .spatialScalingFactor)
    }

    public func validate() throws(ConfigurationError) {
      try spatial.validate()
      try temporal.validate()
      guard microFrameSize > 0, microBatchSize > 0 else {
        throw ConfigurationError("micro_frame_size and micro_batch_size must be positive")
      }
      guard spatial.latentChannels == temporal.inOutChannels else {
        throw ConfigurationError(
          "vae_2d has \(spatial.latentChannels) latent_channels, vae_temporal \(temporal.inOutChannels) "
            + "in_out_channels; they must agree")
      }
      guard scale.count == temporal.embedDim, shift.count == temporal.embedDim else {
        throw ConfigurationError("scale and shift need \(temporal.embedDim) numbers each, as embed_dim says")
      }
      guard scale.allSatisfy({ $0.isFinite && $0 > 0 }), shift.allSatisfy(\.isFinite),
        spatialScalingFactor.isFinite, spatialScalingFactor > 0
      else { throw ConfigurationError("scale and spatial_scaling_factor must be positive, shift finite") }
    }
  }
}

extension VideoVAE.Configuration {
  /// A run of frames that is encoded by itself.
  struct Chunk {
    let frames: Range<Int>
    let latentFrames: Int
  }

  func chunks(frames: Int) -> [Chunk] {
    stride(from: 0, to: frames, by: microFrameSize).map { start in
      let range = start..<min(start + microFrameSize, frames)
      return Chunk(frames: range, latentFrames: temporal.latentFrames(for: range.count))
    }
  }

  /// Latent frames of a clip: 5 for each whole chunk of 17, and a quarter of the rest, rounded up.
  public func latentFrames(for frames: Int) -> Int {
    chunks(frames: frames).reduce(0) { $0 + $1.latentFrames }
  }

  /// The latent of a clip without its batch axis: `[z, t, h, w]`.
  public func latentShape(frames: Int, height: Int, width: Int) -> [Int] {
    [
      temporal.embedDim, latentFrames(for: frames), height / spatial.reduction[0],
      width / spatial.reduction[1],
    ]
  }
}

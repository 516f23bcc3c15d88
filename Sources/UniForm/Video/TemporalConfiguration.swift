extension TemporalVAE {
  /// The arguments of Open-Sora's class; the defaults are those of the published `VAE_Temporal_SD`.
  public struct Configuration: JSONConfiguration {
    /// Channels of the picture latents that go in and come out.
    public var inOutChannels = 4
    /// Channels between the network and the 1×1×1 convolutions around the latent.
    public var latentEmbedDim = 4
    /// Channels of the latent.
    public var embedDim = 4
    /// Channels of the first level; multiples of ``numGroups`` at every level.
    public var filters = 128
    public var numResBlocks = 4
    public var channelMultipliers = [1, 2, 2, 4]
    /// Whether time is halved between each level and the next.
    public var temporalDownsample = [false, true, true]
    public var numGroups = 32
    /// A single value is supported: "swish".
    var activationFn = "swish"

    public init() {}

    /// Channels of each level, from the full frame rate down.
    public var channels: [Int] { channelMultipliers.map { $0 * filters } }

    /// Frames per latent frame.
    public var timeReduction: Int { 1 << temporalDownsample.count { $0 } }

    /// Latent frames of a chunk.
    public func latentFrames(for frames: Int) -> Int { (frames + timeReduction - 1) / timeReduction }

    /// Zero frames in front of a chunk.
    func padding(frames: Int) -> Int { latentFrames(for: frames) * timeReduction - frames }

    public static let ignoredKeys: Set<String> = ["type", "from_pretrained", "num_frames"]

    enum CodingKeys: String, CodingKey {
      case inOutChannels = "in_out_channels"
      case latentEmbedDim = "latent_embed_dim"
      case embedDim = "embed_dim"
      case filters
      case numResBlocks = "num_res_blocks"
      case channelMultipliers = "channel_multipliers"
      case temporalDownsample = "temporal_downsample"
      case numGroups = "num_groups"
      case activationFn = "activation_fn"
    }

    public func validate() throws(ConfigurationError) {
      let counts = [inOutChannels, latentEmbedDim, embedDim, filters, numResBlocks, numGroups]
      guard (counts + channelMultipliers).allSatisfy((1...65_536).contains) else {
        throw ConfigurationError("channels, num_res_blocks and num_groups must be positive and at most 65536")
      }
      guard temporalDownsample.count == channelMultipliers.count - 1, temporalDownsample.count < 8 else {
        throw ConfigurationError(
          "temporal_downsample has \(temporalDownsample.count) entries, one less than the "
            + "\(channelMultipliers.count) of channel_multipliers are needed")
      }
      for width in channels + [filters] where width % numGroups != 0 {
        throw ConfigurationError("\(width) channels are no multiple of num_groups \(numGroups)")
      }
      guard activationFn == "swish" else {
        throw ConfigurationError("activation_fn \"\(activationFn)\" is not supported, only \"swish\"")
      }
    }
  }
}

extension AutoencoderKL {
  /// diffusers' `config.json` of an `AutoencoderKL`; the defaults are the picture autoencoder of Open-Sora 1.2.
  ///
  /// Two fields are extensions of this project for small models (Docs/Decisions/0003-compact-autoencoders.md):
  /// ``patchSize`` and ``downsampleStrides``. Their defaults give the published architecture.
  public struct Configuration: JSONConfiguration {
    public var inChannels = 3
    public var outChannels = 3
    public var latentChannels = 4
    /// Channels of each level, from full resolution down; multiples of ``normNumGroups``.
    public var blockOutChannels = [128, 256, 512, 512]
    /// Residual blocks per level of the encoder; the decoder has one more.
    public var layersPerBlock = 2
    public var normNumGroups = 32
    /// What latents are multiplied by to have about unit variance. ``AudioVAE`` applies it, this class does not.
    public var scalingFactor = 0.13025
    public var useQuantConv = true
    public var usePostQuantConv = true
    public var midBlockAddAttention = true
    /// Squares of p × p pixels become channels before the first convolution, and pixels again after the last.
    public var patchSize = 1
    /// The `[height, width]` stride between each level and the next, 1 or 2; nil means 2 everywhere.
    public var downsampleStrides: [[Int]]?

    /// Fields that allow a single value here; anything else is refused.
    var actFn = "silu"
    var downBlockTypes: [String]?
    var upBlockTypes: [String]?
    var shiftFactor: Double?
    var latentsMean: [Double]?
    var latentsStd: [Double]?

    public init() {}

    /// AudioLDM's autoencoder of log-mel spectrograms (`audioldm-s-full-v2`).
    public static var audio: Configuration {
      var configuration = Configuration()
      configuration.inChannels = 1
      configuration.outChannels = 1
      configuration.latentChannels = 8
      configuration.blockOutChannels = [128, 256, 512]
      configuration.scalingFactor = 0.9392935633659363
      return configuration
    }

    /// The stride between each level and the next, `[height, width]`.
    public var strides: [[Int]] {
      downsampleStrides ?? Array(repeating: [2, 2], count: max(blockOutChannels.count - 1, 0))
    }

    /// How many times the latent grid is smaller: `[height, width]`.
    public var reduction: [Int] {
      strides.reduce([patchSize, patchSize]) { [$0[0] * $1[0], $0[1] * $1[1]] }
    }

    var patchArea: Int { patchSize * patchSize }

    public static let ignoredKeys: Set<String> = ["sample_size", "force_upcast"]
    public static let optionalKeys: Set<String> = [
      "down_block_types", "up_block_types", "downsample_strides", "shift_factor", "latents_mean",
      "latents_std",
    ]

    enum CodingKeys: String, CodingKey {
      case inChannels = "in_channels"
      case outChannels = "out_channels"
      case latentChannels = "latent_channels"
      case blockOutChannels = "block_out_channels"
      case layersPerBlock = "layers_per_block"
      case normNumGroups = "norm_num_groups"
      case scalingFactor = "scaling_factor"
      case useQuantConv = "use_quant_conv"
      case usePostQuantConv = "use_post_quant_conv"
      case midBlockAddAttention = "mid_block_add_attention"
      case patchSize = "patch_size"
      case downsampleStrides = "downsample_strides"
      case actFn = "act_fn"
      case downBlockTypes = "down_block_types"
      case upBlockTypes = "up_block_types"
      case shiftFactor = "shift_factor"
      case latentsMean = "latents_mean"
      case latentsStd = "latents_std"
    }

    public func validate() throws(ConfigurationError) {
      func require(_ condition: Bool, _ message: String) throws(ConfigurationError) {
        if !condition { throw ConfigurationError(message) }
      }
      let levels = blockOutChannels.count
      try require((1...16).contains(levels), "block_out_channels needs 1 to 16 levels, not \(levels)")
      let counts = [inChannels, outChannels, latentChannels, layersPerBlock, normNumGroups, patchSize]
      try require(
        (counts + blockOutChannels).allSatisfy((1...65_536).contains),
        "channels, layers_per_block, norm_num_groups and patch_size must be positive and at most 65536")
      for channels in blockOutChannels where channels % normNumGroups != 0 {
        throw ConfigurationError(
          "block_out_channels \(channels) is no multiple of norm_num_groups \(normNumGroups)")
      }
      try require(
        scalingFactor.isFinite && scalingFactor > 0, "scaling_factor \(scalingFactor) must be positive")
      try require(
        strides.count == levels - 1
          && strides.allSatisfy { $0.count == 2 && $0.allSatisfy((1...2).contains) },
        "downsample_strides needs \(levels - 1) pairs of 1 or 2")
      try require(actFn == "silu", "act_fn \"\(actFn)\" is not supported, only \"silu\"")
      let down = Array(repeating: "DownEncoderBlock2D", count: levels)
      try require(
        downBlockTypes == nil || downBlockTypes == down,
        "down_block_types must be \(levels) times \"DownEncoderBlock2D\"")
      let up = Array(repeating: "UpDecoderBlock2D", count: levels)
      try require(
        upBlockTypes == nil || upBlockTypes == up,
        "up_block_types must be \(levels) times \"UpDecoderBlock2D\"")
      try require(
        shiftFactor == nil && latentsMean == nil && latentsStd == nil,
        "shift_factor, latents_mean and latents_std are not supported")
    }
  }
}

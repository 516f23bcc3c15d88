extension HiFiGAN {
  /// transformers' `SpeechT5HifiGanConfig`; defaults are AudioLDM's vocoder.
  public struct Configuration: JSONConfiguration {
    /// Mel filters M.
    public var melCount = 64
    /// Samples per second of the output.
    public var sampleRate = 16_000
    /// Channels before the first stage; every stage halves them.
    public var initialChannels = 1024
    /// Enlargement of each stage; their product is the hop.
    public var upsampleRates = [5, 4, 2, 2, 2]
    public var upsampleKernels = [16, 16, 8, 4, 4]
    /// One residual block per kernel in every stage, with its dilations.
    public var residualKernels = [3, 7, 11]
    public var residualDilations = [[1, 3, 5], [1, 3, 5], [1, 3, 5]]
    public var leakySlope = 0.1
    /// Whether mels are normalised by the stored mean and scale first.
    public var normalizesInput = false
    /// Steps of ``SpectralRefinement`` behind the vocoder; the published one has none.
    public var refinementSteps = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
      case melCount = "model_in_dim"
      case sampleRate = "sampling_rate"
      case initialChannels = "upsample_initial_channel"
      case upsampleRates = "upsample_rates"
      case upsampleKernels = "upsample_kernel_sizes"
      case residualKernels = "resblock_kernel_sizes"
      case residualDilations = "resblock_dilation_sizes"
      case leakySlope = "leaky_relu_slope"
      case normalizesInput = "normalize_before"
      case refinementSteps = "refinement_steps"
    }

    public static let ignoredKeys: Set<String> = [
      "architectures", "dtype", "initializer_range", "model_type", "torch_dtype", "transformers_version",
    ]

    /// Samples per mel frame.
    public var hop: Int { upsampleRates.reduce(1, *) }

    private static let kernelLimit = 1024

    /// Channels after a stage.
    func channels(after stage: Int) -> Int { initialChannels >> (stage + 1) }

    public func validate() throws(ConfigurationError) {
      func require(_ condition: Bool, _ message: String) throws(ConfigurationError) {
        if !condition { throw ConfigurationError(message) }
      }
      try require((1...65_536).contains(melCount), "model_in_dim must be in 1...65536, not \(melCount)")
      try require(sampleRate > 0, "sampling_rate must be positive, not \(sampleRate)")
      try require(
        (0...1000).contains(refinementSteps), "refinement_steps must be in 0...1000, not \(refinementSteps)")
      let stages = upsampleRates.count
      try require(
        stages > 0 && stages < 16 && upsampleKernels.count == stages,
        "upsample_rates and upsample_kernel_sizes must have the same length, 1 to 15")
      try require(
        zip(upsampleRates, upsampleKernels).allSatisfy { $0 > 0 && $1 >= $0 && $1 <= Self.kernelLimit },
        "every upsample kernel must be at least its rate and at most \(Self.kernelLimit): "
          + "\(upsampleKernels) for \(upsampleRates)")
      let hop = upsampleRates.reduce(1.0) { $0 * Double($1) }
      try require(
        hop <= 65_536, "the product of upsample_rates is \(hop) samples per frame, at most 65536 work")
      try require(
        (1...65_536).contains(initialChannels) && initialChannels.isMultiple(of: 1 << stages),
        "upsample_initial_channel (\(initialChannels)) must be at most 65536 and divisible by "
          + "\(1 << stages) for \(stages) stages")
      try require(
        !residualKernels.isEmpty && residualDilations.count == residualKernels.count,
        "resblock_kernel_sizes and resblock_dilation_sizes must have the same length, at least 1")
      try require(
        residualKernels.allSatisfy { (1...Self.kernelLimit).contains($0) && !$0.isMultiple(of: 2) }
          && residualDilations.joined().allSatisfy { (1...Self.kernelLimit).contains($0) },
        "resblock kernels must be odd, dilations positive, both at most \(Self.kernelLimit)")
    }
  }
}

extension UniFormDiT {
  /// The transformer's `config.json`: STDiT3's field names, then our own for the audio columns.
  ///
  /// The defaults are STDiT3-XL/2 with the paper's joint latent. `audio_channels` 0 gives the plain STDiT3.
  public struct Configuration: JSONConfiguration {
    /// Pairs of spatial and temporal blocks.
    public var depth = 28
    public var hiddenSize = 1152
    public var heads = 16
    public var mlpRatio = 4.0
    /// Frames, rows and columns per patch; one frame only.
    public var patchSize = [1, 2, 2]
    public var inputChannels = 4
    /// Whether the network also predicts the variance of each step (learned range).
    public var predictsVariance = true
    public var captionChannels = 4096
    public var maximumTextLength = 300
    /// Probability of the null caption in training.
    public var captionDropProbability = 0.5
    public var qkNorm = true
    /// Side in pixels at which the position scale is one.
    public var inputSquareSize = 512

    public var audioChannels = 8
    public var audioFrequencies = 16
    /// Audio latent steps beside one video latent frame.
    public var audioStepsPerFrame = 5
    /// Rows and columns per patch of the audio columns.
    public var audioPatchSize = [2, 2]
    /// One patch embedder and output layer for both modalities, as the paper's text says literally. Separate ones
    /// leave the weights of an image model undisturbed.
    public var sharedStem = false
    /// A learned embedding of the frame's place in its chunk: picture and sound are skewed by up to 0.14 s
    /// within a second, and the skew depends on it. 0 leaves it out.
    public var chunkPositions = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
      case depth
      case hiddenSize = "hidden_size"
      case heads = "num_heads"
      case mlpRatio = "mlp_ratio"
      case patchSize = "patch_size"
      case inputChannels = "in_channels"
      case predictsVariance = "pred_sigma"
      case captionChannels = "caption_channels"
      case maximumTextLength = "model_max_length"
      case captionDropProbability = "class_dropout_prob"
      case qkNorm = "qk_norm"
      case inputSquareSize = "input_sq_size"
      case audioChannels = "audio_channels"
      case audioFrequencies = "audio_frequencies"
      case audioStepsPerFrame = "audio_steps_per_frame"
      case audioPatchSize = "audio_patch_size"
      case sharedStem = "shared_stem"
      case chunkPositions = "chunk_positions"
    }

    /// Training and kernel options of the published configuration that change no value.
    public static let ignoredKeys: Set<String> = [
      "drop_path", "enable_flash_attn", "enable_layernorm_kernel", "enable_sequence_parallelism",
      "only_train_temporal",
      "freeze_y_embedder", "skip_y_embedder", "input_size", "model_type", "architectures", "torch_dtype",
      "transformers_version", "auto_map", "no_temporal_pos_emb",
    ]

    public func validate() throws(ConfigurationError) {
      func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(ConfigurationError) {
        if !condition { throw ConfigurationError(message()) }
      }
      let positive = [
        ("depth", depth), ("hidden_size", hiddenSize), ("num_heads", heads), ("in_channels", inputChannels),
        ("caption_channels", captionChannels), ("model_max_length", maximumTextLength),
        ("input_sq_size", inputSquareSize),
      ]
      for (key, value) in positive {
        try require((1...65_536).contains(value), "\(key) is \(value), not in 1…65536")
      }
      try require(mlpRatio > 0 && mlpRatio <= 64, "mlp_ratio is \(mlpRatio), not above 0 and at most 64")
      try require(
        hiddenSize % heads == 0, "hidden_size \(hiddenSize) is no multiple of num_heads \(heads)")
      try require(
        hiddenSize % 4 == 0 && (hiddenSize / heads) % 2 == 0,
        "hidden_size must be a multiple of 4 and each head even, for the position encodings")
      try require(
        patchSize.count == 3 && patchSize[0] == 1 && patchSize.allSatisfy((1...1024).contains),
        "patch_size must be [1, rows, columns]")
      guard hasAudio else { return }
      try require(
        [audioChannels, audioFrequencies, audioStepsPerFrame].allSatisfy((1...65_536).contains)
          && chunkPositions <= 65_536,
        "audio_channels, audio_frequencies and audio_steps_per_frame must be positive and at most 65536")
      try require(
        audioChannels % inputChannels == 0,
        "audio_channels \(audioChannels) is no multiple of in_channels \(inputChannels)")
      try require(
        audioPatchSize.count == 2 && audioPatchSize.allSatisfy((1...1024).contains),
        "audio_patch_size must be [rows, columns]")
      try require(
        !sharedStem || audioPatchSize == Array(patchSize.dropFirst()),
        "shared_stem needs audio_patch_size equal to patch_size")
    }

    public var hasAudio: Bool { audioChannels > 0 }
    /// Rows of the audio columns: frequencies times channel groups.
    public var audioRows: Int { audioFrequencies * audioChannels / max(inputChannels, 1) }
    var outputChannels: Int { predictsVariance ? 2 * inputChannels : inputChannels }
    var patches: Patches { Patches(height: patchSize[1], width: patchSize[2]) }
    var audioPatches: Patches { Patches(height: audioPatchSize[0], width: audioPatchSize[1]) }
    /// Audio columns and the task column, in patches.
    var audioGrid: (rows: Int, columns: Int) { audioPatches.grid(audioRows, audioStepsPerFrame + 1) }
  }
}

/// The `config.json` of a PixArt transformer in diffusers' layout; defaults are XL/2.
struct PixArtConfiguration: JSONConfiguration {
  var heads = 16
  var headWidth = 72
  var layers = 28
  var inputChannels = 4
  var outputChannels = 8
  var patchSize = 2
  var captionChannels = 4096
  /// Latent rows and columns that the model was made for.
  var sampleSize = 128
  var interpolationScale: Double?
  var crossAttentionWidth: Int?

  /// Fields that allow a single value here.
  var activation = "gelu-approximate"
  var normType = "ada_norm_single"
  var normElementwiseAffine = false
  var normEpsilon = 1e-6
  var attentionBias = true

  init() {}

  enum CodingKeys: String, CodingKey {
    case heads = "num_attention_heads"
    case headWidth = "attention_head_dim"
    case layers = "num_layers"
    case inputChannels = "in_channels"
    case outputChannels = "out_channels"
    case patchSize = "patch_size"
    case captionChannels = "caption_channels"
    case sampleSize = "sample_size"
    case interpolationScale = "interpolation_scale"
    case crossAttentionWidth = "cross_attention_dim"
    case activation = "activation_fn"
    case normType = "norm_type"
    case normElementwiseAffine = "norm_elementwise_affine"
    case normEpsilon = "norm_eps"
    case attentionBias = "attention_bias"
  }

  static let optionalKeys: Set<String> = ["interpolation_scale", "cross_attention_dim"]
  static let ignoredKeys: Set<String> = [
    "attention_type", "double_self_attention", "dropout", "norm_num_groups", "num_embeds_ada_norm",
    "num_vector_embeds", "only_cross_attention", "upcast_attention", "use_additional_conditions",
    "use_linear_projection",
  ]

  var width: Int { heads * headWidth }

  /// Side in pixels at which positions count patches one by one. diffusers divides positions by a scale that
  /// grows with the size, so that it is 512 for nearly every release.
  var inputSquareSize: Int {
    let scale = interpolationScale ?? Double(max(sampleSize / 64, 1))
    return Int((Double(sampleSize * 8) / scale).rounded())
  }

  func validate() throws(ConfigurationError) {
    func require(_ condition: Bool, _ key: String, _ value: Any, _ needed: String) throws(ConfigurationError)
    {
      if !condition { throw ConfigurationError("\"\(key)\" is \(value), only \(needed) is supported") }
    }
    for (key, value) in [
      ("num_attention_heads", heads), ("attention_head_dim", headWidth), ("num_layers", layers),
      ("in_channels", inputChannels), ("patch_size", patchSize), ("caption_channels", captionChannels),
      ("sample_size", sampleSize),
    ] {
      try require((1...65_536).contains(value), key, value, "1 to 65536")
    }
    if let interpolationScale {
      try require(
        interpolationScale.isFinite && interpolationScale > 1e-3, "interpolation_scale", interpolationScale,
        "a positive number")
    }
    try require(
      [inputChannels, 2 * inputChannels].contains(outputChannels), "out_channels", outputChannels,
      "once or twice in_channels")
    try require(
      crossAttentionWidth ?? width == width, "cross_attention_dim", crossAttentionWidth ?? 0,
      "the width \(width)")
    try require(activation == "gelu-approximate", "activation_fn", activation, "\"gelu-approximate\"")
    try require(normType == "ada_norm_single", "norm_type", normType, "\"ada_norm_single\"")
    try require(!normElementwiseAffine, "norm_elementwise_affine", true, "false")
    try require(normEpsilon == 1e-6, "norm_eps", normEpsilon, "1e-6")
    try require(attentionBias, "attention_bias", false, "true")
  }
}

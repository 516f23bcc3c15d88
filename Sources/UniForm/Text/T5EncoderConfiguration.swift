extension T5Encoder {
  /// The fields of a T5 v1.1 or FLAN-T5 `config.json` that shape the encoder; defaults are FLAN-T5-large.
  public struct Configuration: JSONConfiguration {
    public var vocabularySize = 32_128
    /// Width D of the residual stream.
    public var width = 1024
    /// Width per head; heads · head width need not equal the width.
    public var headWidth = 64
    public var feedForwardWidth = 2816
    public var layers = 24
    public var heads = 16
    public var buckets = 32
    public var maximumDistance = 128
    public var epsilon = 1e-6
    public var feedForward = "gated-gelu"
    public var activation = "gelu_new"
    public var isGated = true

    public init() {}

    /// The published FLAN-T5 of this width: small, base, large, XL or XXL.
    public static func flanT5(width: Int) -> Configuration? {
      let sizes = [
        512: (1024, 8, 6), 768: (2048, 12, 12), 1024: (2816, 24, 16), 2048: (5120, 24, 32),
        4096: (10_240, 24, 64),
      ]
      guard let (feedForwardWidth, layers, heads) = sizes[width] else { return nil }
      var configuration = Configuration()
      (configuration.width, configuration.feedForwardWidth) = (width, feedForwardWidth)
      (configuration.layers, configuration.heads) = (layers, heads)
      return configuration
    }

    enum CodingKeys: String, CodingKey {
      case vocabularySize = "vocab_size"
      case width = "d_model"
      case headWidth = "d_kv"
      case feedForwardWidth = "d_ff"
      case layers = "num_layers"
      case heads = "num_heads"
      case buckets = "relative_attention_num_buckets"
      case maximumDistance = "relative_attention_max_distance"
      case epsilon = "layer_norm_epsilon"
      case feedForward = "feed_forward_proj"
      case activation = "dense_act_fn"
      case isGated = "is_gated_act"
    }

    /// The decoder, training, generation and file handling of the writer.
    public static let ignoredKeys: Set<String> = [
      "architectures", "bos_token_id", "chunk_size_feed_forward", "classifier_dropout",
      "decoder_start_token_id", "dropout_rate", "dtype", "eos_token_id", "gradient_checkpointing",
      "initializer_factor", "is_decoder", "is_encoder_decoder", "model_type", "n_positions",
      "num_decoder_layers", "output_past", "pad_token_id", "scale_decoder_outputs", "task_specific_params",
      "tie_word_embeddings", "tokenizer_class", "torch_dtype", "transformers_version", "use_cache",
    ]

    var attentionWidth: Int { heads * headWidth }

    public func validate() throws(ConfigurationError) {
      let positive = [
        ("vocab_size", vocabularySize), ("d_model", width), ("d_kv", headWidth), ("d_ff", feedForwardWidth),
        ("num_layers", layers), ("num_heads", heads),
      ]
      let limit = 1 << 24
      for (key, value) in positive where !(1...limit).contains(value) {
        throw ConfigurationError("\(key) must be in 1...\(limit), not \(value)")
      }
      guard layers <= 1024 else { throw ConfigurationError("num_layers must be at most 1024, not \(layers)") }
      guard buckets >= 4, buckets.isMultiple(of: 4), maximumDistance > buckets / 4 else {
        throw ConfigurationError(
          "relative_attention_num_buckets (\(buckets)) must be a multiple of 4 and "
            + "relative_attention_max_distance (\(maximumDistance)) more than a quarter of it")
      }
      // Early FLAN-T5 files say "gelu"; the weights were trained with the tanh form in any case.
      guard ["gated-gelu", "gelu"].contains(feedForward), ["gelu_new", "gelu"].contains(activation), isGated
      else {
        throw ConfigurationError(
          "feed_forward_proj \"\(feedForward)\" is not supported; T5 v1.1 and FLAN-T5 have \"gated-gelu\"")
      }
    }
  }
}

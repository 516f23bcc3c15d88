public import Torch

/// The 2-D variational autoencoder of latent diffusion, for pictures and for log-mel spectrograms alike, with the
/// layout and the key names of diffusers' class of the same name.
///
/// Letters: B batch, C channels in, H × W picture (for sound: time × mel bands), h × w latent grid, z latent
/// channels. H and W are multiples of ``Configuration/reduction``.
public struct AutoencoderKL {
  public let encoder: Encoder
  public let decoder: Decoder

  /// Throws `WeightError` where a file lacks a tensor or has another shape, ``ConfigurationError`` for a
  /// configuration that cannot work.
  public init(_ parameters: Parameters, _ configuration: Configuration) throws {
    encoder = try Encoder(parameters, configuration)
    decoder = try Decoder(parameters, configuration)
  }

  /// `[B, C, H, W]` to a posterior over `[B, z, h, w]`; `scaling_factor` is not applied.
  public func encode(_ x: Tensor) -> DiagonalGaussian { encoder(x) }

  /// `[B, z, h, w]` to `[B, C, H, W]`; not clamped.
  public func decode(_ z: Tensor) -> Tensor { decoder(z) }
}

extension AutoencoderKL {
  /// The encoding half: `encoder.*` and `quant_conv.*`.
  public struct Encoder {
    public let configuration: Configuration
    let convIn: Conv2d
    let blocks: [DownBlock]
    let middle: MiddleBlock
    let normOut: GroupNorm
    let convOut: Conv2d
    let quantConv: Conv2d?

    public init(_ parameters: Parameters, _ configuration: Configuration) throws {
      try configuration.validate()
      self.configuration = configuration
      let channels = configuration.blockOutChannels
      let moments = 2 * configuration.latentChannels
      let encoder = parameters["encoder"]
      convIn = try Conv2d(
        encoder["conv_in"], configuration.inChannels * configuration.patchArea, channels[0], kernel: 3,
        padding: [1, 1])
      blocks = try channels.indices.map { level in
        try DownBlock(
          encoder["down_blocks"][level], channels[max(level - 1, 0)], channels[level],
          stride: level + 1 < channels.count ? configuration.strides[level] : nil, configuration)
      }
      middle = try MiddleBlock(encoder["mid_block"], channels.last!, configuration)
      normOut = try GroupNorm(encoder["conv_norm_out"], channels.last!, configuration)
      convOut = try Conv2d(encoder["conv_out"], channels.last!, moments, kernel: 3, padding: [1, 1])
      quantConv =
        configuration.useQuantConv
        ? try Conv2d(parameters["quant_conv"], moments, moments, kernel: 1) : nil
    }

    public func callAsFunction(_ x: Tensor) -> DiagonalGaussian {
      let patches = configuration.patchSize > 1 ? x.pixelUnshuffled(configuration.patchSize) : x
      var h = configuration.laidOut(convIn(configuration.laidOut(patches)))  // [B, C₀, H/p, W/p]
      for block in blocks { h = block(h) }  // [B, Cₗ, h, w]
      h = convOut(normOut.silu(middle(h)))  // [B, 2z, h, w]
      return DiagonalGaussian(moments: quantConv?(h) ?? h)
    }
  }

  /// The decoding half: `decoder.*` and `post_quant_conv.*`.
  public struct Decoder {
    public let configuration: Configuration
    let postQuantConv: Conv2d?
    let convIn: Conv2d
    let middle: MiddleBlock
    let blocks: [UpBlock]
    let normOut: GroupNorm
    let convOut: Conv2d

    public init(_ parameters: Parameters, _ configuration: Configuration) throws {
      try configuration.validate()
      self.configuration = configuration
      let channels = Array(configuration.blockOutChannels.reversed())
      let strides = Array(configuration.strides.reversed())
      let latent = configuration.latentChannels
      let decoder = parameters["decoder"]
      postQuantConv =
        configuration.usePostQuantConv
        ? try Conv2d(parameters["post_quant_conv"], latent, latent, kernel: 1) : nil
      convIn = try Conv2d(decoder["conv_in"], latent, channels[0], kernel: 3, padding: [1, 1])
      middle = try MiddleBlock(decoder["mid_block"], channels[0], configuration)
      blocks = try channels.indices.map { level in
        try UpBlock(
          decoder["up_blocks"][level], channels[max(level - 1, 0)], channels[level],
          stride: level + 1 < channels.count ? strides[level] : nil, configuration)
      }
      normOut = try GroupNorm(decoder["conv_norm_out"], channels.last!, configuration)
      convOut = try Conv2d(
        decoder["conv_out"], channels.last!, configuration.outChannels * configuration.patchArea, kernel: 3,
        padding: [1, 1])
    }

    public func callAsFunction(_ z: Tensor) -> Tensor {
      var h = configuration.laidOut(convIn(postQuantConv?(z) ?? z))  // [B, Cₗ, h, w]
      h = middle(h)  // [B, Cₗ, h, w]
      for block in blocks { h = block(h) }  // [B, C₀, H/p, W/p]
      h = convOut(normOut.silu(h))  // [B, C·p², H/p, W/p]
      return configuration.patchSize > 1 ? h.pixelShuffled(configuration.patchSize) : h
    }
  }
}

extension AutoencoderKL.Configuration {
  /// The tensor in the faster memory layout, as measured on a CPU: channels last where this package normalises it, and for
  /// wide convolutions without gradients (3 to 17 % less time from 128² pixels on), else channels first (up to 25 % less
  /// in narrow models and in training).
  fileprivate func laidOut(_ x: Tensor) -> Tensor {
    GroupNorm.prefersChannelsLast(x) || (blockOutChannels[0] >= 128 && !x.requiresGradient)
      ? x.channelsLast : x.contiguous
  }
}

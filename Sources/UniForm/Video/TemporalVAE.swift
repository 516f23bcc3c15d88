public import Torch

/// The causal variational autoencoder along time of Open-Sora 1.2 (`VAE_Temporal_SD`): it shortens a clip of
/// picture latents four times and leaves their height and width alone.
///
/// Letters: B batch, C channels of the picture latents, z channels of the result, T frames, t = ⌈T/4⌉ latent
/// frames, H × W the grid.
public struct TemporalVAE {
  public let encoder: Encoder
  public let decoder: Decoder

  /// Throws `WeightError` where a file lacks a tensor or has another shape, ``ConfigurationError`` for a
  /// configuration that cannot work.
  public init(_ parameters: Parameters, _ configuration: Configuration) throws {
    encoder = try Encoder(parameters, configuration)
    decoder = try Decoder(parameters, configuration)
  }

  /// `[B, C, T, H, W]` to a posterior over `[B, z, t, H, W]`.
  public func encode(_ x: Tensor) -> DiagonalGaussian { encoder(x) }

  /// `[B, z, t, H, W]` to `[B, C, frames, H, W]`, where `t = ⌈frames/4⌉`.
  public func decode(_ z: Tensor, frames: Int) -> Tensor { decoder(z, frames: frames) }
}

extension TemporalVAE {
  /// The encoding half: `encoder.*` and `quant_conv.*`.
  public struct Encoder {
    public let configuration: Configuration
    let convIn: CausalConv3d
    let levels: [[TemporalResidualBlock]]
    let downsamples: [CausalConv3d?]
    let residuals: [TemporalResidualBlock]
    let norm: GroupNorm
    let convOut: CausalConv3d
    let quantConv: CausalConv3d

    public init(_ parameters: Parameters, _ configuration: Configuration) throws {
      try configuration.validate()
      self.configuration = configuration
      let encoder = parameters["encoder"]
      let channels = configuration.channels
      let last = channels.last!
      convIn = try CausalConv3d(
        encoder["conv_in"], configuration.inOutChannels, configuration.filters, kernel: 3, bias: false)
      levels = try channels.indices.map { level in
        try configuration.residuals(
          encoder["block_res_blocks"][level], level == 0 ? configuration.filters : channels[level - 1],
          channels[level])
      }
      downsamples = try configuration.temporalDownsample.enumerated().map { level, halves in
        guard halves else { return nil }
        return try CausalConv3d(
          encoder["conv_blocks"][level], channels[level], channels[level], kernel: 3, timeStride: 2)
      }
      residuals = try configuration.residuals(encoder["res_blocks"], last, last)
      norm = try GroupNorm(encoder["norm1"], last, configuration)
      let moments = 2 * configuration.latentEmbedDim
      convOut = try CausalConv3d(encoder["conv2"], last, moments, kernel: 1)
      quantConv = try CausalConv3d(parameters["quant_conv"], moments, 2 * configuration.embedDim, kernel: 1)
    }

    public func callAsFunction(_ x: Tensor) -> DiagonalGaussian {
      // Latent 0 covers the padding and the first frame: the zeros stand for what came before the clip.
      let padding = configuration.padding(frames: x.size(2))
      var h = convIn(laidOut(x.padded([0, 0, 0, 0, padding, 0])))  // [B, filters, 4t, H, W]
      for (level, blocks) in levels.enumerated() {
        for block in blocks { h = block(h) }  // [B, Cₗ, Tₗ, H, W]
        if level < downsamples.count, let downsample = downsamples[level] { h = downsample(h) }
      }
      for block in residuals { h = block(h) }  // [B, Cₗ, t, H, W]
      return DiagonalGaussian(moments: quantConv(convOut(norm.silu(h))))  // [B, 2z, t, H, W]
    }
  }

  /// The decoding half: `decoder.*` and `post_quant_conv.*`.
  public struct Decoder {
    public let configuration: Configuration
    let postQuantConv: CausalConv3d
    let convIn: CausalConv3d
    let residuals: [TemporalResidualBlock]
    let levels: [[TemporalResidualBlock]]
    let upsamples: [CausalConv3d?]
    let norm: GroupNorm
    let convOut: CausalConv3d

    public init(_ parameters: Parameters, _ configuration: Configuration) throws {
      try configuration.validate()
      self.configuration = configuration
      let decoder = parameters["decoder"]
      let channels = configuration.channels
      let last = channels.last!
      postQuantConv = try CausalConv3d(
        parameters["post_quant_conv"], configuration.embedDim, configuration.latentEmbedDim, kernel: 1)
      convIn = try CausalConv3d(decoder["conv1"], configuration.latentEmbedDim, last, kernel: 3)
      residuals = try configuration.residuals(decoder["res_blocks"], last, last)
      levels = try channels.indices.map { level in
        try configuration.residuals(
          decoder["block_res_blocks"][level], channels[min(level + 1, channels.count - 1)], channels[level])
      }
      upsamples = try configuration.temporalDownsample.enumerated().map { level, doubles in
        guard doubles else { return nil }
        return try CausalConv3d(
          decoder["conv_blocks"][level], channels[level + 1], 2 * channels[level + 1], kernel: 3)
      }
      norm = try GroupNorm(decoder["norm1"], channels[0], configuration)
      convOut = try CausalConv3d(
        decoder["conv_out"], channels[0], configuration.inOutChannels, kernel: 3)
    }

    public func callAsFunction(_ z: Tensor, frames: Int) -> Tensor {
      var h = convIn(postQuantConv(laidOut(z)))  // [B, Cₗ, t, H, W]
      for block in residuals { h = block(h) }  // [B, Cₗ, t, H, W]
      for (level, blocks) in levels.enumerated().reversed() {
        for block in blocks { h = block(h) }  // [B, Cₗ, Tₗ, H, W]
        if level > 0, let upsample = upsamples[level - 1] { h = laidOut(unfoldTime(upsample(h))) }
      }
      h = convOut(norm.silu(h))  // [B, C, 4t, H, W]
      return h.narrowed(2, start: configuration.padding(frames: frames), length: frames)  // [B, C, T, H, W]
    }

    /// Pairs of channels become pairs of frames: `[B, C·2, T, H, W]` to `[B, C, T·2, H, W]`.
    private func unfoldTime(_ x: Tensor) -> Tensor {
      let shape = x.shape
      return x.reshaped(shape[0], shape[1] / 2, 2, shape[2], shape[3], shape[4])  // [B, C, 2, T, H, W]
        .permuted(0, 1, 3, 2, 4, 5).flattened(from: 2, to: 3)  // [B, C, T·2, H, W]
    }
  }
}

/// The tensor in the faster memory layout.
private func laidOut(_ x: Tensor) -> Tensor { GroupNorm.prefersChannelsLast(x) ? x.channelsLast : x }

public import Torch

/// The HiFi-GAN vocoder: log-mel frames to sound.
///
/// Letters: B batch, T mel frames, M mel filters, C channels (halved by every stage), N samples.
/// Differentiable.
public struct HiFiGAN {
  public let configuration: Configuration
  private let mean, scale: Tensor?  // [M]
  private let input: Conv1d
  private let stages: [Stage]
  private let output: Conv1d
  /// Frames before and after a frame that its samples depend on.
  public let context: (before: Int, after: Int)

  /// `parameters` lies at the root of transformers' names; files of other layouts are first brought to them
  /// by ``VocoderKeys``. Throws ``ConfigurationError`` or `WeightError`.
  public init(_ parameters: Parameters, _ configuration: Configuration = Configuration()) throws {
    try configuration.validate()
    self.configuration = configuration
    let c = configuration
    // The original layout has no statistics, and they matter only where they are used.
    let hasStatistics = c.normalizesInput || parameters.contains("mean")
    mean = hasStatistics ? try parameters.buffer("mean", c.melCount) : nil
    scale = hasStatistics ? try parameters.buffer("scale", c.melCount, initialization: .ones) : nil
    input = try Conv1d(parameters["conv_pre"], c.melCount, c.initialChannels, kernel: 7, padding: 3)
    stages = try c.upsampleRates.indices.map { try Stage(parameters, $0, c) }
    let last = c.channels(after: c.upsampleRates.count - 1)
    output = try Conv1d(parameters["conv_post"], last, 1, kernel: 7, padding: 3)
    context = c.context
  }

  /// Log-mels `[B, T, M]` to waveforms `[B, N]` in [−1, 1] with everything that the stages produce: somewhat
  /// more than `hop · T` samples where a kernel and its rate differ by an odd number.
  public func callAsFunction(_ mel: Tensor) -> Tensor {
    var mel = mel.contiguous  // [B, T, M]
    if configuration.normalizesInput, let mean, let scale {
      mel = (mel - mean.to(mel.dtype)) / scale.to(mel.dtype)  // [B, T, M]
    }
    // Transposed, the mel is a flat picture with channels last, and so is all that follows.
    var x = input.flat(mel.transposed(1, 2).unsqueezed(2))  // [B, C, 1, T]
    for stage in stages { x = stage(x) }  // [B, C / 2, 1, T · rate], stage by stage
    // The published model leaves this slope at its library's default.
    return output.flat(x.leakyReLU(slope: 0.01)).tanh.flattened(from: 1)  // [B, N]
  }

  /// Log-mels `[B, T, M]` to exactly `hop · T` samples, `[B, hop · T]`.
  ///
  /// More than `chunk` frames are computed piece by piece, each with all the frames that reach into its
  /// samples, so the result is that of the whole at bounded memory.
  public func vocode(_ mel: Tensor, chunk: Int = 1024) -> Tensor {
    let (frames, hop) = (mel.size(1), configuration.hop)
    guard frames > max(chunk, 1) else {
      return self(mel).narrowed(1, start: 0, length: hop * frames)  // [B, hop · T]
    }
    let pieces = stride(from: 0, to: frames, by: max(chunk, 1)).map { start in
      vocode(mel, frames: start..<min(start + max(chunk, 1), frames))
    }
    return Tensor.concatenate(pieces, axis: 1)  // [B, hop · T]
  }

  /// The samples of some frames of `[B, T, M]`, computed with all the frames that reach into them:
  /// `[B, hop · count]`.
  public func vocode(_ mel: Tensor, frames range: Range<Int>) -> Tensor {
    let hop = configuration.hop
    let from = max(range.lowerBound - context.before, 0)
    let to = min(range.upperBound + context.after, mel.size(1))
    let sound = self(mel.narrowed(1, start: from, length: to - from))
    return sound.narrowed(1, start: hop * (range.lowerBound - from), length: hop * range.count)
  }
}

extension HiFiGAN {
  /// A transposed convolution and the mean of residual blocks with different kernels.
  struct Stage {
    let upsampling: ConvTranspose1d
    let blocks: [ResidualBlock]
    let slope: Double

    init(_ p: Parameters, _ index: Int, _ c: Configuration) throws {
      let (rate, kernel) = (c.upsampleRates[index], c.upsampleKernels[index])
      let channels = c.channels(after: index)
      upsampling = try ConvTranspose1d(
        p["upsampler"][index], 2 * channels, channels, kernel: kernel, stride: rate,
        padding: (kernel - rate) / 2)
      let count = c.residualKernels.count
      blocks = try (0..<count).map { block in
        try ResidualBlock(
          p["resblocks"][index * count + block], channels, kernel: c.residualKernels[block],
          dilations: c.residualDilations[block], slope: c.leakySlope)
      }
      slope = c.leakySlope
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let up = upsampling.flat(x.leakyReLU(slope: slope))  // [B, C / 2, 1, T · rate]
      let sum = blocks.dropFirst().reduce(blocks[0](up)) { $0.plus($1(up)) }  // [B, C / 2, 1, T · rate]
      return sum / Double(blocks.count)  // [B, C / 2, 1, T · rate]
    }
  }

  /// Pairs of convolutions, the first of each dilated, each pair added to its input.
  struct ResidualBlock {
    let pairs: [(dilated: Conv1d, plain: Conv1d)]
    let slope: Double

    init(_ p: Parameters, _ channels: Int, kernel: Int, dilations: [Int], slope: Double) throws {
      pairs = try dilations.enumerated().map { index, dilation in
        let dilated = try Conv1d(
          p["convs1"][index], channels, channels, kernel: kernel, padding: (kernel - 1) / 2 * dilation,
          dilation: dilation)
        let plain = try Conv1d(
          p["convs2"][index], channels, channels, kernel: kernel, padding: (kernel - 1) / 2)
        return (dilated, plain)
      }
      self.slope = slope
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      pairs.reduce(x) { x, pair in
        let h = pair.dilated.flat(x.leakyReLU(slope: slope), leakySlope: slope)  // [B, C, 1, T]
        return pair.plain.flat(h).plus(x)  // [B, C, 1, T]
      }
    }
  }
}

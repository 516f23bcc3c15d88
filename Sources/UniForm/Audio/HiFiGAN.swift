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
    samples(0..<stages.reduce(mel.size(1)) { $1.length(after: $0) }, of: mel)
  }

  /// Some samples of a log-mel `[B, T, M]`, `[B, count]`. Every layer computes what they depend on, and no more.
  private func samples(_ range: Range<Int>, of mel: Tensor) -> Tensor {
    let needed = configuration.dependence(of: range)
    var length = mel.size(1)
    var covered = needed.frames.clamped(to: 0..<length)
    var mel = mel.part(1, covered).contiguous  // [B, T, M]
    if configuration.normalizesInput, let mean, let scale {
      mel = (mel - mean.to(mel.dtype)) / scale.to(mel.dtype)  // [B, T, M]
    }
    // Transposed, the mel is a flat picture with channels last, and so is all that follows.
    var x = input.flat(mel.transposed(1, 2).unsqueezed(2))  // [B, C, 1, T]
    for (stage, span) in zip(stages, needed.stages) {
      let input = span.input.clamped(to: 0..<length)
      length = stage.length(after: length)
      let kept = span.upsampled.clamped(to: 0..<length)
      // [B, C / 2, 1, T · rate], stage by stage
      x = stage(x.part(3, input, of: covered), keeping: kept, from: input.lowerBound)
      covered = kept
    }
    let last = needed.beforeOutput.clamped(to: 0..<length)
    x = x.part(3, last, of: covered)  // [B, C, 1, N]
    // The published model leaves this slope at its library's default.
    let sound = output.flat(x.leakyReLU(slope: 0.01)).tanh.flattened(from: 1)  // [B, N]
    return sound.part(1, range, of: last)
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
    return samples(hop * range.lowerBound..<hop * range.upperBound, of: mel)
  }
}

extension Tensor {
  /// The elements of a range along an axis that holds those of `whole`.
  fileprivate func part(_ axis: Int, _ range: Range<Int>, of whole: Range<Int>? = nil) -> Tensor {
    narrowed(axis, start: range.lowerBound - (whole?.lowerBound ?? 0), length: range.count)
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

    /// Positions after the stage for so many before it.
    func length(after length: Int) -> Int {
      (length - 1) * upsampling.stride - 2 * upsampling.padding + upsampling.weight.size(2)
    }

    /// `x` begins at position `first`; of what it is enlarged to, the positions `kept` remain.
    func callAsFunction(_ x: Tensor, keeping kept: Range<Int>, from first: Int) -> Tensor {
      let start = first * upsampling.stride
      let up = upsampling.flat(x.leakyReLU(slope: slope))  // [B, C / 2, 1, T · rate]
        .part(3, kept, of: start..<start + 1)
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

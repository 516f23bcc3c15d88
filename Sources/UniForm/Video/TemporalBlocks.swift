import Torch

/// A 3-D convolution that looks into the past only: time is padded in front, height and width evenly.
struct CausalConv3d {
  let conv: Conv3d
  let past: Int

  init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, timeStride: Int = 1,
    bias: Bool = true
  ) throws {
    conv = try Conv3d(
      parameters["conv"], inputs, outputs, kernel: kernel, stride: [timeStride, 1, 1],
      padding: [0, kernel / 2, kernel / 2], bias: bias)
    past = kernel - timeStride
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    conv(past == 0 ? x : x.padded([0, 0, 0, 0, past, 0]))  // [B, in, T, H, W] → [B, out, T/stride, H, W]
  }
}

/// Two normalised causal convolutions without bias around a skip path.
struct TemporalResidualBlock {
  let norm1: GroupNorm
  let conv1: CausalConv3d
  let norm2: GroupNorm
  let conv2: CausalConv3d
  let shortcut: CausalConv3d?

  init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, _ configuration: TemporalVAE.Configuration
  ) throws {
    norm1 = try GroupNorm(parameters["norm1"], inputs, configuration)
    conv1 = try CausalConv3d(parameters["conv1"], inputs, outputs, kernel: 3, bias: false)
    norm2 = try GroupNorm(parameters["norm2"], outputs, configuration)
    conv2 = try CausalConv3d(parameters["conv2"], outputs, outputs, kernel: 3, bias: false)
    shortcut =
      inputs == outputs
      ? nil : try CausalConv3d(parameters["conv3"], inputs, outputs, kernel: 1, bias: false)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = conv1(norm1.silu(x))  // [B, out, T, H, W]
    return conv2(norm2.silu(h)).plus(shortcut?(x) ?? x)  // [B, out, T, H, W]
  }
}

extension TemporalVAE.Configuration {
  /// The residual blocks of one level.
  func residuals(_ parameters: Parameters, _ inputs: Int, _ outputs: Int) throws -> [TemporalResidualBlock] {
    try (0..<numResBlocks).map { index in
      try TemporalResidualBlock(parameters[index], index == 0 ? inputs : outputs, outputs, self)
    }
  }
}

extension GroupNorm {
  /// The normalisation of the temporal autoencoder; its statistics span time.
  init(_ parameters: Parameters, _ channels: Int, _ configuration: TemporalVAE.Configuration) throws {
    try self.init(parameters, groups: configuration.numGroups, channels: channels, epsilon: 1e-5)
  }
}

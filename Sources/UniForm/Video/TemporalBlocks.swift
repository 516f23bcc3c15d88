import Torch

/// A 3-D convolution that looks into the past only: time is padded in front, height and width evenly.
struct CausalConv3d {
  let weight: Tensor  // [out, in, k, k, k]
  let bias: Tensor?
  let timeStride: Int
  let padding: [Int]

  init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, timeStride: Int = 1,
    bias: Bool = true
  ) throws {
    let conv = parameters["conv"]
    weight = try conv("weight", outputs, inputs, kernel, kernel, kernel)
    let fanIn = inputs * kernel * kernel * kernel
    self.bias = bias ? try conv("bias", outputs, initialization: .bias(fanIn: fanIn)) : nil
    self.timeStride = timeStride
    let side = kernel / 2
    padding = [side, side, side, side, kernel - timeStride, 0]
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    // [B, in, T, H, W] → [B, out, T/stride, H, W]
    x.padded(padding).conv3d(weight.to(x.dtype), bias?.to(x.dtype), stride: [timeStride, 1, 1])
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
    let h = conv1(norm1(x).silu)  // [B, out, T, H, W]
    return (shortcut?(x) ?? x) + conv2(norm2(h).silu)  // [B, out, T, H, W]
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

import Torch

/// Two normalised 3×3 convolutions around a skip path.
struct AutoencoderResidualBlock {
  let norm1: GroupNorm
  let conv1: Conv2d
  let norm2: GroupNorm
  let conv2: Conv2d
  let shortcut: Conv2d?

  init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, _ configuration: AutoencoderKL.Configuration
  ) throws {
    norm1 = try GroupNorm(parameters["norm1"], inputs, configuration)
    conv1 = try Conv2d(parameters["conv1"], inputs, outputs, kernel: 3, padding: [1, 1])
    norm2 = try GroupNorm(parameters["norm2"], outputs, configuration)
    conv2 = try Conv2d(parameters["conv2"], outputs, outputs, kernel: 3, padding: [1, 1])
    shortcut =
      inputs == outputs ? nil : try Conv2d(parameters["conv_shortcut"], inputs, outputs, kernel: 1)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = conv1(norm1.silu(x))  // [B, out, H, W]
    return conv2(norm2.silu(h)).plus(shortcut?(x) ?? x)  // [B, out, H, W]
  }
}

/// Self-attention over all positions with a single head as wide as the picture has channels.
struct AutoencoderAttention {
  let norm: GroupNorm
  let query: Linear
  let key: Linear
  let value: Linear
  let output: Linear

  init(_ parameters: Parameters, _ channels: Int, _ configuration: AutoencoderKL.Configuration) throws {
    norm = try GroupNorm(parameters["group_norm"], channels, configuration)
    query = try Linear(parameters["to_q"], channels, channels)
    key = try Linear(parameters["to_k"], channels, channels)
    value = try Linear(parameters["to_v"], channels, channels)
    output = try Linear(parameters["to_out"][0], channels, channels)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let (channels, height, width) = (x.size(1), x.size(2), x.size(3))
    let h = norm(x).permuted(0, 2, 3, 1).flattened(from: 1, to: 2)  // [B, H·W, C]
    let queries = query(h) * (1 / Double(channels).squareRoot())  // [B, H·W, C]
    let scores = queries.matmul(key(h).transposed(1, 2))  // [B, H·W, H·W]
    let mixed = scores.softmax(-1, dtype: .float32).to(x.dtype).matmul(value(h))  // [B, H·W, C]
    let grid = output(mixed).reshaped(-1, height, width, channels)  // [B, H, W, C]
    return grid.permuted(0, 3, 1, 2).plus(x)  // [B, C, H, W]
  }
}

/// The lowest resolution: a residual block, attention, a residual block.
struct MiddleBlock {
  let first: AutoencoderResidualBlock
  let attention: AutoencoderAttention?
  let second: AutoencoderResidualBlock

  init(_ parameters: Parameters, _ channels: Int, _ configuration: AutoencoderKL.Configuration) throws {
    first = try AutoencoderResidualBlock(parameters["resnets"][0], channels, channels, configuration)
    attention =
      configuration.midBlockAddAttention
      ? try AutoencoderAttention(parameters["attentions"][0], channels, configuration) : nil
    second = try AutoencoderResidualBlock(parameters["resnets"][1], channels, channels, configuration)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = first(x)
    return second(attention?(h) ?? h)  // [B, C, h, w]
  }
}

/// One level of the encoder: residual blocks, then a strided convolution unless it is the last.
struct DownBlock {
  let residuals: [AutoencoderResidualBlock]
  let downsample: Conv2d?

  init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, stride: [Int]?,
    _ configuration: AutoencoderKL.Configuration
  ) throws {
    residuals = try (0..<configuration.layersPerBlock).map { index in
      try AutoencoderResidualBlock(
        parameters["resnets"][index], index == 0 ? inputs : outputs, outputs, configuration)
    }
    downsample = try stride.map {
      try Conv2d(parameters["downsamplers"][0]["conv"], outputs, outputs, kernel: 3, stride: $0)
    }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var h = x
    for residual in residuals { h = residual(h) }  // [B, out, H, W]
    guard let downsample else { return h }
    // The published models pad the end of a halved axis only; an axis that keeps its length is padded evenly.
    let (top, left) = (2 - downsample.stride[0], 2 - downsample.stride[1])
    return downsample(h.padded([left, 1, top, 1]))  // [B, out, H/s, W/s]
  }
}

/// One level of the decoder: residual blocks, then enlargement and a convolution unless it is the last.
struct UpBlock {
  let residuals: [AutoencoderResidualBlock]
  let upsample: UpsamplingConvolution?

  init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, stride: [Int]?,
    _ configuration: AutoencoderKL.Configuration
  ) throws {
    residuals = try (0...configuration.layersPerBlock).map { index in
      try AutoencoderResidualBlock(
        parameters["resnets"][index], index == 0 ? inputs : outputs, outputs, configuration)
    }
    upsample = try stride.map {
      try UpsamplingConvolution(parameters["upsamplers"][0]["conv"], outputs, stride: $0)
    }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var h = x
    for residual in residuals { h = residual(h) }  // [B, out, H, W]
    return upsample?(h) ?? h  // [B, out, s·H, s·W]
  }
}

extension GroupNorm {
  /// The normalisation of the 2-D autoencoders, whose epsilon is not libtorch's default.
  init(_ parameters: Parameters, _ channels: Int, _ configuration: AutoencoderKL.Configuration) throws {
    try self.init(parameters, groups: configuration.normNumGroups, channels: channels, epsilon: 1e-6)
  }
}

internal import Foundation
internal import Torch

/// Patches of one frame to tokens: a convolution whose stride is its kernel, computed as one matrix product.
struct PatchEmbed3D {
  let weight: Tensor  // [D, C, 1, ph, pw]
  let bias: Tensor  // [D]
  let patches: Patches

  init(_ parameters: Parameters, channels: Int, patches: Patches, width: Int) throws {
    weight = try parameters("weight", width, channels, 1, patches.height, patches.width)
    bias = try parameters(
      "bias", width, initialization: .bias(fanIn: channels * patches.height * patches.width))
    self.patches = patches
  }

  /// `[B, C, T, H, W]` to `[B, T, S, D]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    patches.cut(x).linear(weight.to(x.dtype).flattened(from: 1), bias.to(x.dtype))
  }
}

/// Linear – SiLU – Linear over 256 sinusoids of a scalar: the diffusion time, or the frame rate.
struct TimestepEmbedder {
  static let frequencyWidth = 256
  let first: Linear
  let second: Linear

  init(
    _ parameters: Parameters, width: Int, output: Initialization = .xavierUniform
  ) throws {
    first = try Linear(
      parameters["mlp"][0], Self.frequencyWidth, width, weightInitialization: .normal(deviation: 0.02),
      biasInitialization: .zeros)
    second = try Linear(
      parameters["mlp"][2], width, width, weightInitialization: output, biasInitialization: .zeros)
  }

  /// `[N]` scalars to `[N, width]`, in the dtype of `like`.
  func callAsFunction(_ values: Tensor, dtype: DType) -> Tensor {
    second(first(Self.sinusoids(values).to(dtype)).silu)
  }

  /// Cosines first, then sines, of `t · 10000^(−k/128)`.
  static func sinusoids(_ values: Tensor) -> Tensor {
    let half = frequencyWidth / 2
    let frequencies = Tensor(
      (0..<half).map { Float(exp(-log(10_000) * Double($0) / Double(half))) }, device: values.device)
    let angles = values.to(.float32).unsqueezed(1) * frequencies.unsqueezed(0)  // [N, 128]
    return Tensor.concatenate([angles.cos, angles.sin], axis: 1)
  }
}

/// Projects text states to the width of the transformer; holds the rows that stand for "no text".
struct CaptionEmbedder {
  let first: Linear
  let second: Linear
  /// The null caption, `[maximum length, caption width]`: a buffer, never trained.
  let nullCaption: Tensor

  init(_ parameters: Parameters, captionWidth: Int, width: Int, maximumLength: Int) throws {
    nullCaption = try parameters.buffer(
      "y_embedding", maximumLength, captionWidth,
      initialization: .normal(deviation: 1 / Double(captionWidth).squareRoot()))
    first = try Linear(
      parameters["y_proj"]["fc1"], captionWidth, width, weightInitialization: .xavierUniform,
      biasInitialization: .zeros)
    second = try Linear(
      parameters["y_proj"]["fc2"], width, width, weightInitialization: .xavierUniform,
      biasInitialization: .zeros)
  }

  /// `[B, L, caption]` to `[B, L, width]`.
  func callAsFunction(_ states: Tensor) -> Tensor { second(first.geluTanh(states)) }

  /// Replaces whole captions by the null caption where `dropped` `[B]` is true.
  func dropping(_ states: Tensor, where dropped: Tensor) -> Tensor {
    let null = nullCaption.narrowed(0, start: 0, length: states.size(1)).to(states.dtype).unsqueezed(0)
    return null.where(dropped.reshaped(-1, 1, 1), else: states)
  }
}

/// One learned column of the joint latent per task: `[tasks, channels · rows]`.
struct TaskEmbedder {
  let weight: Tensor
  let channels: Int
  let rows: Int

  init(_ parameters: Parameters, tasks: Int, channels: Int, rows: Int) throws {
    weight = try parameters("weight", tasks, channels * rows, initialization: .normal(deviation: 1))
    self.channels = channels
    self.rows = rows
  }

  /// Task ids `[B]` to the column `[B, channels, frames, rows, 1]`.
  func callAsFunction(_ ids: Tensor, frames: Int) -> Tensor {
    weight.embedding(ids).reshaped(-1, channels, 1, rows, 1).expanded(-1, -1, frames, -1, -1)
  }
}

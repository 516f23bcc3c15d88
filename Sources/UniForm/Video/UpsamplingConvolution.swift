import Torch

/// Nearest-neighbour enlargement by whole factors, then a 3×3 convolution.
///
/// Loaded for inference, both are one transposed convolution: pixels that repeat one pixel meet it through several taps of
/// the kernel, whose weights can be added once and for all. That leaves 16 products of 36 where both axes are doubled,
/// and the enlarged picture is never written.
struct UpsamplingConvolution {
  private enum Form {
    case enlarged(Conv2d)
    case merged(weight: Tensor, bias: Tensor)  // [in, out, 2 + sH, 2 + sW]
  }

  let stride: [Int]
  private let form: Form

  init(_ parameters: Parameters, _ channels: Int, stride: [Int]) throws {
    self.stride = stride
    let conv = try Conv2d(parameters, channels, channels, kernel: 3, padding: [1, 1])
    if parameters.store.packs, let bias = conv.bias {
      form = .merged(weight: Self.merged(conv.weight, stride: stride), bias: bias)
    } else {
      form = .enlarged(conv)
    }
  }

  /// `[B, C, H, W]` to `[B, C, sH·H, sW·W]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    switch form {
    case .enlarged(let conv): conv(x.upsampledNearest(stride))
    case .merged(let weight, let bias):
      x.convTranspose2d(weight.to(x.dtype), bias.to(x.dtype), stride: stride, padding: [1, 1])
    }
  }

  /// The kernel `[out, in, 3, 3]`, mirrored and added up over the places that a repeated pixel takes.
  private static func merged(_ weight: Tensor, stride: [Int]) -> Tensor {
    let mirrored = weight.to(.float32).flipped(2, 3)
    let sum = Tensor.zeros([weight.size(0), weight.size(1), 2 + stride[0], 2 + stride[1]])
    for row in 0..<stride[0] {
      for column in 0..<stride[1] {
        sum.narrowed(2, start: row, length: 3).narrowed(3, start: column, length: 3).add_(mirrored)
      }
    }
    return sum.transposed(0, 1).contiguous.to(weight.dtype)
  }
}

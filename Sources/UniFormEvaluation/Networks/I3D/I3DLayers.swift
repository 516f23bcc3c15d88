internal import Torch

extension I3D {
  /// Convolution, batch normalisation, ReLU.
  struct Unit {
    let weight: Tensor  // [out, in, k, k, k], with the normalisation in it
    let bias: Tensor
    let kernel: Int
    let stride: Int

    init(
      _ p: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, epsilon: Double
    ) throws {
      let norm = try BatchNorm(p["bn"], outputs, epsilon: epsilon)
      weight = norm.folded(into: try p["conv3d"]("weight", outputs, inputs, kernel, kernel, kernel))
      bias = norm.shift
      self.kernel = kernel
      self.stride = stride
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      if stride == 1 {  // Both sides get the same, which the convolution does itself.
        let margin = kernel / 2
        return x.conv3d(weight, bias, padding: [margin, margin, margin]).relu
      }
      let (kernels, strides) = ([kernel, kernel, kernel], [stride, stride, stride])
      return SamePadding.padded(x, kernel: kernels, stride: strides)
        .conv3d(weight, bias, stride: strides).relu
    }
  }

  /// Four branches side by side: 1×1, two 3×3 after a 1×1, and a 1×1 after a maximum.
  struct Mixed {
    let b0, b1a, b1b, b2a, b2b, b3b: Unit

    init(_ p: Parameters, _ inputs: Int, _ widths: [Int], epsilon: Double) throws {
      func unit(_ name: String, _ inputs: Int, _ outputs: Int, _ kernel: Int) throws -> Unit {
        try Unit(p[name], inputs, outputs, kernel: kernel, epsilon: epsilon)
      }
      b0 = try unit("b0", inputs, widths[0], 1)
      b1a = try unit("b1a", inputs, widths[1], 1)
      b1b = try unit("b1b", widths[1], widths[2], 3)
      b2a = try unit("b2a", inputs, widths[3], 1)
      b2b = try unit("b2b", widths[3], widths[4], 3)
      b3b = try unit("b3b", inputs, widths[5], 1)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let largest = I3D.maximum(x, kernel: [3, 3, 3], stride: [1, 1, 1])
      return .concatenate([b0(x), b1b(b1a(x)), b2b(b2a(x)), b3b(largest)], axis: 1)
    }

    /// Blocks between two maxima, with the widths of b0, b1a, b1b, b2a, b2b and b3b.
    static let widths: [[(String, [Int])]] = [
      [("Mixed_3b", [64, 96, 128, 16, 32, 32]), ("Mixed_3c", [128, 128, 192, 32, 96, 64])],
      [
        ("Mixed_4b", [192, 96, 208, 16, 48, 64]), ("Mixed_4c", [160, 112, 224, 24, 64, 64]),
        ("Mixed_4d", [128, 128, 256, 24, 64, 64]), ("Mixed_4e", [112, 144, 288, 32, 64, 64]),
        ("Mixed_4f", [256, 160, 320, 32, 128, 128]),
      ],
      [("Mixed_5b", [256, 160, 320, 32, 128, 128]), ("Mixed_5c", [384, 192, 384, 48, 128, 128])],
    ]
  }

  /// Maxima with "SAME" padding; after a ReLU its zeros change nothing.
  static func maximum(_ x: Tensor, kernel: [Int], stride: [Int]) -> Tensor {
    SamePadding.padded(x, kernel: kernel, stride: stride).maximumPool3d(kernel, stride: stride)
  }
}

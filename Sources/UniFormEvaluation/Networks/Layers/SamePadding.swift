internal import Torch

/// TensorFlow's "SAME": as many zeros as make ⌈length / stride⌉ windows, the odd one at the end.
enum SamePadding {
  static func widths(_ length: Int, kernel: Int, stride: Int) -> (front: Int, back: Int) {
    let total = max(((length + stride - 1) / stride - 1) * stride + kernel - length, 0)
    return (total / 2, total - total / 2)
  }

  /// Pads the last axes of `x`, as many as there are kernels.
  static func padded(_ x: Tensor, kernel: [Int], stride: [Int]) -> Tensor {
    let lengths = x.shape.suffix(kernel.count)
    var widths: [Int] = []  // from the last axis on
    for (length, (kernel, stride)) in zip(lengths, zip(kernel, stride)).reversed() {
      let (front, back) = Self.widths(length, kernel: kernel, stride: stride)
      widths += [front, back]
    }
    return widths.allSatisfy { $0 == 0 } ? x : x.padded(widths)
  }
}

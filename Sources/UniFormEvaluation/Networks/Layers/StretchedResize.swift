internal import Torch

extension Tensor {
  /// Bilinear resize of `[…, H, W]` as TensorFlow 1 did it by default: output pixel i lies at i · (input / output), so the
  /// picture shifts by up to half a pixel against all later conventions.
  func resizedFromCorner(height: Int, width: Int) -> Tensor {
    let rows = cornerInterpolation(from: size(-2), to: height)
    let columns = cornerInterpolation(from: size(-1), to: width)
    return rows.matmul(self).matmul(columns.transposed(0, 1))
  }
}

/// `[output, input]`, two weights per row.
private func cornerInterpolation(from input: Int, to output: Int) -> Tensor {
  var weights = [Float](repeating: 0, count: output * input)
  let scale = Float(input) / Float(output)
  for row in 0..<output {
    let position = Float(row) * scale
    let first = min(Int(position), input - 1)
    let part = position - Float(first)
    weights[row * input + first] += 1 - part
    weights[row * input + min(first + 1, input - 1)] += part
  }
  return Tensor(weights, shape: [output, input])
}

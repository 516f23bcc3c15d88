public import Torch

/// The floor of every comparison: how fast this machine multiplies matrices in a number format.
public enum MatrixRate {
  /// Rows and columns of the product.
  public static let size = 4096

  /// One product of two square matrices, ready to be timed again and again.
  public static func product(_ dtype: DType, on device: Device) -> BenchmarkCase {
    let generator = Generator(seed: 1)
    func matrix() -> Tensor { Tensor.randn([size, size], generator: generator).to(dtype).to(device) }
    let (a, b) = (matrix(), matrix())
    return BenchmarkCase("matrix product", "\(size) × \(size) × \(size)") { _ = a.linear(b) }
  }
}

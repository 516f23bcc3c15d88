/// Rows of floats in memory of their own: a picture, or one quantity of each pixel.
///
/// Without bounds checks, for loops over every pixel of every frame; whoever indexes stays inside `height · width`.
final class FloatPlane {
  let width: Int
  let height: Int
  let values: UnsafeMutablePointer<Float>

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    values = .allocate(capacity: max(1, width * height))
    values.initialize(repeating: 0, count: max(1, width * height))
  }

  deinit { values.deallocate() }

  func row(_ y: Int) -> UnsafeMutablePointer<Float> { values + (y &* width) }
}

public import Torch

/// How far a result is from its reference: the worst element and where it lies.
public struct Difference: Sendable, Equatable, CustomStringConvertible {
  /// Of the result.
  public let shape: [Int]
  public let referenceShape: [Int]
  /// Infinite where the shapes differ, or one side is NaN.
  public let absolute: Double
  /// That of the same element, against the larger magnitude of the two.
  public let relative: Double
  public let index: [Int]
  public let value: Double
  public let reference: Double

  public init(_ result: Tensor, _ expected: Tensor) {
    shape = result.shape
    referenceShape = expected.shape
    let a = result.values(as: Double.self)
    let b = expected.values(as: Double.self)
    var worst = 0
    var distance = shape == referenceShape ? 0 : Double.infinity
    if shape == referenceShape {
      for position in a.indices {
        // A NaN on either side counts as infinitely far.
        let gap = a[position] == b[position] ? 0 : abs(a[position] - b[position])
        if !(gap <= distance) {
          distance = gap.isNaN ? .infinity : gap
          worst = position
        }
      }
    }
    absolute = distance
    value = a.indices.contains(worst) ? a[worst] : .nan
    reference = b.indices.contains(worst) ? b[worst] : .nan
    let scale = max(abs(value), abs(reference))
    relative = distance == 0 ? 0 : distance.isFinite ? distance / scale : .infinity
    var rest = worst
    var index: [Int] = []
    for length in shape.reversed() {
      index.insert(length == 0 ? 0 : rest % length, at: 0)
      rest /= max(length, 1)
    }
    self.index = index
  }

  public var shapesAgree: Bool { shape == referenceShape }

  public var description: String {
    shapesAgree
      ? "worst \(absolute) (relative \(relative)) at \(index): \(value), reference \(reference)"
      : "the shape is \(shape), that of the reference \(referenceShape)"
  }
}

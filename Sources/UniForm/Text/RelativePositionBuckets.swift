internal import Foundation

/// T5's relative positions: near distances have a bucket each, far ones share buckets that grow
/// logarithmically, and half of the buckets belong to keys after the query.
public struct RelativePositionBuckets: Sendable, Equatable {
  public let count: Int
  /// Everything at least this far shares the last bucket.
  public let maximumDistance: Int

  public init(count: Int = 32, maximumDistance: Int = 128) {
    self.count = count
    self.maximumDistance = maximumDistance
  }

  /// The bucket of `key position − query position`.
  public func bucket(_ offset: Int) -> Int {
    let perDirection = count / 2
    let exact = perDirection / 2
    let base = offset > 0 ? perDirection : 0
    let distance = abs(offset)
    if distance < exact { return base + distance }
    // In float32 as the reference does: the borders between buckets depend on it.
    let position = log(Float(distance) / Float(exact)) / log(Float(maximumDistance) / Float(exact))
    return base + min(perDirection - 1, exact + Int(position * Float(perDirection - exact)))
  }
}

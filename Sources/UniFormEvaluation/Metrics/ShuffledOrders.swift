/// What chance gives is measured on clips with partners of others: ten random orders of `count` clips that leave none in its place,
/// the same ones for the same count. None for a single clip.
func shuffledOrders(_ count: Int) -> [[Int]] {
  guard count > 1 else { return [] }
  var random = MersenneTwister(seed: 2020)
  var orders: [[Int]] = []
  while orders.count < 10 {
    // One in three leaves no clip in its place.
    let order = random.permutation(count)
    if order.indices.allSatisfy({ order[$0] != $0 }) { orders.append(order) }
  }
  return orders
}

/// The mean of `value(i, j)` where j stands in the place of i in one of those orders. Nil where no pair has a value.
func shuffledMean(_ count: Int, _ value: (Int, Int) -> Double?) -> Double? {
  shuffledOrders(count).flatMap { order in order.indices.compactMap { value($0, order[$0]) } }.mean
}

extension [Double] {
  /// Nil for none.
  var mean: Double? { isEmpty ? nil : reduce(0, +) / Double(count) }
}

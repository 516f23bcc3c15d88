import Testing

@testable import UniFormTraining

@Suite struct EpochOrderTests {
  @Test(arguments: [1, 2, 3, 7, 64, 1000, 1025])
  func `every epoch has every clip once, in an order of its own`(count: Int) {
    let order = EpochOrder(count: count, seed: 5)
    let epochs = (0..<3).map { epoch in (0..<count).map { order.clip(at: epoch * count + $0) } }
    for epoch in epochs { #expect(epoch.sorted() == Array(0..<count)) }
    if count > 60 {
      #expect(Set(epochs).count == 3)
      #expect(epochs[0] != Array(0..<count))
      // Neighbours of the source are not neighbours in training.
      let steps = zip(epochs[0], epochs[0].dropFirst()).map { abs($0 - $1) }
      #expect(steps.count { $0 == 1 } < count / 10)
      #expect(steps.reduce(0, +) > count * count / 5)
    }
  }

  @Test func `seeds have orders of their own, and the same seed has the same`() {
    let (a, b) = (EpochOrder(count: 100, seed: 1), EpochOrder(count: 100, seed: 2))
    #expect(a.indices(step: 3, batchSize: 10) != b.indices(step: 3, batchSize: 10))
    #expect(
      a.indices(step: 3, batchSize: 10) == EpochOrder(count: 100, seed: 1).indices(step: 3, batchSize: 10))
  }

  @Test(arguments: [1, 2, 3, 6])
  func `workers divide a step without overlap, whatever their number`(workers: Int) {
    let order = EpochOrder(count: 40, seed: 3)
    for step in 0..<8 {
      let shares = (0..<workers).flatMap { order.indices(step: step, batchSize: 12, worker: $0, of: workers) }
      #expect(shares == order.indices(step: step, batchSize: 12))
    }
  }

  @Test func `steps go through the epochs without a gap`() {
    let order = EpochOrder(count: 10, seed: 0)
    let seen = (0..<5).flatMap { order.indices(step: $0, batchSize: 4) }
    #expect(seen.prefix(10).sorted() == Array(0..<10))
    #expect(seen.suffix(10).sorted() == Array(0..<10))
    #expect((0..<6).map { order.epoch(step: $0, batchSize: 4) } == [0, 0, 0, 1, 1, 2])
  }
}

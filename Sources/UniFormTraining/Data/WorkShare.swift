/// The part of a work that one of several workers does.
public struct WorkShare: Sendable, Equatable {
  /// From 0.
  public let rank: Int
  public let count: Int

  public static let whole = WorkShare(rank: 0, count: 1)

  public init(rank: Int, count: Int) {
    precondition((0..<count).contains(rank), "there is no worker \(rank) of \(count)")
    self.rank = rank
    self.count = count
  }

  /// Workers take turns, so that all have parts from everywhere.
  public func owns(_ item: Int) -> Bool { item % count == rank }
}

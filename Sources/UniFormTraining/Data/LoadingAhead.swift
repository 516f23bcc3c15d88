/// Loads elements side by side ahead of whoever takes them, and hands them over in order.
///
/// - Parameters:
///   - ahead: the most that are loading or waiting to be taken, so that memory does not grow.
///   - atOnce: the most that are loading.
///   - take: is called for one after another, while others load.
func loadingAhead<Element: Sendable>(
  _ count: Int, ahead: Int, atOnce: Int, load: @escaping @Sendable (Int) async throws -> Element,
  take: (Element) async throws -> Void
) async throws {
  let gate = Gate(places: atOnce)
  try await withThrowingTaskGroup(of: (Int, Element).self) { group in
    var (started, taken) = (0, 0)
    var waiting: [Int: Element] = [:]
    while taken < count {
      while started < min(count, taken + max(ahead, 1)) {
        let index = started
        group.addTask { try await gate.pass { (index, try await load(index)) } }
        started += 1
      }
      if let next = waiting.removeValue(forKey: taken) {
        taken += 1
        try await take(next)
      } else if let (index, element) = try await group.next() {
        waiting[index] = element
      }
    }
  }
}

/// Lets so many through at a time.
private actor Gate {
  private var places: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(places: Int) { self.places = max(places, 1) }

  func pass<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
    if places > 0 { places -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
    defer { if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() } }
    try Task.checkCancellation()
    return try await body()
  }
}

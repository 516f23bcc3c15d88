internal import Torch

/// Names of tensors with something in common, `decoder.*`, and why they are treated alike.
struct NamePattern {
  /// `*` stands for anything.
  let text: String
  let reason: String

  init(_ text: String, _ reason: String) {
    self.text = text
    self.reason = reason
  }

  func matches(_ name: String) -> Bool {
    let parts = text.split(separator: "*", omittingEmptySubsequences: false)
    guard parts.count > 1 else { return name == text }
    var rest = name[...]
    for (index, part) in parts.enumerated() {
      if index == 0 {
        guard rest.hasPrefix(part) else { return false }
        rest = rest.dropFirst(part.count)
      } else if index == parts.count - 1 {
        return rest.hasSuffix(part)
      } else {
        guard let range = rest.firstRange(of: part) else { return false }
        rest = rest[range.upperBound...]
      }
    }
    return true
  }
}

/// Counts names by the first pattern that matches each.
struct NameTally {
  private var counts: [Int]
  private let patterns: [NamePattern]

  init(_ patterns: [NamePattern]) {
    self.patterns = patterns
    counts = patterns.map { _ in 0 }
  }

  /// Whether some pattern matches.
  mutating func count(_ name: String) -> Bool {
    guard let index = patterns.firstIndex(where: { $0.matches(name) }) else { return false }
    counts[index] += 1
    return true
  }

  var groups: [ImportReport.Group] {
    zip(patterns, counts).filter { $1 > 0 }.map {
      ImportReport.Group(names: $0.text, count: $1, reason: $0.reason)
    }
  }
}

extension Weights {
  /// Leaves out what the patterns name, and says how many tensors each was.
  mutating func remove(_ patterns: [NamePattern]) -> [ImportReport.Group] {
    var tally = NameTally(patterns)
    for name in items.keys where tally.count(name) { items[name] = nil }
    return tally.groups
  }

  /// The tensors below a prefix, without it, and how many others there are.
  func part(below prefix: String, others reason: String) -> (Weights, [ImportReport.Group]) {
    let scoped = scoped(prefix)
    let others = items.count - scoped.items.count
    let group = ImportReport.Group(names: "all but \(prefix)*", count: others, reason: reason)
    return (scoped, others > 0 ? [group] : [])
  }
}

/// Captions as piece ids: B rows of the same length L, with the mask that tells ids from padding.
public struct TextTokens: Sendable, Equatable {
  /// `[B, L]`, row after row: pieces, then `</s>`, then padding.
  public let ids: [Int64]
  /// `[B, L]`: 1 for an id, 0 for padding.
  public let mask: [Int64]
  /// B, the number of captions.
  public let count: Int
  /// L, the number of ids per caption.
  public let length: Int

  /// - Parameter rows: each row's ids with the closing `</s>`, of any lengths.
  /// - Parameter length: L; the longest row's when left out. A longer row is an error of the program.
  init(rows: [[Int32]], length: Int? = nil) {
    let length = length ?? rows.map(\.count).max() ?? 0
    var ids: [Int64] = []
    var mask: [Int64] = []
    for row in rows {
      precondition(row.count <= length, "\(row.count) ids do not fit into a length of \(length)")
      let padding = length - row.count
      ids += row.map(Int64.init) + Array(repeating: Int64(T5Tokenizer.padding), count: padding)
      mask += Array(repeating: 1, count: row.count) + Array(repeating: 0, count: padding)
    }
    self.ids = ids
    self.mask = mask
    self.count = rows.count
    self.length = length
  }

  /// One row without its padding; ends with `</s>`.
  public func row(_ index: Int) -> [Int32] {
    let range = index * length..<(index + 1) * length
    return zip(ids[range], mask[range]).compactMap { id, mask in mask == 1 ? Int32(id) : nil }
  }

  /// The same captions with more padding, for a model that was trained at a fixed length.
  public func padded(to length: Int) -> TextTokens {
    TextTokens(rows: (0..<count).map(row), length: length)
  }
}

/// Where byte pair encodings cut text before they join letters: letters, digits and other marks never share a piece.
struct WordSplitter: Sendable {
  /// GPT-2's and RoBERTa's rule keeps spaces, one of them with the word that follows. CLIP's drops them and takes digits
  /// one by one.
  enum Rule: Sendable { case keepingSpaces, droppingSpaces }

  let rule: Rule

  private enum Kind { case letter, number, space, other }

  private static let endings = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

  func callAsFunction(_ text: String) -> [ArraySlice<Unicode.Scalar>] {
    let all = Array(text.unicodeScalars)
    var pieces: [ArraySlice<Unicode.Scalar>] = []
    var index = 0
    while index < all.count {
      let end = pieceEnd(all, from: index)
      if rule == .keepingSpaces || kind(all[index]) != .space { pieces.append(all[index..<end]) }
      index = end
    }
    return pieces
  }

  private func pieceEnd(_ all: [Unicode.Scalar], from start: Int) -> Int {
    if let ending = Self.endings.first(where: { all[start...].starts(with: $0) }) {
      return start + ending.count
    }
    func runEnd(_ start: Int) -> Int {
      let own = kind(all[start])
      return all[start...].firstIndex { kind($0) != own } ?? all.count
    }
    switch (rule, kind(all[start])) {
    case (.droppingSpaces, .number): return start + 1
    case (_, .letter), (_, .number), (_, .other), (.droppingSpaces, .space): return runEnd(start)
    case (.keepingSpaces, .space):
      let end = runEnd(start)
      if end == all.count { return end }
      if end - start > 1 { return end - 1 }  // The last one goes with what follows.
      return all[start] == " " ? runEnd(end) : end
    }
  }

  private func kind(_ scalar: Unicode.Scalar) -> Kind {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
    case .decimalNumber, .letterNumber, .otherNumber: .number
    default: scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value) ? .space : .other
    }
  }
}

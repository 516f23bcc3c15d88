/// Attributes that several classes share.
enum Speed: String, CaseIterable {
  case slow, fast
  var adverb: String { self == .slow ? "slowly" : "quickly" }
}

enum Size: String, CaseIterable {
  case small, large
}

/// How much there is of something, and so how loud it is.
enum Intensity: String, CaseIterable {
  case light, steady, heavy
  var level: Float {
    switch self {
    case .light: 0.3
    case .steady: 0.6
    case .heavy: 1
    }
  }
}

/// Assembles captions from parts.
enum Caption {
  /// One of the wordings, in one spelling: single blanks, no blank before a comma.
  static func pick(_ random: inout RandomSource, _ wordings: [String]) -> String {
    let words = random.choice(wordings).split(separator: " ")
    return words.joined(separator: " ").replacing(" ,", with: ",")
  }

  /// With its indefinite article: `"an orange ball"`.
  static func a(_ phrase: String) -> String {
    let vowel = phrase.first.map { "aeiou".contains($0) } ?? false
    return (vowel ? "an " : "a ") + phrase
  }
}

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

/// Puts a scene into words as people do: some attributes are named, others left out, and now and then a few
/// words have to do.
struct Narrator {
  private var random: RandomSource
  private let isBrief: Bool

  init(_ random: inout RandomSource) {
    self.random = RandomSource(seed: random.next())
    isBrief = self.random.unit() < 0.15
  }

  /// An attribute, or nothing in three of ten captions.
  mutating func maybe(_ attribute: String) -> String { random.unit() < 0.3 ? "" : attribute }

  /// Where it happens, or nothing in four of ten captions.
  mutating func maybe(_ palette: Palette) -> String {
    let phrase = random.choice(palette.phrases)
    return random.unit() < 0.4 ? "" : phrase
  }

  /// One of the wordings, spelled properly.
  mutating func say(_ wordings: [String], brief: [String]) -> String {
    Caption.spelled(random.choice(isBrief ? brief : wordings))
  }
}

/// Spelling of captions that were put together from parts of which some may be empty.
enum Caption {
  /// Single blanks, no comma without something on both sides, "an" before a vowel.
  static func spelled(_ wording: String) -> String {
    var words: [String] = []
    for word in wording.replacing(",", with: " , ").split(separator: " ") {
      if word == "," && (words.isEmpty || words.last == ",") { continue }
      if let first = word.first, words.last == "a", "aeiou".contains(first) { words[words.count - 1] = "an" }
      words.append(String(word))
    }
    if words.last == "," { words.removeLast() }
    return words.joined(separator: " ").replacing(" ,", with: ",")
  }

  /// `"small and red"`, or the one that is there.
  static func both(_ first: String, _ second: String) -> String {
    [first, second].filter { !$0.isEmpty }.joined(separator: " and ")
  }

  /// A phrase around an attribute, or nothing where the attribute is left out.
  static func phrase(_ before: String, _ attribute: String, _ after: String = "") -> String {
    attribute.isEmpty ? "" : "\(before) \(attribute) \(after)"
  }
}

internal import Foundation

/// What a model is asked about a clip, and what of its answer is the caption.
public struct CaptionPrompt: Sendable, Equatable {
  /// `{frames}`, `{seconds}` and `{label}` stand for their number, the clip's length, and its class.
  public var template: String

  public static let standard = """
    These {frames} pictures are from one video clip of {seconds} s, evenly spaced and in order. Describe the clip in two \
    to four plain sentences: what is there, what it does, and where. Begin with the main subject. Do not mention pictures, \
    frames or the camera's user, and say nothing that you are not sure of.
    """

  public init(_ template: String = Self.standard) { self.template = template }

  func text(frames: Int, seconds: Double, label: String?) -> String {
    let length = seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
    return template.replacing("{frames}", with: "\(frames)").replacing("{seconds}", with: length)
      .replacing("{label}", with: label ?? "")
  }

  /// The caption in an answer: one line, without thoughts, quotes and the usual first words.
  ///
  /// - Parameter isCut: the answer ended for lack of tokens; then it ends with its last whole sentence.
  /// - Returns: nil where nothing is left.
  static func caption(in answer: String, isCut: Bool) -> String? {
    // Where the prompt's template opens the thoughts, an answer has their end alone.
    let said =
      answer.range(of: "</think>", options: .backwards).map { String(answer[$0.upperBound...]) } ?? answer
    let spoken = said.replacing(#/(?s)<think>.*$/#, with: "")
    guard var text = CaptionText.cleaned(spoken) else { return nil }
    for pattern in openings { text = text.replacing(pattern.ignoresCase(), with: "") }
    let quotes: [(Character, Character)] = [("\"", "\""), ("“", "”")]
    for (open, close) in quotes where text.count > 1 && text.first == open && text.last == close {
      text = String(text.dropFirst().dropLast())
    }
    if isCut, let end = text.ranges(of: #/[.!?](?=\s|$)/#).last { text = String(text[..<end.upperBound]) }
    guard let first = text.first else { return nil }
    return CaptionText.cleaned(first.uppercased() + text.dropFirst())
  }

  private static var openings: [Regex<Substring>] {
    [
      #/^(?:caption|description)\s*:\s*/#,
      #/^(?:the|this) (?:video|clip|image|footage)(?: clip)? (?:shows|depicts|features|captures|is of) /#,
      #/^in (?:the|this) (?:video|clip|image|footage),? /#,
    ]
  }
}

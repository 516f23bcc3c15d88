public import Foundation

/// One clip of a data set on disk.
public struct SourceClip: Sendable, Equatable {
  /// Unique in the data set.
  public let id: String
  public let file: URL
  public let position: Position
  /// What is in it: a caption, or class labels one after another.
  public var caption: String?
  public let split: String?

  /// Where in its file a clip begins.
  public enum Position: Sendable, Equatable {
    case start(Double)
    /// Of a file that is either this segment of a longer video or the whole of it: its length tells.
    case segment(start: Double, length: Double)

    /// Seconds.
    /// - Parameter duration: of the file; nil where it does not say.
    func start(inFileLasting duration: Double?) -> Double {
      switch self {
      case .start(let start): start
      // A segment may have been cut at key pictures, a little too long.
      case .segment(let start, let length): (duration ?? 0) > length + 1 ? start : 0
      }
    }

    var nominalStart: Double {
      switch self {
      case .start(let start), .segment(let start, _): start
      }
    }
  }

  public init(id: String, file: URL, position: Position = .start(0), caption: String?, split: String? = nil) {
    self.id = id
    self.file = file
    self.position = position
    self.caption = caption.flatMap(CaptionText.cleaned)
    self.split = split
  }
}

enum CaptionText {
  /// One line, without control characters, no longer than a prompt may be; nil where nothing is left.
  static func cleaned(_ text: String) -> String? {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(maximumLength) {
      let isSpace = scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
      if !isSpace {
        scalars.append(scalar)
      } else if let last = scalars.last, last != " " {
        scalars.append(" ")
      }
    }
    if scalars.last == " " { scalars.removeLast() }
    return scalars.isEmpty ? nil : String(scalars)
  }

  /// In Unicode scalars.
  private static let maximumLength = 10_000
}

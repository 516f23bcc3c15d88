internal import Foundation

/// The name of a clip that was cut out of a video of YouTube, in any of the ways that are in use: `ID`, `ID_000030`
/// (seconds), `ID_30` (seconds), `ID_30000` (milliseconds) and `ID_30000_40000` (milliseconds), with or without a `Y` before
/// it that protects ids which begin with a dash.
///
/// Ids have eleven letters, digits, dashes and underscores, so that nothing but their length tells where they end.
struct YouTubeName: Hashable {
  let video: String
  /// What follows the id.
  let numbers: [Int]
  /// The first number has leading zeros.
  private let isPadded: Bool

  init?(_ stem: some StringProtocol) {
    let characters = Array(stem)
    for start in [0, 1] where start == 0 || characters.first == "Y" {
      guard characters.count >= start + Self.idLength else { continue }
      let id = characters[start..<start + Self.idLength]
      guard id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }),
        let numbers = Self.numbers(characters[(start + Self.idLength)...])
      else { continue }
      video = String(id)
      self.numbers = numbers.compactMap { Int($0) }
      isPadded = numbers.first.map { $0.count == 6 && $0.hasPrefix("0") } ?? false
      return
    }
    return nil
  }

  private static let idLength = 11

  /// `_30000_40000` as text; nil for anything else behind the id.
  private static func numbers(_ rest: ArraySlice<Character>) -> [String]? {
    guard let first = rest.first else { return [] }
    guard first == "_" else { return nil }
    let parts = rest.dropFirst().split(separator: "_", omittingEmptySubsequences: false).map { String($0) }
    let areNumbers = parts.allSatisfy { !$0.isEmpty && $0.count < 12 && $0.allSatisfy(\.isWholeNumber) }
    return parts.count <= 2 && areNumbers ? parts : nil
  }

  /// Whether this may be the segment of its video that begins so many seconds into it.
  func begins(at seconds: Double) -> Bool {
    guard let first = numbers.first else { return false }
    let milliseconds = Int((seconds * 1000).rounded())
    if first == milliseconds && !isPadded { return true }
    return first * 1000 == milliseconds && (numbers.count == 1 || numbers[1] - first < 1000)
  }

  /// Seconds, as far as the name alone can tell.
  var start: Double? {
    guard let first = numbers.first else { return nil }
    let isMilliseconds =
      numbers.count == 2 ? numbers[1] - first >= 1000 : !isPadded && first >= 10_000 && first % 1000 == 0
    return isMilliseconds ? Double(first) / 1000 : Double(first)
  }

  /// One name for a segment, whichever way it was written.
  static func id(_ video: String, _ seconds: Double) -> String {
    String(format: "%@_%06d", video, Int(seconds.rounded(.down)))
  }

  var id: String? { start.map { Self.id(video, $0) } }

  /// Of all segments that it may mean: `ID_5000` begins after 5 s or 5000.
  var ids: [String] {
    guard let first = numbers.first else { return [] }
    let canBeMilliseconds = numbers.count == 1 && !isPadded && first % 1000 == 0
    return [id, canBeMilliseconds ? Self.id(video, Double(first / 1000)) : nil].compactMap(\.self)
  }
}

/// The files of a data set by the video that they are from.
struct YouTubeFiles {
  private let files: [String: [(name: YouTubeName, file: URL)]]

  init(_ folder: MediaFolder) {
    files = folder.files.reduce(into: [:]) { files, file in
      guard let name = YouTubeName(file.stem) else { return }
      files[name.video, default: []].append((name, file))
    }
  }

  /// The file of a segment, and where it begins there; nil where there is none.
  func find(_ video: String, at start: Double, length: Double = 10) -> (URL, SourceClip.Position)? {
    guard let candidates = files[video] else { return nil }
    if let cut = candidates.first(where: { $0.name.begins(at: start) }) { return (cut.file, .start(0)) }
    return candidates.first { $0.name.numbers.isEmpty }
      .map { ($0.file, .segment(start: start, length: length)) }
  }
}

public import Foundation

/// What `MediaWriter` writes, chosen by the ending of the file's name.
public enum OutputFormat: String, Sendable, CaseIterable {
  /// H.264 and AAC, for browsers and QuickTime.
  case mp4
  /// VP9 and Opus.
  case webm
  /// Pictures alone, in 256 colours.
  case gif
  /// Sound alone, 16-bit PCM.
  case wav

  /// - Throws: `.unknownEnding`.
  public init(_ url: URL) throws(MediaError) {
    guard let format = OutputFormat(rawValue: url.pathExtension.lowercased()) else {
      throw .unknownEnding(url)
    }
    self = format
  }

  public var holdsPictures: Bool { self != .wav }
  public var holdsSound: Bool { self != .gif }
}

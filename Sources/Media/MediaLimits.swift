/// What the tools may take that read a file of a stranger, and which kinds of file they open at all.
///
/// ```swift
/// try await MediaLimits.$current.withValue(.strangers) { try await MediaProbe.probe(url) }
/// ```
public struct MediaLimits: Sendable, Equatable {
  /// Address space of one tool.
  public var memoryBytes: Int
  /// Of computation, of one tool.
  public var processorSeconds: Int
  /// ffmpeg's names of the containers that are opened; anything else is refused as unreadable.
  public var formats: [String]

  public init(memoryBytes: Int, processorSeconds: Int, formats: [String]) {
    self.memoryBytes = memoryBytes
    self.processorSeconds = processorSeconds
    self.formats = formats
  }

  /// Recorded pictures and sound alone: none of the formats by which a file names other files, as playlists do.
  public static let strangers = MediaLimits(
    memoryBytes: 4 << 30, processorSeconds: 300,
    formats: [
      "mov", "matroska", "avi", "flv", "mpegts", "mpeg", "asf", "gif", "wav", "w64", "aiff", "caf", "flac",
      "ogg", "mp3", "aac",
    ])

  /// Those of the tools that the current task starts; none where nil. Held on Linux only, but for the formats.
  @TaskLocal public static var current: MediaLimits?

  /// `tool` under these limits, as a command of its own.
  func command(_ tool: String, _ arguments: [String]) -> (tool: String, arguments: [String]) {
    #if os(Linux)
      ("prlimit", ["--as=\(memoryBytes)", "--cpu=\(processorSeconds)", "--core=0", tool] + arguments)
    #else
      (tool, arguments)
    #endif
  }

  var inputOptions: [String] { ["-format_whitelist", formats.joined(separator: ",")] }
}

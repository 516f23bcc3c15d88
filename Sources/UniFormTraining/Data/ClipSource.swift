public import Media

/// Where the clips of a cache come from: a listed data set on disk, or a renderer.
public protocol ClipSource: Sendable {
  var count: Int { get }
  /// For the recipe of the cache.
  var summary: CacheRecipe.Source { get }
  /// Everything else that decides what clips look like, by the name of its option.
  var settings: [String: String] { get }

  /// Decodes or renders a clip, at the size, rates and length of the cache.
  /// - Throws: what ends the whole work, such as a missing ffmpeg. A clip that cannot be used is no error.
  func load(_ index: Int) async throws -> ClipOutcome
}

/// What became of one clip of a source.
public enum ClipOutcome: Sendable {
  case loaded(LoadedClip)
  case skipped(SkippedClip)
}

/// A clip in memory, at the size and rates of a model.
public struct LoadedClip: Sendable {
  public let description: ClipDescription
  public let video: VideoFrames
  public let audio: Waveform

  public init(description: ClipDescription, video: VideoFrames, audio: Waveform) {
    self.description = description
    self.video = video
    self.audio = audio
  }
}

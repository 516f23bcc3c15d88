/// What a media file holds, as `MediaProbe` found it. Times are seconds on the file's own clock.
public struct MediaInformation: Sendable, Equatable {
  /// ffmpeg's name for the container, such as `mov,mp4,m4a,3gp,3g2,mj2`.
  public let container: String
  /// Seconds from the first picture (or sound, without pictures) to the end of the longest stream;
  /// `nil` when neither the container nor its packets say, and for a still picture.
  public let duration: Double?
  /// The moment of the file's clock that counts as zero: its first picture, else its first sound.
  public let origin: Double
  /// The video stream that players show (cover art does not count).
  public let video: VideoStream?
  public let audio: AudioStream?
  /// Tags of the container and its streams, keys in lower case.
  public let tags: [String: String]

  public var comment: String? { tags["comment"] }

  public struct VideoStream: Sendable, Equatable {
    public let index: Int
    public let codec: String
    public let pixelFormat: String
    /// `bt709`, `smpte170m`, …; `nil` when the file does not say.
    public let colorSpace: String?
    /// Every other line of a picture was taken at another moment.
    public let isInterlaced: Bool
    public let codedWidth: Int
    public let codedHeight: Int
    /// Width of one pixel over its height, as stored (before rotation).
    public let sampleAspectRatio: Double
    /// Degrees a player turns the pictures by, clockwise: 0, 90, 180 or 270.
    public let rotation: Int
    /// Frames per second: all frames over the whole duration.
    public let averageFrameRate: Rate
    /// The rate the stream announces: the smallest step between two pictures, when that is known.
    public let nominalFrameRate: Rate
    public let start: Double
    /// Seconds, where the file or its packets say so.
    public let duration: Double?

    /// The announced and the average rate differ by more than one percent.
    public var isVariableRate: Bool {
      abs(nominalFrameRate.value / averageFrameRate.value - 1) > 0.01
    }

    /// Width and height in square pixels as a player shows them: sample aspect applied, then turned.
    public var displaySize: (width: Int, height: Int) {
      let width = max(1, Int((Double(codedWidth) * sampleAspectRatio).rounded()))
      return rotation % 180 == 0 ? (width, codedHeight) : (codedHeight, width)
    }
  }

  public struct AudioStream: Sendable, Equatable {
    public let index: Int
    public let codec: String
    /// `LC`, `HE-AAC`, …; `nil` for codecs without profiles.
    public let profile: String?
    public let sampleRate: Int
    public let channels: Int
    public let start: Double
    /// Seconds, where the file or its packets say so.
    public let duration: Double?
  }

  /// Frames per second as an exact fraction, such as 30000/1001.
  public struct Rate: Sendable, Equatable, CustomStringConvertible {
    public let numerator: Int
    public let denominator: Int

    public var value: Double { Double(numerator) / Double(denominator) }
    public var description: String { "\(numerator)/\(denominator)" }
  }
}

extension MediaInformation {
  /// One picture, on show for as long as is asked for.
  public var isStill: Bool { Self.isStill(container) }

  /// - Parameter container: ffmpeg's name.
  static func isStill(_ container: String) -> Bool { container == "image2" || container.hasSuffix("_pipe") }

  /// Seconds of picture from `origin` on, as far as the file announces them.
  public var videoSeconds: Double? {
    guard let video else { return nil }
    if let seconds = video.duration { return video.start + seconds - origin }
    return duration
  }

  /// Seconds of sound from `origin` on, as far as the file announces them.
  public var audioSeconds: Double? {
    guard let audio else { return nil }
    if let seconds = audio.duration { return audio.start + seconds - origin }
    return duration
  }
}

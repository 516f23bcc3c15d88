public import Foundation

/// Writes clips: pictures and sound in one file that plays everywhere, equal in length to within one frame.
///
/// The ending of the name decides the format (`OutputFormat`). The same input gives the same bytes on every run.
/// A clip is made in a hidden folder beside its place and renamed when complete; nothing is left of a failure.
public enum MediaWriter {
  /// Where the pictures come from.
  public enum Picture: Sendable {
    case frames(VideoFrames)
    /// The pictures of a file from `start` seconds after its first, at their full size and rate: copied untouched
    /// when the format can hold them and all are wanted, else encoded again.
    case original(URL, start: Double = 0)
  }

  /// Where the sound comes from.
  public enum Sound: Sendable {
    case waveform(Waveform)
    /// The sound of a file from `start` seconds after its first picture, at its own rate and channels.
    case original(URL, start: Double = 0)
  }

  /// Finds out whether `url` can be written, before long work begins.
  /// - Throws: `.unknownEnding`, `.folderMissing`, `.outputIsFolder`, `.notWritable`, `.diskFull`.
  public static func checkWritable(_ url: URL) throws(MediaError) {
    _ = try OutputFormat(url)
    try WorkFolder.check(url)
  }

  /// Writes one clip. It ends with whichever of `picture`, `sound` and `seconds` ends first.
  ///
  /// What the format cannot hold is left out: a `.wav` has no pictures, a `.gif` no sound.
  /// - Parameters:
  ///   - comment: kept in the file's `comment` tag, such as the settings as JSON; `nil` leaves no tags at all.
  /// - Throws: `MediaError`; the errors of `checkWritable`, `.nothingToWrite`, `.writeFailed`, `.cancelled`, and for
  ///   original files those of `MediaProbe`, `.noVideo`, `.noAudio`, `.startBeyondEnd`, `.damaged`.
  public static func write(
    picture: Picture? = nil, sound: Sound? = nil, seconds: Double? = nil, comment: String? = nil, to url: URL
  ) async throws(MediaError) {
    let format = try OutputFormat(url)
    let pictures = format.holdsPictures ? try await picture.resolved() : nil
    let sounds = format.holdsSound ? try await sound.resolved() : nil
    var encoding = try Encoding(
      format: format, picture: pictures, sound: sounds, seconds: seconds, output: url)
    if encoding.copiesSound, let sounds, try await !sounds.isSound(for: encoding.seconds) {
      encoding.copiesSound = false
    }

    try await WorkFolder.use(beside: url) { [encoding] folder throws(MediaError) in
      let name = "clip.\(format.rawValue)"
      let arguments =
        try encoding.arguments(folder: folder, comment: comment) + [FFmpeg.argument(folder.file(name))]
      let outcome = try await FFmpeg.run(.ffmpeg, arguments, input: pictures?.bytes ?? [])
      if outcome.diskIsFull { throw .diskFull(url) }
      if outcome.inputIsCutShort, let original = encoding.originals.first {
        throw .damaged(original, "it ends before its index says so")
      }
      guard outcome.succeeded else {
        throw .writeFailed(url, outcome.reason.withoutPath(of: folder.file(name)))
      }
      try await encoding.verify(folder.file(name))
      try folder.publish(name, as: url)
    }
  }
}

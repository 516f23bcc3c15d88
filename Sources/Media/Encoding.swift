import Foundation

/// One output file planned to the last option: which streams are copied, how long each lasts, and ffmpeg's
/// arguments for them.
struct Encoding {
  let format: OutputFormat
  let picture: PictureSource?
  let sound: SoundSource?
  let output: URL
  /// Length of the clip; with pictures a whole number of frames unless they are copied.
  let seconds: Double
  /// The length that was asked for.
  private let wanted: Double
  let frameCount: Int
  let copiesPicture: Bool
  var copiesSound: Bool

  init(
    format: OutputFormat, picture: PictureSource?, sound: SoundSource?, seconds: Double?, output: URL
  ) throws(MediaError) {
    guard picture != nil || sound != nil else {
      throw .nothingToWrite(
        output, format == .gif ? "a GIF holds only pictures" : "there is nothing it could hold")
    }
    guard let length = [picture?.seconds, sound?.seconds, seconds].compactMap(\.self).min() else {
      throw .invalidRequest("the input does not say how long it is; give the length in seconds")
    }
    for length in [length, seconds].compactMap(\.self) { try MediaSpan.check(seconds: length) }
    self.format = format
    self.picture = picture
    self.sound = sound
    self.output = output
    wanted = length
    copiesPicture = picture?.canCopy(into: format, seconds: length) ?? false
    guard let picture else {
      self.seconds = length
      frameCount = 0
      copiesSound = sound?.canCopy(into: format, step: .infinity) ?? false
      return
    }
    let rate = picture.rate(for: format).value
    frameCount = max(1, Int((length * rate).rounded()))
    self.seconds = copiesPicture ? length : Double(frameCount) / rate
    copiesSound = sound?.canCopy(into: format, step: 1 / rate) ?? false
  }

  /// The files that pictures or sound are taken from.
  var originals: [URL] { [picture?.file, sound?.file].compactMap(\.self) }

  /// Everything but the name of the output file.
  func arguments(folder: WorkFolder, comment: String?) throws(MediaError) -> [String] {
    var inputs: [[String]] = []
    var streams: [String] = []
    if let picture {
      streams += ["-map", "\(inputs.count):\(picture.streamIndex)"]
      inputs.append(picture.inputArguments(copied: copiesPicture))
      streams += copiesPicture ? ["-c:v", "copy"] : encodingArguments(picture)
    }
    if let sound {
      streams += ["-map", "\(inputs.count):\(sound.streamIndex)"]
      inputs.append(try sound.inputArguments(copied: copiesSound, folder: folder, output: output))
      streams += copiesSound ? ["-c:a", "copy"] : encodingArguments(sound)
    }
    var tags = ["-map_metadata", "-1"]
    if let comment {
      let file = try folder.write(Data(Self.tagFile(comment: comment).utf8), to: "tags", for: output)
      tags = ["-map_metadata", "\(inputs.count)"]
      inputs.append(["-f", "ffmetadata", "-i", FFmpeg.argument(file)])
    }
    let length = copiesPicture || copiesSound ? ["-t", FFmpeg.time(seconds)] : []
    // Without dates, version strings and random identifiers the same clip is the same file.
    let reproducible =
      ["-map_metadata:s:v", "-1", "-map_metadata:s:a", "-1", "-map_chapters", "-1"]
      + ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
    return inputs.flatMap(\.self) + streams + length + tags + reproducible + containerArguments
  }

  /// A tag of any length and content, in ffmpeg's own notation.
  private static func tagFile(comment: String) -> String {
    let escaped = comment.replacing(#/[=;#\\\n]/#) { "\\" + $0.output }
    return ";FFMETADATA1\ncomment=\(escaped)\n"
  }

  private var containerArguments: [String] {
    switch format {
    case .mp4: ["-movflags", "+faststart", "-f", "mp4"]
    case .webm: ["-f", "webm"]
    case .gif: ["-f", "gif"]
    case .wav: ["-f", "wav"]
    }
  }

  /// Looks at the finished file: every stream that was asked for is there, and all are equally long.
  func verify(_ file: URL) async throws(MediaError) {
    let written = try await MediaProbe.probe(file)
    if picture != nil && written.video == nil { throw .writeFailed(output, "ffmpeg lost the pictures") }
    if sound != nil && written.audio == nil { throw .writeFailed(output, "ffmpeg lost the sound") }
    let tolerance = max(0.03, picture.map { 1 / $0.rate(for: format).value } ?? 0) + 0.001
    for length in [written.videoSeconds, written.audioSeconds].compactMap(\.self) {
      guard abs(length - wanted) <= tolerance else {
        throw .writeFailed(output, "a stream lasts \(length.brief) s instead of \(wanted.brief) s")
      }
    }
  }
}

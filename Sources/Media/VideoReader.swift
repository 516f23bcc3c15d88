public import Foundation

/// Reads the pictures of any file that ffmpeg decodes.
public enum VideoReader {
  /// How pictures of another shape fill the frame.
  public enum Fit: String, Sendable, CaseIterable {
    /// Scaled until they cover the frame, then cut evenly on both sides.
    case cover
    /// Stretched to the frame; the aspect is lost.
    case squash
  }

  /// The pictures shown at `start + k / frameRate`, k = 0, 1, …, `seconds · frameRate` − 1.
  ///
  /// Rotation and sample aspect are applied first. A file that ends early is continued with its last picture.
  /// - Parameters:
  ///   - start: seconds after the first picture of the file.
  ///   - seconds: the length to read; rounded to whole frames, at least one.
  ///   - frameRate: frames per second of the result.
  ///   - width: pixels; `height` likewise.
  ///   - lacking: the most seconds that may be missing at the end; as much as there is where nil.
  ///   - probed: what `MediaProbe` found in the file, where that is known already.
  /// - Throws: `MediaError`: `.noVideo`, `.startBeyondEnd`, `.tooShort`, `.damaged`, `.invalidRequest` and those of
  ///   `MediaProbe`.
  public static func read(
    _ url: URL, start: Double = 0, seconds: Double, frameRate: Double, width: Int, height: Int,
    fit: Fit = .cover, lacking: Double? = nil, probed: MediaInformation? = nil
  ) async throws(MediaError) -> VideoFrames {
    try MediaSpan.check(start: start)
    try MediaSpan.check(seconds: seconds)
    guard (1...16384).contains(width), (1...16384).contains(height) else {
      throw .invalidRequest("a frame of \(width)×\(height) pixels cannot be read; use 1 to 16384 each")
    }
    guard frameRate > 0, frameRate <= 1000 else {
      throw .invalidRequest("a frame rate must lie between 0 and 1000, not \(frameRate.brief)")
    }
    let count = max(1, Int((seconds * frameRate).rounded()))
    let frameBytes = width * height * 3
    guard count <= (1 << 36) / frameBytes else {
      throw .invalidRequest("\(count) frames of \(width)×\(height) pixels do not fit into memory; read fewer")
    }
    let information = if let probed { probed } else { try await MediaProbe.probe(url) }
    guard let video = information.video else { throw .noVideo(url) }
    let span = MediaSpan(url: url, information: information, start: start)
    try span.check(announced: information.videoSeconds)

    let filter = [
      span.videoFilter(rate: "\(frameRate)"), video.scaling(width: width, height: height, fit: fit),
    ]
    let outcome = try await FFmpeg.run(
      .ffmpeg,
      span.inputArguments + [
        "-map", "0:\(video.index)", "-vf", filter.joined(separator: ","), "-frames:v", "\(count)",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
      ],
      outputLimit: count * frameBytes)

    var pixels = outcome.standardOutput
    let decoded = pixels.count / frameBytes
    try span.check(
      outcome, decoded: Double(decoded) / frameRate, wanted: seconds - 1 / frameRate,
      announced: information.videoSeconds, exact: video.duration != nil)
    guard decoded > 0 else { throw .damaged(url, "no picture could be decoded") }
    // A picture lasts: the last one may begin a whole one before the end.
    try span.check(
      decoded: Double(decoded) / frameRate, wanted: seconds, lacking: lacking.map { $0 + 1 / frameRate })
    pixels.removeLast(pixels.count - decoded * frameBytes)
    if decoded < count {
      pixels.reserveCapacity(count * frameBytes)
      let last = Array(pixels.suffix(frameBytes))
      for _ in decoded..<count { pixels.append(contentsOf: last) }
    }
    return VideoFrames(width: width, height: height, frameRate: frameRate, pixels: pixels)
  }
}

extension MediaInformation.VideoStream {
  /// The filters that bring a picture, already turned upright by ffmpeg, to `width` × `height` RGB pixels.
  fileprivate func scaling(width: Int, height: Int, fit: VideoReader.Fit) -> String {
    var (scaledWidth, scaledHeight) = (width, height)
    if fit == .cover {
      let shown = displaySize
      let factor = max(Double(width) / Double(shown.width), Double(height) / Double(shown.height))
      scaledWidth = max(width, Int((Double(shown.width) * factor).rounded()))
      scaledHeight = max(height, Int((Double(shown.height) * factor).rounded()))
    }
    // Players take untagged pictures of high definition as BT.709; ffmpeg would take them as BT.601.
    let matrix = colorSpace == nil && min(codedWidth, codedHeight) >= 720 ? ":in_color_matrix=bt709" : ""
    let flags = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
    return
      "scale=\(scaledWidth):\(scaledHeight):flags=\(flags)\(matrix),format=rgb24,crop=\(width):\(height):exact=1"
  }
}

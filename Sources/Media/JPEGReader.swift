public import Foundation

/// Reads pictures of a clip as JPEG files in memory, for programs that look at them one by one.
public enum JPEGReader {
  /// `count` pictures, each from the middle of one of as many equal parts of the clip.
  ///
  /// - Parameters:
  ///   - start: seconds after the first picture of the file.
  ///   - seconds: length of the clip. Where the file ends earlier, there are fewer pictures.
  ///   - longestSide: of the result, in pixels; smaller pictures stay as they are.
  /// - Throws: `MediaError`, as `VideoReader.read`.
  public static func read(
    _ url: URL, start: Double = 0, seconds: Double, count: Int, longestSide: Int = 448
  ) async throws(MediaError) -> [Data] {
    try MediaSpan.check(start: start)
    try MediaSpan.check(seconds: seconds)
    guard (1...1000).contains(count), (16...4096).contains(longestSide) else {
      throw .invalidRequest("\(count) pictures of \(longestSide) pixels cannot be read")
    }
    let information = try await MediaProbe.probe(url)
    guard let video = information.video else { throw .noVideo(url) }
    let part = seconds / Double(count)
    let available = information.videoSeconds.map { $0 - start } ?? seconds
    let span = MediaSpan(url: url, information: information, start: start + min(part, max(available, 0)) / 2)
    try span.check(announced: information.videoSeconds)

    let shown = video.displaySize
    let factor = min(1, Double(longestSide) / Double(max(shown.width, shown.height)))
    // The colour of two by two pixels is stored once.
    func even(_ length: Int) -> Int { max(2, Int((Double(length) * factor / 2).rounded()) * 2) }
    let filter = [
      span.videoFilter(rate: "\(1 / part)"), "scale=\(even(shown.width)):\(even(shown.height)):flags=bicubic",
      "format=yuvj420p",
    ]
    let outcome = try await FFmpeg.run(
      .ffmpeg,
      span.inputArguments + [
        "-map", "0:\(video.index)", "-vf", filter.joined(separator: ","), "-frames:v", "\(count)",
        "-c:v", "mjpeg", "-q:v", "3", "-f", "image2pipe", "pipe:1",
      ], outputLimit: count * longestSide * longestSide * 3 + 1 << 16)
    guard outcome.succeeded else { throw .damaged(url, outcome.reason.withoutPath(of: url)) }
    let pictures = split(outcome.standardOutput)
    guard !pictures.isEmpty else { throw .damaged(url, "no picture could be decoded") }
    return pictures
  }

  /// Inside a picture the mark of its end cannot occur.
  private static func split(_ bytes: [UInt8]) -> [Data] {
    var pictures: [Data] = []
    var start = 0
    var index = 0
    while index + 1 < bytes.count {
      if bytes[index] == 0xFF && bytes[index + 1] == 0xD9 {
        pictures.append(Data(bytes[start..<index + 2]))
        start = index + 2
        index = start
      } else {
        index += 1
      }
    }
    return pictures
  }
}

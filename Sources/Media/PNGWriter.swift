public import Foundation

/// Writes one picture as a PNG file.
public enum PNGWriter {
  /// - Throws: `.folderMissing`, `.outputIsFolder`, `.notWritable`, `.diskFull`.
  public static func checkWritable(_ url: URL) throws(MediaError) { try WorkFolder.check(url) }

  /// - Parameter pixels: `height · width · 3` bytes of RGB, row after row.
  /// - Throws: `.invalidRequest` when the sizes do not agree, `.writeFailed`, `.cancelled` and those of `checkWritable`.
  public static func write(width: Int, height: Int, pixels: [UInt8], to url: URL) async throws(MediaError) {
    try await write(width: width, height: height, pixels: pixels, labels: [], to: url)
  }

  /// The same with words on it. An ffmpeg built without fonts leaves them out: the picture matters more.
  static func write(
    width: Int, height: Int, pixels: [UInt8], labels: [Label], to url: URL
  ) async throws(MediaError) {
    guard width > 0, height > 0, width <= 1 << 16, height <= 1 << 16, pixels.count == width * height * 3
    else {
      throw .invalidRequest("\(pixels.count) bytes are no picture of \(width)×\(height) RGB pixels")
    }
    try await WorkFolder.use(beside: url) { folder throws(MediaError) in
      let file = folder.file("picture")
      let input = [
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "\(width)x\(height)", "-i", "pipe:0",
      ]
      let words = labels.isEmpty ? [] : ["-vf", labels.map(\.filter).joined(separator: ",")]
      let output = [
        "-frames:v", "1", "-c:v", "png", "-pix_fmt", "rgb24", "-threads:v", "1", "-flags:v", "+bitexact",
        "-fflags", "+bitexact", "-f", "image2pipe", FFmpeg.argument(file),
      ]
      var outcome = try await FFmpeg.run(.ffmpeg, input + words + output, input: pixels)
      if !outcome.succeeded && !outcome.diskIsFull && !words.isEmpty {
        outcome = try await FFmpeg.run(.ffmpeg, input + output, input: pixels)
      }
      if outcome.diskIsFull { throw .diskFull(url) }
      guard outcome.succeeded else { throw .writeFailed(url, outcome.reason.withoutPath(of: file)) }
      try folder.publish("picture", as: url)
    }
  }
}

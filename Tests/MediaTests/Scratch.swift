import Foundation
import Media
import Testing

/// A temporary folder for the clips of one test, removed with the test.
final class Scratch: Sendable {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(
      path: "media-\(UUID().uuidString)", directoryHint: .notDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func file(_ name: String) -> URL { folder.appending(path: name, directoryHint: .notDirectory) }

  /// Everything in the folder, hidden files too.
  var names: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)).sorted()
    }
  }

  /// Makes a clip with ffmpeg: `arguments` are all but the name of the file.
  func clip(_ name: String, _ arguments: String...) async throws -> URL {
    let url = file(name)
    let words = arguments.flatMap { $0.split(separator: " ").map(String.init) }
    let outcome = try await FFmpeg.run(.ffmpeg, words + ["file:" + url.path(percentEncoded: false)])
    try #require(outcome.succeeded, "\(outcome.messages)")
    return url
  }

  /// Marks the pictures of an MP4 to be shown turned by 90 degrees clockwise, as phones do.
  func turn(_ url: URL) throws {
    var bytes = try Data(contentsOf: url)
    let header = try #require(bytes.range(of: Data("tkhd".utf8)))
    let matrix: [Int32] = [0, 1 << 16, 0, -1 << 16, 0, 0]
    let words = matrix.flatMap { value in withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    bytes.replaceSubrange(header.lowerBound + 44..<header.lowerBound + 44 + words.count, with: words)
    try bytes.write(to: url)
  }

  /// What ffprobe says about one field of one stream, as text.
  func ask(_ url: URL, _ entries: String, stream: String = "v:0") async throws -> String {
    let outcome = try await FFmpeg.run(
      .ffprobe,
      [
        "-select_streams", stream, "-show_entries", entries, "-of", "csv=p=0",
        "file:" + url.path(percentEncoded: false),
      ])
    return String(decoding: outcome.standardOutput, as: UTF8.self).trimmingCharacters(
      in: .whitespacesAndNewlines)
  }
}

/// Pictures that say which one they are: the left half holds the low digit of their number, the right half the high.
enum Numbered {
  /// A source of ffmpeg's `lavfi` device.
  static func source(rate: String, seconds: Double, size: String = "64x48") -> String {
    "nullsrc=s=\(size):r=\(rate):d=\(seconds),geq=lum='if(lt(X,W/2),mod(N,16),floor(N/16))*14+20':cb=128:cr=128"
  }

  /// The same pictures as `VideoFrames`.
  static func frames(count: Int, rate: Double, width: Int = 64, height: Int = 48) -> VideoFrames {
    let pixels = (0..<count).flatMap { number in
      let row = [(number % 16, width / 2), (number / 16, width - width / 2)].flatMap { digit, length in
        [UInt8](repeating: UInt8(digit * 15 + 8), count: length * 3)
      }
      return repeatElement(row, count: height).joined()
    }
    return VideoFrames(width: width, height: height, frameRate: rate, pixels: pixels)
  }

  /// The number of each picture that was made by `source`.
  static func numbers(of frames: VideoFrames) -> [Int] {
    (0..<frames.count).map { digits($0, of: frames) { (Double($0) * 219 / 255 + 16 - 20) / 14 } }
  }

  /// The number of each picture that was made by `frames`.
  static func framesNumbers(of frames: VideoFrames) -> [Int] {
    (0..<frames.count).map { digits($0, of: frames) { (Double($0) - 8) / 15 } }
  }

  private static func digits(_ index: Int, of frames: VideoFrames, _ digit: (UInt8) -> Double) -> Int {
    let row = index * frames.bytesPerFrame + frames.height / 2 * frames.width * 3
    let low = digit(frames.pixels[row + frames.width / 4 * 3])
    let high = digit(frames.pixels[row + frames.width * 3 / 4 * 3])
    return Int(low.rounded()) + 16 * Int(high.rounded())
  }
}

extension Waveform {
  /// A single loud sample pair in silence.
  static func click(at time: Double, seconds: Double, sampleRate: Int) -> Waveform {
    var samples = [Float](repeating: 0, count: Int((seconds * Double(sampleRate)).rounded()))
    let index = Int((time * Double(sampleRate)).rounded())
    for offset in 0..<8 { samples[index + offset] = offset % 2 == 0 ? 0.9 : -0.9 }
    return Waveform(sampleRate: sampleRate, samples: samples)
  }

  static func sine(_ frequency: Double, seconds: Double, sampleRate: Int, amplitude: Float = 0.5) -> Waveform
  {
    let step = 2 * Double.pi * frequency / Double(sampleRate)
    return Waveform(
      sampleRate: sampleRate,
      samples: (0..<Int((seconds * Double(sampleRate)).rounded())).map {
        amplitude * Float(sin(step * Double($0)))
      })
  }

  /// Seconds of the loudest sample.
  var loudestTime: Double {
    Double(samples.indices.max { abs(samples[$0]) < abs(samples[$1]) } ?? 0) / Double(sampleRate)
  }

  func rms(_ range: Range<Double>) -> Float {
    let part = samples[
      Int(range.lowerBound * Double(sampleRate))..<Int(range.upperBound * Double(sampleRate))]
    return (part.reduce(0) { $0 + $1 * $1 } / Float(part.count)).squareRoot()
  }
}

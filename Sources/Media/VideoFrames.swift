/// Decoded pictures: a plain, `Sendable` block of bytes at the file edge of the pipeline.
///
/// Pixels are 8-bit RGB, interleaved, frame after frame: `[count, height, width, 3]`.
public struct VideoFrames: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// Frames per second; the clip is at constant rate.
  public let frameRate: Double
  /// `count · height · width · 3` bytes.
  public var pixels: [UInt8]

  public init(width: Int, height: Int, frameRate: Double, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && frameRate > 0 && pixels.count % (width * height * 3) == 0,
      "\(pixels.count) bytes are no whole number of \(width)×\(height) RGB frames")
    self.width = width
    self.height = height
    self.frameRate = frameRate
    self.pixels = pixels
  }

  public var bytesPerFrame: Int { width * height * 3 }
  public var count: Int { pixels.count / bytesPerFrame }
  public var seconds: Double { Double(count) / frameRate }
}

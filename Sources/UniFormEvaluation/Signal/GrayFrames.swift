public import Media

/// Gray pictures in bytes, `[count, height, width]`, as OpenCV makes them of colours.
public struct GrayFrames: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// Frames per second.
  public let frameRate: Double
  public let pixels: [UInt8]

  public init(width: Int, height: Int, frameRate: Double, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && frameRate > 0 && pixels.count % (width * height) == 0,
      "\(pixels.count) bytes are no whole number of \(width)×\(height) gray frames")
    self.width = width
    self.height = height
    self.frameRate = frameRate
    self.pixels = pixels
  }

  public var count: Int { pixels.count / (width * height) }

  /// 0.299 R + 0.587 G + 0.114 B in fixed point with 15 bits, rounded to bytes.
  public init(_ frames: VideoFrames) {
    let count = frames.pixels.count / 3
    let gray = [UInt8](unsafeUninitializedCapacity: count) { gray, filled in
      frames.pixels.withUnsafeBufferPointer { rgb in
        for index in 0..<count {
          let sum =
            9798 &* UInt32(rgb[3 &* index]) &+ 19235 &* UInt32(rgb[3 &* index &+ 1])
            &+ 3735 &* UInt32(rgb[3 &* index &+ 2])
          gray[index] = UInt8(truncatingIfNeeded: (sum &+ 16384) &>> 15)
        }
      }
      filled = count
    }
    self.init(width: frames.width, height: frames.height, frameRate: frames.frameRate, pixels: gray)
  }

  /// One picture in floats of 0…255.
  func plane(_ index: Int) -> FloatPlane {
    let plane = FloatPlane(width: width, height: height)
    pixels.withUnsafeBufferPointer { pixels in
      let start = index * width * height
      for offset in 0..<(width * height) { plane.values[offset] = Float(pixels[start &+ offset]) }
    }
    return plane
  }
}

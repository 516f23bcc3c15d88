import Foundation

/// Size, rate and length of the clips to render.
public struct SceneGeometry: Sendable, Equatable {
  /// Pixels.
  public var width: Int
  public var height: Int
  /// Frames per second.
  public var frameRate: Double
  public var seconds: Double
  /// Samples per second.
  public var sampleRate: Int

  public init(
    width: Int = 64, height: Int = 64, frameRate: Double = 17, seconds: Double = 4, sampleRate: Int = 16_000
  ) {
    self.width = width
    self.height = height
    self.frameRate = frameRate
    self.seconds = seconds
    self.sampleRate = sampleRate
  }

  /// Refuses what cannot be rendered. To be called on numbers that a user typed.
  public func validate() throws(SceneGeometryError) {
    func check(_ name: String, _ value: Double, _ range: ClosedRange<Double>, _ unit: String)
      throws(SceneGeometryError)
    {
      guard !range.contains(value) else { return }
      throw SceneGeometryError(name: name, value: value, range: range, unit: unit)
    }
    try check("width", Double(width), 1...4096, "pixels")
    try check("height", Double(height), 1...4096, "pixels")
    try check("frame rate", frameRate, 0.1...240, "frames per second")
    try check("length", seconds, 0.01...3600, "seconds")
    try check("sample rate", Double(sampleRate), 100...192_000, "samples per second")
  }

  /// Frames of a clip, at least one.
  public var frameCount: Int { max(1, Int((seconds * frameRate).rounded())) }
  /// Samples of a clip, at least one.
  public var sampleCount: Int { max(1, Int((seconds * Double(sampleRate)).rounded())) }
}

/// A size, rate or length outside what the renderer supports.
public struct SceneGeometryError: Error, Equatable, CustomStringConvertible {
  public let name: String
  public let value: Double
  public let range: ClosedRange<Double>
  public let unit: String

  public var description: String {
    "the \(name) of a scene cannot be \(value.formatted(.number.grouping(.never))): choose "
      + "\(range.lowerBound.formatted(.number.grouping(.never))) to "
      + "\(range.upperBound.formatted(.number.grouping(.never))) \(unit)"
  }
}

public import Media
public import Torch

/// Between 8-bit pictures at the edge of the pipeline and the networks' −1…1.
extension VideoFrames {
  /// `[F, H, W, 3]` in 8 bits, as the pixels lie.
  public var bytes: Tensor {
    pixels.withUnsafeBytes { Tensor(copying: $0, shape: [count, height, width, 3], dtype: .uint8) }
  }

  /// `[1, 3, F, H, W]` in −1…1, float32.
  public var tensor: Tensor { Self.normalized(bytes.unsqueezed(0)) }

  /// Bytes `[1, F, H, W, 3]` to `[1, 3, F, H, W]` in −1…1, float32.
  static func normalized(_ bytes: Tensor) -> Tensor {
    bytes.permuted(0, 4, 1, 2, 3).to(.float32) / 127.5 - 1
  }

  /// Pictures from `[1, 3, F, H, W]` in −1…1: rounded to the nearest, clamped.
  public init(_ frames: Tensor, frameRate: Double) {
    self.init(
      width: frames.size(4), height: frames.size(3), frameRate: frameRate, pixels: Self.pixels(frames))
  }

  /// The bytes of `[1, 3, F, H, W]` in −1…1, frame after frame, as ``VideoFrames`` holds them: for chunks of a
  /// clip that are decoded one by one.
  public static func pixels(_ frames: Tensor) -> [UInt8] { bytes(frames).values() }

  /// The same as a view `[1, F, H, W, 3]`.
  static func bytes(_ frames: Tensor) -> Tensor {
    // floor(((x + 1) / 2) · 255 + ½): the conversion cuts the fraction off.
    (frames.to(.float32) * 127.5 + 128).clamp(min: 0, max: 255).to(.uint8)
      .permuted(0, 2, 3, 4, 1)
  }
}

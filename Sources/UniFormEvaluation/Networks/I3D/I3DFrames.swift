public import Torch

extension I3D {
  /// How pictures become 224 × 224 in −1…1. Public implementations differ here and nobody writes it down.
  public enum Preprocessing: String, Sendable, CaseIterable {
    /// StyleGAN-V: stretched to the square, bilinear.
    case stretched = "A"
    /// VideoGPT, MM-Diffusion, JavisBench: the shorter side to 224, bilinear, the middle cut out.
    case cropped = "B"
    /// The original of google-research: stretched as TensorFlow 1 did it.
    case tensorFlow = "C"

    static let size = 224

    /// `[T, H, W, 3]` in 8 bits to a clip `[1, 3, T, 224, 224]` in −1…1. Nothing is averaged when pictures shrink,
    /// as in the references.
    public func callAsFunction(_ frames: Tensor) throws(NetworkInputError) -> Tensor {
      let x = try checkedFrames(frames, atLeast: 1, for: "I3D").channelsFirst / 255  // [T, 3, H, W]
      let size = Self.size
      let square =
        switch self {
        case .stretched: x.resizedBilinear(height: size, width: size, antialiased: false)
        case .cropped: Self.cropped(x)
        case .tensorFlow: x.resizedFromCorner(height: size, width: size)
        }  // [T, 3, 224, 224]
      return (square * 2 - 1).permuted(1, 0, 2, 3).unsqueezed(0).contiguous  // [1, 3, T, 224, 224]
    }

    private static func cropped(_ x: Tensor) -> Tensor {
      let (height, width) = (x.size(2), x.size(3))
      let scale = Double(size) / Double(min(height, width))
      func scaled(_ side: Int) -> Int {
        side == min(height, width) ? size : Int((Double(side) * scale).rounded(.up))
      }
      return x.resizedBilinear(height: scaled(height), width: scaled(width), antialiased: false)
        .centerCropped(height: size, width: size)
    }
  }

  /// Which frames of a clip are looked at.
  public enum Frames: Sendable, Equatable {
    /// So many consecutive ones from the start: 16 in the common protocols.
    case first(Int)
    /// All of them.
    case whole
    /// So many over the whole clip, both ends included, as JavisBench takes 24.
    case evenly(Int)

    /// Indices into a clip of `count` frames. Throws for a clip that has too few.
    public func indices(of count: Int) throws(NetworkInputError) -> [Int] {
      let needed =
        switch self {
        case .first(let length), .evenly(let length): max(length, I3D.minimumFrames)
        case .whole: I3D.minimumFrames
        }
      guard count >= needed else { throw .tooFewFrames(network: "I3D", found: count, needed: needed) }
      switch self {
      case .first(let length): return Array(0..<length)
      case .whole: return Array(0..<count)
      case .evenly(let length):
        return (0..<length).map { Int(Double($0) * Double(count - 1) / Double(max(length - 1, 1))) }
      }
    }
  }

  /// The 400 logits `[400]` of a clip `[T, H, W, 3]` in 8 bits.
  public func logits(
    frames: Tensor, _ selection: Frames = .first(16), preprocessing: Preprocessing = .cropped
  ) throws -> Tensor {
    let clip = try checkedFrames(frames, atLeast: Self.minimumFrames, for: "I3D")
    let indices = try selection.indices(of: clip.size(0))
    return logits(try preprocessing(clip.indexed(0, by: Tensor(indices)))).squeezed(0)
  }
}

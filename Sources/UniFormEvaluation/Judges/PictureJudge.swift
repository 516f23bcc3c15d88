public import Media
public import Torch
internal import UniForm

/// Tells from pictures alone which kind of scene they show and when something happens in it. Trained on rendered scenes; it
/// knows nothing else.
///
/// Letters: B clips, F frames.
public struct PictureJudge {
  public static let frameRate = 17.0
  /// Pixels of a side; ``thumbnails(_:)`` brings squares of a multiple down to it.
  public static let size = 32
  /// Width and height to decode clips at.
  public static let decodedSize = 64
  static let width = 96
  static let curve = EventCurve(rate: frameRate, start: 0, threshold: 0)
  /// Values around an event that are taught to rise.
  static let eventWidth = 0.7

  private let layers: [Conv2d]
  private let moment: Linear
  private let trunk: JudgeTrunk

  public init(_ parameters: Parameters) throws {
    let widths = [6, 24, 32, 48]
    layers = try (0..<3).map {
      try Conv2d(
        parameters["layers"][$0], widths[$0], widths[$0 + 1], kernel: 3, stride: [2, 2], padding: [1, 1])
    }
    moment = try Linear(parameters["moment"], widths[3] * 16, Self.width)
    trunk = try JudgeTrunk(parameters, width: Self.width, kernel: 5)
  }

  /// Thumbnails `[B, F, 3, 32, 32]` in −1…1.
  public func callAsFunction(_ x: Tensor) -> JudgeOutput {
    let (batch, count) = (x.size(0), x.size(1))
    let before = Tensor.concatenate(
      [x.narrowed(1, start: 0, length: 1), x.narrowed(1, start: 0, length: count - 1)], axis: 1)
    var y = Tensor.concatenate([x, (x - before) * 2], axis: 2)  // [B, F, 6, 32, 32]
      .reshaped(batch * count, 6, Self.size, Self.size)
    for layer in layers { y = layer(y).relu }  // [BF, 48, 4, 4]
    y = moment(y.flattened(from: 1)).relu  // [BF, 96]
    return trunk(y.reshaped(batch, count, Self.width).transposed(1, 2))
  }

  /// Frames `[B, 3, F, H, W]`, squares of a multiple of 32 pixels, as the network takes them.
  public static func thumbnails(_ frames: Tensor) -> Tensor {
    let (batch, count, side) = (frames.size(0), frames.size(2), frames.size(3))
    let factor = side / size
    precondition(side == frames.size(4) && side % size == 0, "thumbnails of \(frames.shape)")
    return frames.permuted(0, 2, 1, 3, 4)
      .reshaped(batch, count, 3, size, factor, size, factor).mean([4, 6])  // [B, F, 3, 32, 32]
  }

  /// - Parameter frames: squares of a multiple of 32 pixels, at ``frameRate``.
  public func judge(_ frames: VideoFrames) -> Judgement {
    withoutGradient { self(Self.thumbnails(frames.tensor)).judgement(Self.curve) }
  }
}

public import Torch

/// How well sound and pictures fit at each time, by JavisBench (arXiv 2503.23377): windows of two seconds every half a
/// second, in each the mean cosine of those pictures that fit the window's sound least.
public struct JavisScore {
  /// Seconds of a window, and from one to the next.
  static let (window, step) = (2.0, 0.5)
  /// The part of a window's pictures that counts.
  static let share = 0.4

  private let network: ImageBind

  public init(_ network: ImageBind) { self.network = network }

  /// The mean over all windows, −1 to 1.
  ///
  /// - Parameters:
  ///   - frames: `[T, H, W, 3]` in 8 bits.
  ///   - sound: `[N]` at 16 kHz, beginning with the first frame.
  public func callAsFunction(frames: Tensor, frameRate: Double, sound: Tensor) throws -> Double {
    let pictures = Self.windows(
      count: try checkedFrames(frames, atLeast: 1, for: "JavisScore").size(0), rate: frameRate)
    let sounds = Self.windows(count: sound.count, rate: Double(ImageBind.sampleRate))
    let frameVectors = try network.embeddings(pictures: frames)  // [T, 1024]
    let scores = try zip(pictures, sounds).map { pictureWindow, soundWindow in
      let vector = try network.embedding(
        sound: sound.narrowed(0, start: soundWindow.lowerBound, length: soundWindow.count)
      ).unsqueezed(0).unitLength
      let cosines = frameVectors.narrowed(0, start: pictureWindow.lowerBound, length: pictureWindow.count)
        .matmul(vector.transposed(0, 1)).values(as: Double.self)
      return Self.score(cosines)
    }
    return scores.reduce(0, +) / Double(scores.count)
  }

  /// The mean cosine of every picture and the whole sound: JavisBench's AVHScore.
  public func overall(frames: Tensor, sound: Tensor) throws -> Double {
    let vector = try network.embedding(sound: sound).unsqueezed(0).unitLength
    return try network.embeddings(pictures: frames).matmul(vector.transposed(0, 1)).mean.item
  }

  /// The mean of the lowest 40 %, of one at least.
  static func score(_ cosines: [Double]) -> Double {
    let lowest = cosines.sorted().prefix(max(Int(share * Double(cosines.count)), 1))
    return lowest.reduce(0, +) / Double(lowest.count)
  }

  /// Windows over `count` frames or samples; the last is moved back to end with the clip, and a short clip is one.
  static func windows(count: Int, rate: Double) -> [Range<Int>] {
    let length = min(max(Int(window * rate), 1), count)
    let hop = max(Int(step * rate), 1)
    let steps = (count - length + hop - 1) / hop
    return (0...steps).map { index in
      let start = min(index * hop, count - length)
      return start..<start + length
    }
  }
}

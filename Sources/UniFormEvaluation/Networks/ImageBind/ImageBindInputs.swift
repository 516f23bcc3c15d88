public import Torch

extension ImageBind {
  private static let means = [0.48145466, 0.4578275, 0.40821073]
  private static let deviations = [0.26862954, 0.26130258, 0.27577711]
  private static let size = 224
  private static let clipSeconds = 2.0

  /// `[…, 3, H, W]` in 0…255 to the range that the network was trained on.
  private static func normalized(_ pictures: Tensor) -> Tensor {
    func channel(_ values: [Double]) -> Tensor { Tensor(values.map(Float.init), shape: [3, 1, 1]) }
    return (pictures / 255 - channel(means)) / channel(deviations)
  }

  /// Where `count` stretches of two seconds begin, spread over the whole.
  static func clipStarts(seconds: Double, count: Int) -> [Double] {
    let last = max(seconds - clipSeconds, 0)
    return (0..<count).map { last / Double(max(count - 1, 1)) * Double($0) }
  }

  /// One vector `[1024]` of a whole clip `[T, H, W, 3]` in 8 bits: five stretches of two seconds, the first and the last
  /// picture of each, three squares next to each other; the mean of the 15 unit vectors, as the authors average.
  public func embedding(frames: Tensor, frameRate: Double) throws -> Tensor {
    let frames = try checkedFrames(frames, atLeast: 1, for: "ImageBind")
    let (count, rate) = (frames.size(0), frameRate)
    return withoutGradient {
      let pairs = Self.clipStarts(seconds: Double(count) / rate, count: 5).flatMap { start in
        let first = min(Int((start * rate).rounded(.up)), count - 1)
        let end = min(Int(((start + Self.clipSeconds) * rate).rounded(.up)), count)
        let both = frames.indexed(0, by: Tensor([first, max(end - 1, first)]))  // [2, H, W, 3]
        return Self.squares(Self.shortSideScaled(both.channelsFirst)).map {
          Self.normalized($0).transposed(0, 1)  // [3, 2, 224, 224]
        }
      }
      return .concatenate(pairs.map { embedding(pairs: $0.unsqueezed(0)) }, axis: 0).mean([0])
    }
  }

  /// One unit vector `[T, 1024]` for every picture by itself, which counts as a pair of two equal ones.
  public func embeddings(pictures frames: Tensor) throws -> Tensor {
    let frames = try checkedFrames(frames, atLeast: 1, for: "ImageBind")
    return withoutGradient {
      .concatenate(
        (0..<frames.size(0)).map { index in
          let picture = Self.centerSquare(frames.narrowed(0, start: index, length: 1).channelsFirst)
          let pair = Self.normalized(picture).unsqueezed(2).expanded(1, 3, 2, Self.size, Self.size)
          return embedding(pairs: pair.contiguous)
        }, axis: 0)
    }
  }

  /// One vector `[1024]` of a whole sound `[N]` at 16 kHz: the mean of the unit vectors of three stretches of two seconds.
  public func embedding(sound: Tensor) throws -> Tensor {
    let sound = try checkedSound(sound, atLeast: 400, for: "ImageBind").to(.float32)
    let rate = Double(Self.sampleRate)
    return withoutGradient {
      let banks = Self.clipStarts(seconds: Double(sound.count) / rate, count: 3).map { start in
        let first = Int(start * rate)
        let end = min(Int((start + Self.clipSeconds) * rate), sound.count)
        return Self.filterBank(sound.narrowed(0, start: first, length: end - first))
      }
      return embedding(filterBanks: .stack(banks)).mean([0])
    }
  }

  /// Sound `[N]` to a normalised filter bank `[128, 204]`; what a shorter sound lacks is zero before the normalisation.
  static func filterBank(_ sound: Tensor) -> Tensor {
    let frames = KaldiFilterBank(mels: 128)((sound - sound.mean).unsqueezed(0)).squeezed(0)  // [F, 128]
    let length = 204
    let missing = length - frames.size(0)
    let fitted =
      missing > 0 ? frames.padded([0, 0, 0, missing]) : frames.narrowed(0, start: 0, length: length)
    return (fitted.transposed(0, 1) + 4.268) / 9.138
  }

  /// The shorter side to 224, bilinear without averaging.
  private static func shortSideScaled(_ pictures: Tensor) -> Tensor {
    let (height, width) = (pictures.size(2), pictures.size(3))
    let short = min(height, width)
    return pictures.resizedBilinear(
      height: height * size / short, width: width * size / short, antialiased: false)
  }

  /// The first, middle and last square along the longer side of `[2, 3, H, W]`.
  private static func squares(_ pictures: Tensor) -> [Tensor] {
    let (height, width) = (pictures.size(2), pictures.size(3))
    let (axis, margin) = height > width ? (2, height - size) : (3, width - size)
    return [0, (margin + 1) / 2, margin].map { pictures.narrowed(axis, start: $0, length: size) }
  }

  /// The shorter side to 224, bicubic in 8 bits, and the middle of it.
  private static func centerSquare(_ pictures: Tensor) -> Tensor {
    let (height, width) = (pictures.size(2), pictures.size(3))
    let short = min(height, width)
    return pictures.resizedBicubic(height: height * size / short, width: width * size / short)
      .rounded.clamp(min: 0, max: 255)
      .centerCropped(height: size, width: size, rounding: .toNearestOrEven)
  }
}

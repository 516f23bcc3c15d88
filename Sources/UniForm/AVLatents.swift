public import Torch

/// The two kinds of data that are generated together.
public enum Modality: String, Sendable, Codable, CaseIterable {
  case video, audio
}

/// One value for video and one for audio.
public struct PerModality<Value> {
  public var video: Value
  public var audio: Value

  public init(video: Value, audio: Value) {
    self.video = video
    self.audio = audio
  }

  public subscript(modality: Modality) -> Value {
    get { modality == .video ? video : audio }
    set { if modality == .video { video = newValue } else { audio = newValue } }
  }

  public func map<Result>(_ transform: (Value) throws -> Result) rethrows -> PerModality<Result> {
    PerModality<Result>(video: try transform(video), audio: try transform(audio))
  }
}

extension PerModality: Sendable where Value: Sendable {}
extension PerModality: Equatable where Value: Equatable {}

/// The latents of a batch of clips: the only thing that travels between codecs, scheduler and network.
///
/// Letters: B clips, T latent frames of H × W, Ta audio latent steps of F mel positions.
public struct AVLatents {
  /// `[B, 4, T, H, W]`
  public var video: Tensor
  /// `[B, 8, Ta, F]`
  public var audio: Tensor

  public init(video: Tensor, audio: Tensor) {
    self.video = video
    self.audio = audio
  }

  public subscript(modality: Modality) -> Tensor {
    get { modality == .video ? video : audio }
    set { if modality == .video { video = newValue } else { audio = newValue } }
  }

  public var batchSize: Int { video.size(0) }
  public var device: Device { video.device }
}

// MARK: Element-wise

extension AVLatents {
  public func map(_ transform: (Tensor) throws -> Tensor) rethrows -> AVLatents {
    try AVLatents(video: transform(video), audio: transform(audio))
  }

  public func zip(_ other: AVLatents, _ combine: (Tensor, Tensor) throws -> Tensor) rethrows -> AVLatents {
    try AVLatents(video: combine(video, other.video), audio: combine(audio, other.audio))
  }

  public static func + (a: AVLatents, b: AVLatents) -> AVLatents { a.zip(b, +) }
  public static func - (a: AVLatents, b: AVLatents) -> AVLatents { a.zip(b, -) }
  public static func * (a: AVLatents, b: Double) -> AVLatents { a.map { $0 * b } }
  public static func * (a: Double, b: AVLatents) -> AVLatents { b * a }
  public static func / (a: AVLatents, b: Double) -> AVLatents { a.map { $0 / b } }

  public func to(_ dtype: DType) -> AVLatents { map { $0.to(dtype) } }
  public func to(_ device: Device) -> AVLatents { map { $0.to(device) } }
}

// MARK: Batches

extension AVLatents {
  /// All clips of the given batches, in order.
  public static func concatenate(_ batches: [AVLatents]) -> AVLatents {
    AVLatents(
      video: .concatenate(batches.map(\.video), axis: 0), audio: .concatenate(batches.map(\.audio), axis: 0))
  }

  /// A range of clips, without copying.
  public func clips(_ range: Range<Int>) -> AVLatents {
    map { $0.narrowed(0, start: range.lowerBound, length: range.count) }
  }
}

// MARK: Noise

extension AVLatents {
  /// Standard normal noise of the same shapes and device, in float32, all from one generator.
  public static func randn(like latents: AVLatents, generator: Generator) -> AVLatents {
    latents.map { .randn($0.shape, generator: generator, device: latents.device) }
  }

  /// The initial noise of one clip per seed. Each clip has its own generator, so that a seed gives the same
  /// noise whatever the batch around it.
  ///
  /// - Parameter shapes: of one clip, without the batch axis: `[4, T, H, W]` and `[8, Ta, F]`.
  public static func noise(
    shapes: PerModality<[Int]>, seeds: [UInt64], device: Device = .cpu
  ) -> AVLatents {
    NoiseSource(shapes: shapes, seeds: seeds, device: device).next()
  }
}

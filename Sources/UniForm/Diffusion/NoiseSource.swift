public import Torch

/// Standard normal noise for a batch of clips, draw after draw, with one generator per clip.
///
/// Every draw covers both modalities, even where one of them is a condition: a clip's noise depends on its seed
/// and on the number of the draw, never on the task or on the other clips of the batch.
public final class NoiseSource {
  public let shapes: PerModality<[Int]>
  public let device: Device
  private let generators: [Generator]
  /// Draws so far.
  public private(set) var draws = 0

  /// - Parameters:
  ///   - shapes: of one clip, without the batch axis: `[4, T, H, W]` and `[8, Ta, F]`.
  ///   - seeds: one per clip.
  public init(shapes: PerModality<[Int]>, seeds: [UInt64], device: Device = .cpu) {
    precondition(!seeds.isEmpty, "noise for a batch of no clips")
    self.shapes = shapes
    self.device = device
    generators = seeds.map(Generator.init(seed:))
  }

  public var batchSize: Int { generators.count }

  /// The next noise of every clip, float32, drawn on the CPU: `[B, 4, T, H, W]` and `[B, 8, Ta, F]`.
  public func next() -> AVLatents {
    draws += 1
    let clips = generators.map { generator in
      AVLatents(
        video: .randn(shapes.video, generator: generator), audio: .randn(shapes.audio, generator: generator))
    }
    return AVLatents(
      video: .stack(clips.map(\.video)).to(device), audio: .stack(clips.map(\.audio)).to(device))
  }

  /// Leaves out noise that was used before.
  public func skip(to draws: Int) {
    while self.draws < draws { _ = next() }
  }
}

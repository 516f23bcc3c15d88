internal import Torch

/// The random numbers of a run: a function of seed, step and place in the batch, so that they are the same whoever
/// computes a clip and however often the run was interrupted.
public struct StepRandomness: Sendable {
  let seed: UInt64
  let step: Int

  /// For what the whole batch shares.
  var shared: Generator { generator(stream: 0) }

  /// For the clip at a position of the batch.
  func clip(_ position: Int) -> Generator { generator(stream: UInt64(position) + 1) }

  private func generator(stream: UInt64) -> Generator {
    Generator(
      seed: Self.mix(Self.mix(seed &+ UInt64(bitPattern: Int64(step)) &* 0x9E37_79B9_7F4A_7C15) &+ stream))
  }

  /// The finaliser of SplitMix64 after one step of its sequence.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension TrainingLoop {
  /// For what is measured outside of any step.
  func measuringGenerators(count: Int) -> [Generator] {
    (0..<count).map(StepRandomness(seed: context.seed, step: -1).clip)
  }
}

extension Generator {
  /// A number in 0..<count.
  func draw(_ count: Int) -> Int { Tensor.randint(0..<count, [1], generator: self).values(as: Int.self)[0] }
}

extension [Generator] {
  /// Standard normal numbers `[count, …]`, each row from its own generator.
  func randn(_ shape: [Int], device: Device = .cpu) -> Tensor {
    Tensor.stack(map { Tensor.randn(shape, generator: $0) }).to(device)
  }

  /// Uniform numbers in 0..<1 `[count, …]`, likewise.
  func rand(_ shape: [Int]) -> Tensor {
    Tensor.stack(map { Tensor.rand(shape, generator: $0) })
  }

  /// Standard normal numbers in the shape of a batch.
  func noise(like batch: Tensor) -> Tensor {
    randn(Array<Int>(batch.shape.dropFirst()), device: batch.device)
  }
}

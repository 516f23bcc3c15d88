import Foundation
import Testing
import Torch

@testable import UniFormEvaluation

/// A Fréchet distance with real weights grows with what is done to sounds.
@Suite struct YAMNetBehaviorTests {
  static let weights = ProcessInfo.processInfo.environment["UNIFORM_YAMNET_WEIGHTS"].map { URL(filePath: $0) }

  /// A dozen sounds of three seconds: tones that swell and fade, with bursts of noise between them.
  static var sounds: [Tensor] {
    let time = Tensor.arange(0, 48_000, dtype: .float64) / 16_000
    func wave(_ hertz: Double) -> Tensor { (time * (2 * Double.pi * hertz)).sin }
    return (0..<12).map { index in
      let pitch: Double = 150 * pow(1.35, Double(index))
      let swell: Tensor = wave(0.5 + 0.2 * Double(index)) + 1
      let gate: Tensor = wave(0.5 + 0.16 * Double(index)).clamp(min: 0.8) - 0.8
      let bursts: Tensor = FormulaNumbers.signed(500 + index, [48_000]) * gate
      let tone: Tensor = wave(pitch) * swell * 0.2
      return (tone + bursts).to(.float32)
    }
  }

  @Test(.enabled(if: weights != nil, "UNIFORM_YAMNET_WEIGHTS names no weight file"))
  func `identity is nothing, faint noise less than loud noise, and silence the most`() throws {
    let network = try YAMNet(Weights(contentsOf: try #require(Self.weights)))
    func features(_ change: (Tensor) -> Tensor) throws -> FeatureStatistics {
      try FeatureStatistics(.concatenate(Self.sounds.map { try network(change($0)).features }, axis: 0))
    }
    func noisy(_ sound: Tensor, decibels: Double) -> Tensor {
      let noise = Tensor.randn(sound.shape, generator: Generator(seed: 7))
      let level: Double = sound.squared.mean.item.squareRoot() * pow(10, decibels / 20)
      return sound + noise * level
    }
    let reference = try features { $0 }
    let changes: [(Tensor) -> Tensor] = [
      { $0 }, { noisy($0, decibels: -30) }, { noisy($0, decibels: 0) }, { $0 * 0 },
    ]
    let distances = try changes.map { try FrechetDistance.between(reference, features($0)) }
    #expect(distances[0] < 1e-3)
    #expect(distances == distances.sorted(), "\(distances)")
    // Loudness counts, though less than what is heard.
    let quieter = try FrechetDistance.between(reference, features { $0 * 0.5 })
    #expect(quieter > 1 && quieter < distances[2])
  }
}

import Foundation
import Testing
import Torch
import UniForm

/// The deterministic fill rule behind the golden numbers: FNV-1a of the key, SplitMix64 per element.
enum GoldenFill {
  static func hash(_ name: String) -> UInt32 {
    name.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
  }

  static func values(_ name: String, count: Int, base: Double, amplitude: Double) -> [Float] {
    let high = UInt64(hash(name)) << 32
    return (0..<count).map { index in
      var z = high &+ UInt64(index) &+ 0x9E37_79B9_7F4A_7C15
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      let u = Double(z >> 11) * 0x1p-53
      return Float(base + amplitude * (2 * u - 1))
    }
  }

  static func parameter(_ name: String, _ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    if shape.count >= 2 {
      let amplitude = (3 / Double(count / shape[0])).squareRoot()
      return Tensor(values(name, count: count, base: 0, amplitude: amplitude), shape: shape)
    }
    let base: Double = name.hasSuffix("weight") ? 1 : 0
    return Tensor(values(name, count: count, base: base, amplitude: 0.1), shape: shape)
  }

  static func input(_ name: String, _ shape: [Int], amplitude: Double = 1) -> Tensor {
    Tensor(values(name, count: shape.reduce(1, *), base: 0, amplitude: amplitude), shape: shape)
  }

  /// Overwrites every parameter of a store by the rule; `except` keeps some.
  static func fill(_ store: ParameterStore, except: (String) -> Bool = { _ in false }) {
    withoutGradient {
      for entry in store.entries where !except(entry.name) {
        entry.tensor.copy_(parameter(entry.name, entry.tensor.shape))
      }
    }
  }
}

/// A golden line: statistics, first and last values.
func expectGolden(
  _ tensor: Tensor, shape: [Int], mean: Double, deviation: Double, absoluteMaximum: Double? = nil,
  first: [Float], last: [Float] = [], tolerance: Double = 1e-4, location: SourceLocation = #_sourceLocation
) {
  #expect(tensor.shape == shape, sourceLocation: location)
  let values = tensor.floats
  let count = Double(values.count)
  let average = values.reduce(0) { $0 + Double($1) } / count
  let spread = (values.reduce(0) { $0 + (Double($1) - average) * (Double($1) - average) } / count)
    .squareRoot()
  #expect(abs(average - mean) < tolerance, "mean \(average)", sourceLocation: location)
  #expect(abs(spread - deviation) < tolerance, "deviation \(spread)", sourceLocation: location)
  if let absoluteMaximum {
    let largest = Double(values.map(abs).max() ?? 0)
    #expect(abs(largest - absoluteMaximum) < tolerance, "maximum \(largest)", sourceLocation: location)
  }
  for (value, golden) in zip(values, first) {
    #expect(abs(Double(value - golden)) < tolerance, "\(value) for \(golden)", sourceLocation: location)
  }
  for (value, golden) in zip(values.suffix(last.count), last) {
    #expect(abs(Double(value - golden)) < tolerance, "\(value) for \(golden)", sourceLocation: location)
  }
}

/// A fixture of this test target.
func fixture(_ name: String) throws -> ParityFixture {
  let url = try #require(
    Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Fixtures"))
  return try ParityFixture(contentsOf: url)
}

func expectParity(
  _ result: Tensor, _ fixture: ParityFixture, _ output: String, location: SourceLocation = #_sourceLocation
) throws {
  let difference = Difference(result, try fixture.output(output))
  #expect(difference.absolute <= fixture.tolerance, "\(output): \(difference)", sourceLocation: location)
}

@Suite struct GoldenFillTests {
  @Test func theRuleMatchesItsOwnGoldenNumbers() {
    #expect(GoldenFill.hash("x_embedder.proj.weight") == 3_987_465_377)
    let weight = GoldenFill.parameter("x_embedder.proj.weight", [144, 4, 1, 2, 2]).floats
    for (value, golden) in zip(weight, [-0.00427898, -0.22316644, 0.21745497] as [Float]) {
      #expect(abs(value - golden) < 1e-6)
    }
    #expect(abs(GoldenFill.input("in.x", [3]).floats[0] - 0.95968848) < 1e-6)
  }
}

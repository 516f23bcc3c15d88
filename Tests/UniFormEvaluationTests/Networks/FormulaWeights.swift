import Foundation
import Testing
import Torch

@testable import UniFormEvaluation

/// Deterministic numbers of a counter, and weights made of them: golden numbers of networks without their weight files.
enum FormulaNumbers {
  /// SplitMix64 over counters from `tag · 2³²` on, in −1…1, float64.
  static func signed(_ tag: Int, _ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    // Integers wrap in libtorch; its right shift keeps the sign, which the mask takes away.
    var z = (Tensor.indices(count) &+ ((tag << 32) + 1)) &* Int(bitPattern: 0x9E37_79B9_7F4A_7C15)
    z = z.shifted(30) &* Int(bitPattern: 0xBF58_476D_1CE4_E5B9)
    z = z.shifted(27) &* Int(bitPattern: 0x94D0_49BB_1331_11EB)
    z = z.shifted(31).shiftedRight(11)
    return (z.to(.float64) * 0x1p-52 - 1).reshaped(shape)
  }

  /// Two seconds at 16 kHz: two tones and a little noise.
  static var sound: Tensor {
    let noise: [Double] = signed(105, [32_000]).values()
    return Tensor(
      noise.enumerated().map { index, value in
        let t = Double(index) / 16_000
        return Float(0.5 * sin(2 * .pi * 440 * t) + 0.25 * sin(2 * .pi * 1000 * t) + 0.05 * value)
      })
  }

  /// Sixteen pictures of moving waves, `[16, 224, 224, 3]` in 8 bits.
  static var frames: Tensor {
    func axis(_ count: Int, _ shape: [Int]) -> Tensor {
      Tensor.arange(0, Double(count), dtype: .float64).reshaped(shape)
    }
    let c = axis(3, [1, 1, 1, 3]) + 1
    let phase =
      axis(224, [1, 1, 224, 1]) * c / 64 + axis(224, [1, 224, 1, 1]) / 96 + axis(16, [16, 1, 1, 1]) * c / 16
    return ((phase * (2 * Double.pi)).sin * 127.5 + 127.5).rounded.clamp(min: 0, max: 255).to(.uint8)
  }
}

extension Tensor {
  fileprivate static func &+ (a: Tensor, b: Int) -> Tensor { addOperator(.tensor(a), .int(b)) }
  fileprivate static func &* (a: Tensor, b: Int) -> Tensor { mulOperator(.tensor(a), .int(b)) }
  fileprivate func shiftedRight(_ bits: Int) -> Tensor {
    andOperator(
      .tensor(shiftOperator(.tensor(self), .int(bits))), .int(Int(bitPattern: UInt.max >> UInt(bits))))
  }
  /// `z ^ (z >> bits)`.
  fileprivate func shifted(_ bits: Int) -> Tensor {
    xorOperator(.tensor(self), .tensor(shiftedRight(bits)))
  }
}

private let addOperator = Operator("aten::add.Scalar")
private let mulOperator = Operator("aten::mul.Scalar")
private let shiftOperator = Operator("aten::bitwise_right_shift.Tensor_Scalar")
private let andOperator = Operator("aten::bitwise_and.Scalar")
private let xorOperator = Operator("aten::bitwise_xor.Tensor")

enum FormulaWeights {
  /// Weights for all tensors that a network asks for, filled by the rule of evaluation's golden numbers: tensors in the
  /// order of their names are the tags.
  ///
  /// - Parameters:
  ///   - fixed: tensors that the rule leaves out, and that do not count.
  ///   - unused: shapes of tensors of the reference that the network has no use for, but that count.
  static func weights(
    fixed: [String: Tensor] = [:], unused: [String: [Int]] = [:],
    for make: (Parameters) throws -> Any
  ) throws -> Weights {
    let outline = ParameterStore.outline()
    _ = try make(outline.root)
    var shapes = unused
    for entry in outline.entries where fixed[entry.name] == nil { shapes[entry.name] = entry.tensor.shape }
    return Weights(items: items(shapes).merging(fixed.mapValues(item)) { a, _ in a }, source: "formula")
  }

  static func items(_ shapes: [String: [Int]]) -> [String: Weights.Item] {
    let order = shapes.keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    return Dictionary(
      uniqueKeysWithValues: order.enumerated().map { tag, name in
        let shape = shapes[name]!
        return (
          name,
          Weights.Item(shape: shape, origin: name) { () throws(WeightError) in tensor(tag, name, shape) }
        )
      })
  }

  private static func item(_ tensor: Tensor) -> Weights.Item {
    Weights.Item(shape: tensor.shape) { () throws(WeightError) in tensor }
  }

  private static let small = [
    "cls_token", "pos_emb", "pos_embed", "temp_embed", "position_embeddings", "distillation_token", "OFF_tok",
    "MOD_tok",
  ]

  private static func tensor(_ tag: Int, _ name: String, _ shape: [Int]) -> Tensor {
    let s = FormulaNumbers.signed(tag, shape)
    let value =
      if name.hasSuffix("running_mean") {
        s * 0.1
      } else if name.hasSuffix("running_var") {
        s * 0.5 + 1
      } else if shape.count >= 2, !small.contains(where: name.contains) {
        s * (6 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
      } else if shape.count == 1, name.hasSuffix("weight") {
        s * 0.1 + 1
      } else {
        s * 0.1
      }
    return value.to(.float32)
  }
}

/// First values, sum and Euclidean length, each to one part in a thousand of the largest golden number or the length.
func expectGolden(
  _ tensor: Tensor, first: [Double], sum: Double? = nil, norm: Double? = nil, tolerance: Double = 1e-3,
  location: SourceLocation = #_sourceLocation
) {
  let values = tensor.values(as: Double.self)
  let scale = first.map(abs).max() ?? 1
  for (value, golden) in zip(values, first) {
    #expect(abs(value - golden) < tolerance * scale, "\(value) for \(golden)", sourceLocation: location)
  }
  let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  if let norm {
    #expect(abs(length - norm) < tolerance * norm, "length \(length) for \(norm)", sourceLocation: location)
  }
  if let sum {
    let found = values.reduce(0, +)
    #expect(
      abs(found - sum) < tolerance * max(abs(sum), length), "sum \(found) for \(sum)",
      sourceLocation: location)
  }
}

@Suite struct FormulaNumberTests {
  @Test func `the rule gives its own golden numbers`() {
    expectGolden(
      (FormulaNumbers.signed(0, [4]) + 1) / 2,
      first: [0.8833108082, 0.431527997, 0.02643377159, 0.9708819782],
      tolerance: 1e-9)
    expectGolden(
      (FormulaNumbers.signed(7, [3]) + 1) / 2, first: [0.7210923611, 0.1596594294, 0.4437104126],
      tolerance: 1e-9)
    expectGolden(
      FormulaNumbers.sound, first: [-0.0180967, 0.13268, 0.383003, 0.450027], sum: 0.987444, norm: 70.9277,
      tolerance: 1e-5)
    let row = FormulaNumbers.frames.narrowed(2, start: 0, length: 6).selected(0, 0).selected(0, 0)
    #expect(
      row.transposed(0, 1).values(as: UInt8.self) == [
        128, 140, 152, 165, 176, 188, 128, 152, 176, 198, 218, 234, 128, 165, 198, 226, 245, 254,
      ])
  }
}

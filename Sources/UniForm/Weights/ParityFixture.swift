public import Foundation
public import Torch

/// A parity fixture: random weights, inputs, and what the reference implementation gave for them, in one
/// safetensors file. Tensors are named `weights.…`, `inputs.…` and `outputs.…`; the metadata holds `component`,
/// `config` (JSON), `tolerance` and more.
public struct ParityFixture {
  public let file: SafeTensors
  public let component: String
  /// JSON with the reference's own field names.
  public let configuration: Data
  /// Largest absolute difference allowed for any element of any output.
  public let tolerance: Double

  public init(contentsOf url: URL) throws {
    let file = try SafeTensors(contentsOf: url)
    func field(_ key: String) throws -> String {
      guard let text = file.metadata[key] else {
        throw WeightError.malformed(
          file: url.path, reason: "it is no fixture: metadata \"\(key)\" is missing")
      }
      return text
    }
    self.file = file
    component = try field("component")
    configuration = Data(try field("config").utf8)
    guard let tolerance = Double(file.metadata["tolerance"] ?? "0") else {
      throw WeightError.malformed(file: url.path, reason: "its tolerance is no number")
    }
    self.tolerance = tolerance
  }

  public var weights: Weights { Weights(file).scoped("weights.") }

  public func input(_ name: String) throws -> Tensor { try file.tensor("inputs.\(name)") }
  public func output(_ name: String) throws -> Tensor { try file.tensor("outputs.\(name)") }
  public func hasInput(_ name: String) -> Bool { file.entries["inputs.\(name)"] != nil }
}

/// How far a result is from its reference: the worst element and where it lies.
public struct Difference: CustomStringConvertible {
  public let shapesAgree: Bool
  public let absolute: Double
  /// Against the larger magnitude of the two.
  public let relative: Double
  public let index: [Int]
  public let value: Double
  public let reference: Double

  public init(_ result: Tensor, _ expected: Tensor) {
    shapesAgree = result.shape == expected.shape
    let a = result.values(as: Double.self)
    let b = expected.values(as: Double.self)
    var worst = 0
    var distance = shapesAgree ? 0 : Double.infinity
    if shapesAgree {
      for position in a.indices {
        // A NaN on either side counts as infinitely far.
        let gap = a[position] == b[position] ? 0 : abs(a[position] - b[position])
        if !(gap <= distance) {
          distance = gap.isNaN ? .infinity : gap
          worst = position
        }
      }
    }
    absolute = distance
    value = a.indices.contains(worst) ? a[worst] : .nan
    reference = b.indices.contains(worst) ? b[worst] : .nan
    let scale = max(abs(value), abs(reference))
    relative = distance == 0 ? 0 : distance / scale
    var rest = worst
    var index: [Int] = []
    for length in result.shape.reversed() {
      index.insert(length == 0 ? 0 : rest % length, at: 0)
      rest /= max(length, 1)
    }
    self.index = index
  }

  public var description: String {
    shapesAgree
      ? "worst \(absolute) (relative \(relative)) at \(index): \(value), reference \(reference)"
      : "the shapes differ"
  }
}

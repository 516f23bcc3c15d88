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

  /// Throws `WeightError` for a file that is missing or no safetensors, ``FixtureError`` for one that is no fixture.
  public init(contentsOf url: URL) throws {
    let file = try SafeTensors(contentsOf: url)
    func field(_ key: String) throws(FixtureError) -> String {
      guard let text = file.metadata[key] else {
        throw .unusable(file: url.path, reason: "its metadata has no \"\(key)\"")
      }
      return text
    }
    self.file = file
    component = try field("component")
    configuration = Data(try field("config").utf8)
    let text = try field("tolerance")
    guard let tolerance = Double(text), tolerance.isFinite, tolerance >= 0 else {
      throw FixtureError.unusable(file: url.path, reason: "its tolerance \"\(text)\" is no number from 0 on")
    }
    self.tolerance = tolerance
  }

  public var weights: Weights { Weights(file).scoped("weights.") }

  public func input(_ name: String) throws -> Tensor { try file.tensor("inputs.\(name)") }
  public func output(_ name: String) throws -> Tensor { try file.tensor("outputs.\(name)") }
  public func hasInput(_ name: String) -> Bool { file.entries["inputs.\(name)"] != nil }
}

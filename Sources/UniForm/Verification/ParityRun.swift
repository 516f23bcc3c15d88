internal import Foundation
public import Torch

/// One run over a fixture: hands its tensors to a component, checked for shape, and takes the results.
public final class ParityRun {
  /// One axis of an input.
  public enum Axis: ExpressibleByStringLiteral, Sendable {
    /// Of any length from one on, the same wherever the letter occurs.
    case letter(String)
    case length(Int)
    /// Any number of further axes, the same wherever they occur; comes last.
    case rest

    public init(stringLiteral letter: String) { self = .letter(letter) }
  }

  public let fixture: ParityFixture
  private(set) var outputs: [ParityReport.Output] = []
  private var lengths: [String: [Int]] = [:]
  /// The tensors that the component has asked for.
  private var read: Set<String> = []

  init(_ fixture: ParityFixture) { self.fixture = fixture }

  // MARK: What goes in

  public func configuration<Configuration: JSONConfiguration>(
    _ type: Configuration.Type = Configuration.self
  ) throws -> Configuration {
    try Configuration(json: fixture.configuration, source: "config")
  }

  /// A whole number of the configuration that the component's own configuration does not have.
  public func configured(_ key: String, in range: ClosedRange<Int>) throws -> Int {
    let object = try? JSONSerialization.jsonObject(with: fixture.configuration) as? [String: Any]
    guard let value = object?[key] as? Int, range.contains(value) else {
      throw unusable("\"\(key)\" of its config must be in \(range.lowerBound)…\(range.upperBound)")
    }
    return value
  }

  /// JSON in the metadata.
  public func metadata<Value: Decodable>(_ key: String, as type: Value.Type = Value.self) throws -> Value {
    guard let text = fixture.file.metadata[key],
      let value = try? JSONDecoder().decode(type, from: Data(text.utf8))
    else { throw unusable("metadata \"\(key)\" is missing, or not what it should be") }
    return value
  }

  /// All weights; a component that takes them must use every one.
  public var weights: Weights {
    read.formUnion(fixture.file.entries.keys.filter { $0.hasPrefix("weights.") })
    return fixture.weights
  }

  public func hasInput(_ name: String) -> Bool { fixture.hasInput(name) }

  /// What an input has to hold.
  public enum Content: Sendable {
    /// Floating-point numbers, which are handed over in float32.
    case reals
    /// Numbers of any type, handed over as they are stored.
    case numbers
    case integers(ClosedRange<Int>)
    /// Zeros and ones.
    public static let mask = Content.integers(0...1)
  }

  public func input(_ name: String, _ axes: Axis..., holding content: Content = .reals) throws -> Tensor {
    let tensor = try fixture.input(name)
    read.insert("inputs.\(name)")
    try check(tensor.shape, axes, name)
    switch content {
    case .numbers: return tensor
    case .reals:
      guard tensor.dtype.isFloatingPoint else {
        throw unusable("inputs.\(name) must hold floating-point numbers")
      }
      return tensor.to(.float32)
    case .integers(let range):
      guard !tensor.dtype.isFloatingPoint, tensor.values(as: Int.self).allSatisfy(range.contains) else {
        throw unusable(
          "inputs.\(name) must hold whole numbers in \(range.lowerBound)…\(range.upperBound)")
      }
      return tensor
    }
  }

  private func check(_ shape: [Int], _ axes: [Axis], _ name: String) throws {
    var fixed = axes
    var further: ArraySlice<Int> = []
    if case .rest? = axes.last {
      fixed.removeLast()
      further = shape.dropFirst(fixed.count)
    }
    guard shape.count == fixed.count + further.count, shape.allSatisfy({ $0 > 0 }) else {
      throw wrongShape(shape, axes, name)
    }
    for (axis, length) in zip(fixed, shape) {
      let fits =
        switch axis {
        case .letter(let letter): bind(letter, [length])
        case .length(let expected): length == expected
        case .rest: false
        }
      guard fits else { throw wrongShape(shape, axes, name) }
    }
    guard fixed.count == axes.count || bind("…", Array(further)) else { throw wrongShape(shape, axes, name) }
  }

  private func bind(_ letter: String, _ found: [Int]) -> Bool {
    defer { lengths[letter] = lengths[letter] ?? found }
    return lengths[letter] == nil || lengths[letter] == found
  }

  private func wrongShape(_ shape: [Int], _ axes: [Axis], _ name: String) -> FixtureError {
    let expected = axes.map { axis in
      switch axis {
      case .letter(let letter): lengths[letter].map { "\(letter)=\($0[0])" } ?? letter
      case .length(let length): "\(length)"
      case .rest: lengths["…"].map { $0.map(String.init).joined(separator: ", ") } ?? "…"
      }
    }
    return unusable("inputs.\(name) has shape \(shape), not [\(expected.joined(separator: ", "))]")
  }

  // MARK: What comes out

  /// Compares a result with the output of this name.
  ///
  /// - Parameter ignored: true, broadcast over the result, where the reference holds junk.
  public func compare(_ result: Tensor, _ name: String, ignoring ignored: Tensor? = nil) throws {
    var expected = try fixture.output(name)
    read.insert("outputs.\(name)")
    var result = result
    if let ignored, result.shape == expected.shape {
      (result, expected) = (result.maskedFill(ignored, 0), expected.maskedFill(ignored, 0))
    }
    compare(result, with: expected, name)
  }

  /// Compares with a reference that is no tensor of the file.
  public func compare(_ result: Tensor, with expected: Tensor, _ name: String) {
    outputs.append(.init(name: name, difference: Difference(result, expected)))
  }

  public func unusable(_ reason: String) -> FixtureError {
    .unusable(file: fixture.file.url.path, reason: reason)
  }

  /// What nobody asked for was not checked either.
  func requireAllUsed() throws {
    let unused = fixture.file.entries.keys.filter { !read.contains($0) }
    if let name = unused.min() {
      throw unusable("tensor \"\(name)\" is not one that \(fixture.component) knows")
    }
  }
}

internal import Foundation
internal import Torch

/// What a fixture said about its component.
public struct ParityReport: Sendable, CustomStringConvertible {
  public struct Output: Sendable {
    public let name: String
    public let difference: Difference
  }

  public let component: String
  /// Largest absolute difference allowed.
  public let tolerance: Double
  /// One or more, in the order in which they were computed.
  public let outputs: [Output]

  public var passed: Bool { outputs.allSatisfy { $0.difference.absolute <= tolerance } }

  /// The output with the largest absolute difference.
  public var worst: Output { outputs.max { $0.difference.absolute < $1.difference.absolute } ?? outputs[0] }

  public var description: String {
    "\(component) \(passed ? "passes" : "fails") with tolerance \(tolerance): \(worst.name), \(worst.difference)"
  }
}

extension ParityFixture {
  /// Builds the fixture's component, runs it on the CPU in float32 and compares all outputs.
  ///
  /// - Throws: ``FixtureError``, or `WeightError`, for a file that cannot be used; `TorchError` when memory runs out.
  public func verify(_ components: [ParityComponent] = ParityComponent.system) throws -> ParityReport {
    guard let component = components.first(where: { $0.name == self.component }) else {
      throw FixtureError.unknownComponent(
        file: file.url.path, name: self.component, known: components.map(\.name))
    }
    let run = ParityRun(self)
    do {
      try withoutGradient { try catchingTorchErrors { try component.run(run) } }
      try run.requireAllUsed()
    } catch let error as FixtureError {
      throw error
    } catch let error as WeightError {
      throw error
    } catch let error as TorchError where error.kind == .outOfMemory {
      throw error
    } catch {
      throw run.unusable("\(error)")
    }
    guard !run.outputs.isEmpty else { throw run.unusable("it has nothing to compare") }
    return ParityReport(component: component.name, tolerance: tolerance, outputs: run.outputs)
  }
}

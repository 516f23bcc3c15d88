import Foundation
import UniForm
import UniFormEvaluation

/// Runs fixtures one after another, tells how each went, and keeps count.
struct VerificationList {
  private let json: Bool
  private var table = TextTable(.left, .left, .left, .right, .right, .right, .left)
  private var passed = 0
  private var failed = 0
  private var unusable = 0
  /// Of the first file that could not be used.
  private var unusableStatus: ExitStatus?

  init(json: Bool) {
    self.json = json
    table.add("", "fixture", "component", "absolute", "relative", "tolerance", "where")
  }

  /// Nil when all passed.
  var status: ExitStatus? { unusableStatus ?? (failed > 0 ? .checkFailed : nil) }

  /// The file itself, or the fixtures of a folder in the order of their names.
  mutating func paths(of argument: String) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder), isFolder.boolValue else {
      return [argument]
    }
    do {
      let names = try FileManager.default.contentsOfDirectory(atPath: argument)
        .filter { $0.hasSuffix(".safetensors") && !$0.hasPrefix(".") }.sorted()
      guard !names.isEmpty else {
        throw CommandFailure("\(argument): the folder has no .safetensors files", .noInput)
      }
      return names.map { URL(filePath: argument).appending(path: $0).relativePath }
    } catch {
      cannotUse(argument, error)
      return []
    }
  }

  mutating func verify(_ path: String) {
    do {
      let fixture = try ParityFixture(contentsOf: URL(filePath: path))
      let report = try fixture.verify(ParityComponent.system + ParityComponent.metrics)
      if report.passed { passed += 1 } else { failed += 1 }
      add(report, path)
    } catch {
      cannotUse(path, error)
    }
  }

  /// The table and the counts.
  /// - Throws: where the standard output cannot be written.
  func end(seconds: Double) throws {
    if json {
      var event = VerificationEvent("done")
      (event.passed, event.failed, event.unusable) = (passed, failed, unusable)
      event.seconds = seconds.rounded(to: 3)
      return try event.print()
    }
    if table.rows.count > 1 { try StandardOutput.print(table.lines.joined(separator: "\n")) }
    var counts = ["\(passed) passed", "\(failed) failed"]
    if unusable > 0 { counts.append("\(unusable) could not be used") }
    try StandardOutput.print(counts.joined(separator: ", "))
  }

  private mutating func add(_ report: ParityReport, _ path: String) {
    let (worst, difference) = (report.worst.name, report.worst.difference)
    // Whether anything can be written is told at the end.
    if json { return (try? VerificationEvent(report, file: path).print()) ?? () }
    let place =
      if !difference.shapesAgree {
        "\(worst) has the shape \(difference.shape), the reference \(difference.referenceShape)"
      } else if difference.absolute == 0 {
        "all equal"
      } else {
        "\(worst)\(difference.index): \(difference.value.precise), reference \(difference.reference.precise)"
      }
    table.add(
      report.passed ? "pass" : "FAIL", URL(filePath: path).lastPathComponent.oneLine, report.component,
      difference.absolute.scientific, difference.relative.scientific, report.tolerance.scientific, place)
  }

  private mutating func cannotUse(_ path: String, _ error: any Error) {
    let failure = CommandFailure(error)
    unusable += 1
    unusableStatus = unusableStatus ?? failure.status
    if json { try? VerificationEvent(failure, file: path).print() }
    StandardError.print("uniform: error: \(failure)")
  }
}

extension Double {
  /// `1.2e-05`
  fileprivate var scientific: String { self == 0 ? "0" : isFinite ? String(format: "%.1e", self) : "\(self)" }

  /// As many digits as single precision has.
  fileprivate var precise: String { String(format: "%.8g", self) }
}

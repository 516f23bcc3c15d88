import Foundation
import UniForm

/// One line of `verify --json`. Fields that do not apply are left out.
struct VerificationEvent: Encodable {
  struct Output: Encodable {
    let name: String
    let absolute: Double
    let relative: Double
    let shape: [Int]
    let referenceShape: [Int]
    let index: [Int]?
    let value: Double?
    let reference: Double?

    enum CodingKeys: String, CodingKey {
      case name, absolute, relative, shape, index, value, reference
      case referenceShape = "reference_shape"
    }

    init(_ output: ParityReport.Output) {
      let difference = output.difference
      name = output.name
      (absolute, relative) = (difference.absolute, difference.relative)
      (shape, referenceShape) = (difference.shape, difference.referenceShape)
      index = difference.shapesAgree ? difference.index : nil
      value = difference.shapesAgree ? difference.value : nil
      reference = difference.shapesAgree ? difference.reference : nil
    }
  }

  /// `fixture`, `failure` or `done`.
  let event: String
  var file: String?
  var component: String?
  var tolerance: Double?
  var pass: Bool?
  /// All outputs, each with its worst element.
  var outputs: [Output]?
  var message: String?
  var exitStatus: Int32?
  var passed: Int?
  var failed: Int?
  var unusable: Int?
  var seconds: Double?

  enum CodingKeys: String, CodingKey {
    case event, file, component, tolerance, pass, outputs, message, passed, failed, unusable, seconds
    case exitStatus = "exit_status"
  }

  init(_ event: String) { self.event = event }

  init(_ report: ParityReport, file: String) {
    self.init("fixture")
    self.file = file
    component = report.component
    tolerance = report.tolerance
    pass = report.passed
    outputs = report.outputs.map(Output.init)
  }

  init(_ failure: CommandFailure, file: String) {
    self.init("failure")
    self.file = file
    message = failure.description
    exitStatus = failure.status.rawValue
  }

  /// Writes the line; a number that is none becomes a text.
  func print() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try StandardOutput.print(String(decoding: try encoder.encode(self), as: UTF8.self))
  }
}

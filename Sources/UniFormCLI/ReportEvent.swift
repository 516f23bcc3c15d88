import Foundation
import UniForm
import UniFormEvaluation

/// One line of `--json`. Fields that do not apply are left out.
struct ReportEvent: Encodable, Sendable {
  /// `start`, `progress`, `clip`, `written`, `part`, `skipped`, `warning`, `failure`, `report` or `done`.
  let event: String
  var task: String?
  var model: String?
  var prompt: String?
  var line: Int?
  var stage: String?
  var step: Int?
  var steps: Int?
  /// Steps per second.
  var rate: Double?
  var secondsLeft: Double?
  var output: String?
  var sheet: String?
  var seed: UInt64?
  var settings: ClipSettings?
  /// Of the tensors in a file, by name.
  var shapes: [String: [Int]]?
  /// Of an import.
  var part: ImportReport?
  /// Of an evaluation.
  var report: EvaluationReport?
  var message: String?
  var exitStatus: Int32?
  var clips: Int?
  var skipped: Int?
  /// Clips that were left out, by reason.
  var reasons: [String: Int]?
  var failed: Int?
  /// Sent to and received from a language model.
  var tokens: [String: Int]?
  var cost: Double?
  var commit: String?
  var files: [String]?
  var receivedBytes: Int?
  /// Of wall clock.
  var seconds: Double?

  enum CodingKeys: String, CodingKey {
    case event, task, model, prompt, line, stage, step, steps, rate, output, sheet, seed, settings, message
    case shapes, part, reasons, tokens, cost, report
    case clips, skipped, failed, commit, files, seconds
    case receivedBytes = "received_bytes"
    case secondsLeft = "seconds_left"
    case exitStatus = "exit_status"
  }

  init(
    _ event: String, task: String? = nil, model: String? = nil, prompt: String? = nil, line: Int? = nil,
    stage: String? = nil, step: Int? = nil, steps: Int? = nil, rate: Double? = nil,
    secondsLeft: Double? = nil,
    output: String? = nil, sheet: String? = nil, seed: UInt64? = nil, settings: ClipSettings? = nil,
    shapes: [String: [Int]]? = nil, report: EvaluationReport? = nil, message: String? = nil,
    exitStatus: Int32? = nil, clips: Int? = nil,
    skipped: Int? = nil,
    failed: Int? = nil, commit: String? = nil, files: [String]? = nil, receivedBytes: Int? = nil,
    seconds: Double? = nil
  ) {
    self.event = event
    self.task = task
    self.model = model
    self.prompt = prompt
    self.line = line
    self.stage = stage
    self.step = step
    self.steps = steps
    self.rate = rate
    self.secondsLeft = secondsLeft
    self.output = output
    self.sheet = sheet
    self.seed = seed
    self.settings = settings
    self.shapes = shapes
    self.report = report
    self.message = message
    self.exitStatus = exitStatus
    self.clips = clips
    self.skipped = skipped
    self.failed = failed
    self.commit = commit
    self.files = files
    self.receivedBytes = receivedBytes
    self.seconds = seconds
  }

  static func failure(_ failure: CommandFailure, line: Int? = nil) -> ReportEvent {
    ReportEvent(
      "failure", line: line, message: failure.description, exitStatus: failure.status.rawValue)
  }

  /// As one line of JSON, with its end.
  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Nothing in it can fail to encode but numbers that are none.
    guard let data = try? encoder.encode(self) else { return "{\"event\":\"\(event)\"}\n" }
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}

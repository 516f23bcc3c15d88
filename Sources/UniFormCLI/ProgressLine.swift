import Foundation

/// How fast the steps of a stage go, since it began.
struct RateMeter {
  private var stage = ""
  private var start: (completed: Int, time: ContinuousClock.Instant)?
  private(set) var rate: Double?

  /// - Returns: whether a stage begins.
  mutating func update(stage: String, completed: Int, at time: ContinuousClock.Instant) -> Bool {
    guard let start, stage == self.stage, completed >= start.completed else {
      self.stage = stage
      start = (completed, time)
      rate = nil
      return true
    }
    let seconds = (time - start.time) / .seconds(1)
    if completed > start.completed && seconds > 0 { rate = Double(completed - start.completed) / seconds }
    return false
  }
}

/// Progress in words and as a bar.
struct ProgressLine {
  let stage: String
  let completed: Int
  let total: Int
  /// What is counted, in the plural; `bytes` are written as sizes.
  var unit = "steps"
  /// Units per second, once known.
  let rate: Double?

  var secondsLeft: Double? { rate.map { Double(total - completed) / $0 } }

  var text: String {
    guard total > 1 else { return stage.capitalizedSentence }
    return "\(stage.capitalizedSentence): \(amount(completed)) of \(amount(total))" + speed
  }

  /// Never as wide as the terminal, where it would go on in the next line: the bar gives way first, then the end.
  func bar(columns: Int) -> String {
    guard total > 1 else { return String((stage.capitalizedSentence + " …").prefix(columns - 1)) }
    let words = "\(amount(completed))/\(amount(total))" + speed
    let width = min(28, columns - 3 - stage.count - words.count)
    guard width >= 4 else {
      return String("\(stage.capitalizedSentence) \(words)".prefix(max(columns - 1, 0)))
    }
    let full = width * completed / total
    let bar = String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
    return "\(stage.capitalizedSentence) \(bar) \(words)"
  }

  private func amount(_ count: Int) -> String { unit == "bytes" ? count.byteSize : "\(count)" }

  private var speed: String {
    guard let rate, let secondsLeft else { return "" }
    let speed =
      unit == "bytes"
      ? "\(Int(rate).byteSize)/s"
      : rate >= 1
        ? String(format: "%.1f \(unit)/s", rate) : String(format: "%.1f s/\(unit.dropLast())", 1 / rate)
    return secondsLeft > 0 ? ", \(speed), \(Self.duration(secondsLeft)) left" : ", \(speed)"
  }

  /// `12 s`, `3 min 05 s` or `2 h 07 min`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return String(format: "%d min %02d s", whole / 60, whole % 60) }
    return String(format: "%d h %02d min", whole / 3600, whole % 3600 / 60)
  }
}

extension String {
  var capitalizedSentence: String { prefix(1).uppercased() + dropFirst() }
}

extension Double {
  func rounded(to digits: Int) -> Double {
    let scale = pow(10, Double(digits))
    return (self * scale).rounded() / scale
  }
}

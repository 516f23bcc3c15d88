public import Foundation

/// The log of a run: JSON lines in a file, and a line now and then for the person who waits.
public final class MetricsLog {
  private let title: String
  private let file: FileHandle?
  private let printLine: (String) -> Void
  private var sums: [String: (total: Double, count: Int)] = [:]
  private var order: [String] = []
  private var lastPrint = Date.distantPast
  private var lastStep = 0
  private var lastElapsed: TimeInterval = 0
  /// Seconds between two lines.
  private let interval: TimeInterval

  /// - Parameters:
  ///   - url: a `.jsonl` file to append to; none with nil.
  ///   - print: where lines go.
  public init(
    title: String, url: URL?, interval: TimeInterval = 10, print: @escaping (String) -> Void
  ) throws {
    self.title = title
    self.interval = interval
    printLine = print
    if let url {
      if !FileManager.default.fileExists(atPath: url.path) {
        try Data().write(to: url)
      }
      file = try FileHandle(forWritingTo: url)
      try file?.seekToEnd()
    } else {
      file = nil
    }
  }

  /// Tells nobody.
  static var silent: MetricsLog {
    get throws { try MetricsLog(title: "", url: nil) { _ in } }
  }

  func record(step: Int, elapsed: TimeInterval, progress: Double, values: [(String, Double)]) {
    for (name, value) in values {
      if sums[name] == nil { order.append(name) }
      let sum = sums[name] ?? (0, 0)
      sums[name] = (sum.total + value, sum.count + 1)
    }
    guard Date.now.timeIntervalSince(lastPrint) >= interval || progress >= 1 else { return }
    lastPrint = .now
    let means = order.map { ($0, sums[$0]!.total / Double(sums[$0]!.count)) }
    let rate = Double(step - lastStep) / max(elapsed - lastElapsed, 1e-9)
    (lastStep, lastElapsed) = (step, elapsed)
    (sums, order) = ([:], [])
    var object: [String: Any] = ["run": title, "step": step, "seconds": elapsed, "steps_per_second": rate]
    for (name, value) in means { object[name] = value }
    if let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys]) {
      try? file?.write(contentsOf: data + Data("\n".utf8))
    }
    let left = progress > 0 ? elapsed * (1 - progress) / progress : 0
    let numbers = means.map { "\($0.0) \(String(format: "%.4g", $0.1))" }.joined(separator: "  ")
    printLine(
      "\(title)  step \(step)  \(String(format: "%.0f", 100 * progress)) %  \(numbers)  "
        + "\(String(format: "%.2f", rate)) steps/s  \(duration(left)) left")
  }

  func finish() { try? file?.synchronize() }
}

/// `"1:05:09"` or `"5:09"`.
func duration(_ seconds: Double) -> String {
  let total = Int(seconds.rounded())
  let (h, m, s) = (total / 3600, total / 60 % 60, total % 60)
  return h > 0 ? String(format: "%d:%02d:%02d", h, m, s) : String(format: "%d:%02d", m, s)
}

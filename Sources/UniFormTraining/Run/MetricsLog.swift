public import Foundation

/// The record of a run: JSON lines in a file, events for TensorBoard, and a line now and then for the person who waits.
///
/// A line of the file is the mean over the steps since the line before. A run that goes on from a checkpoint takes back
/// what was written after it.
public final class MetricsLog {
  private let title: String
  private let url: URL?
  private let every: Int
  private var file: FileHandle?
  private let board: TensorBoardWriter?
  private let printLine: (String) -> Void
  private var means = MetricMeans()
  private var shown = MetricMeans()
  private var lastPrint = Date.distantPast
  /// At the last line of the file, and at the last that was printed.
  private var last: (step: Int, elapsed: TimeInterval) = (0, 0)
  private var lastShown: (step: Int, elapsed: TimeInterval) = (0, 0)
  /// Seconds between two lines for people.
  private let interval: TimeInterval

  /// - Parameters:
  ///   - url: a `.jsonl` file to append to; none with nil.
  ///   - every: steps per line of the file.
  ///   - tensorboard: the folder for events; none with nil.
  ///   - print: where lines for people go.
  public init(
    title: String, url: URL? = nil, every: Int = 1, tensorboard: URL? = nil, interval: TimeInterval = 10,
    print: @escaping (String) -> Void = { _ in }
  ) throws {
    self.title = title
    self.url = url
    self.every = every
    self.interval = interval
    printLine = print
    board = try tensorboard.map(TensorBoardWriter.init)
  }

  /// Before the first step that is recorded.
  func begin(step: Int, elapsed: TimeInterval) {
    (last, lastShown) = ((step, elapsed), (step, elapsed))
    board?.begin(step: step)
    guard let url else { return }
    let text = (try? Data(contentsOf: url)) ?? Data()
    let kept = text.split(separator: UInt8(ascii: "\n")).filter {
      MetricsLine($0).map { $0.step <= step } ?? false
    }
    do {
      try DurableFile.write(Data(kept.map { $0 + [UInt8(ascii: "\n")] }.joined()), to: url)
      file = try FileHandle(forWritingTo: url)
      try file?.seekToEnd()
    } catch {
      warn("metrics are not written: \(error)")
    }
  }

  func warn(_ line: String) { printLine("warning: \(line)") }

  func add(_ values: [(String, Double)]) {
    means.add(values)
    shown.add(values)
  }

  /// After each step.
  func record(step: Int, of steps: Int, elapsed: TimeInterval, skipped: Int) {
    if step % every == 0 { write(step: step, elapsed: elapsed, skipped: skipped) }
    if Date.now.timeIntervalSince(lastPrint) >= interval {
      show(step: step, of: steps, elapsed: elapsed, skipped: skipped)
    }
  }

  func finish(step: Int, of steps: Int, elapsed: TimeInterval, skipped: Int) {
    if step > last.step { write(step: step, elapsed: elapsed, skipped: skipped) }
    if step > lastShown.step { show(step: step, of: steps, elapsed: elapsed, skipped: skipped) }
    try? file?.synchronize()
  }

  private func write(step: Int, elapsed: TimeInterval, skipped: Int) {
    var values = means.take()
    values.append(("steps_per_second", Double(step - last.step) / max(elapsed - last.elapsed, 1e-9)))
    values.append(("memory_gb", MemoryUse.residentBytes / 1e9))
    last = (step, elapsed)
    board?.write(step: step, values)
    var object: [String: Any] = [
      "step": step, "seconds": (elapsed * 1000).rounded() / 1000, "skipped": skipped,
    ]
    for (name, value) in values where value.isFinite { object[name] = value }
    if let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys]) {
      // A full disk ends the run at the next checkpoint, with its reason.
      try? file?.write(contentsOf: data + Data("\n".utf8))
    }
  }

  private func show(step: Int, of steps: Int, elapsed: TimeInterval, skipped: Int) {
    lastPrint = .now
    let rate = Double(step - lastShown.step) / max(elapsed - lastShown.elapsed, 1e-9)
    lastShown = (step, elapsed)
    let numbers = shown.take().map { "\($0.0) \(String(format: "%.4g", $0.1))" }.joined(separator: "  ")
    let memory = String(format: "%.1f GB", MemoryUse.residentBytes / 1e9)
    let left = Double(steps - step) / max(rate, 1e-9)
    let skips = skipped > 0 ? "  \(skipped) skipped" : ""
    printLine(
      "\(title)  step \(step) of \(steps)  \(numbers)\(skips)  \(String(format: "%.2f", rate)) steps/s  \(memory)  "
        + "\(duration(left)) left")
  }
}

/// Means of named numbers, in the order in which the names first came.
private struct MetricMeans {
  private var sums: [String: (total: Double, count: Int)] = [:]
  private var order: [String] = []

  mutating func add(_ values: [(String, Double)]) {
    for (name, value) in values {
      if sums[name] == nil { order.append(name) }
      let sum = sums[name] ?? (0, 0)
      sums[name] = (sum.total + value, sum.count + 1)
    }
  }

  mutating func take() -> [(String, Double)] {
    defer { (sums, order) = ([:], []) }
    return order.map { ($0, sums[$0]!.total / Double(sums[$0]!.count)) }
  }
}

/// One line of `metrics.jsonl`.
struct MetricsLine {
  let step: Int
  let values: [String: Double]

  init?(_ line: Data) {
    guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
      let step = object["step"] as? Int
    else { return nil }
    self.step = step
    values = object.compactMapValues { ($0 as? NSNumber)?.doubleValue }
  }
}

/// `"1:05:09"` or `"5:09"`.
func duration(_ seconds: Double) -> String {
  let total = Int(min(max(seconds, 0), 1e9).rounded())
  let (h, m, s) = (total / 3600, total / 60 % 60, total % 60)
  return h > 0 ? String(format: "%d:%02d:%02d", h, m, s) : String(format: "%d:%02d", m, s)
}

public import Foundation
public import Media

extension CurvePlot {
  /// All that a run wrote down, over its steps.
  ///
  /// - Throws: ``TrainingError`` where the folder holds no run or nothing was written yet.
  public init(run: URL) throws {
    let url = RunDirectory.metricsURL(in: run)
    guard let data = try? Data(contentsOf: url) else {
      throw TrainingError(
        "\(run.path): is no folder of a training run: it has no \(url.lastPathComponent)", .missing)
    }
    let lines = data.split(separator: UInt8(ascii: "\n")).compactMap { MetricsLine($0) }
    guard !lines.isEmpty else { throw TrainingError("\(url.path): holds no metrics yet") }
    let names = Set(lines.flatMap(\.values.keys)).subtracting(["step", "seconds"])
      .filter { name in name != "skipped" || lines.contains { $0.values["skipped"] != 0 } }
    // The loss first, then what it consists of, then what says how the machine does.
    let last = ["gradient_norm", "learning_rate", "steps_per_second", "memory_gb", "skipped"]
    func place(_ name: String) -> Int { name == "loss" ? -1 : last.firstIndex(of: name).map { $0 + 1 } ?? 0 }
    self.init(
      title: "\(run.standardizedFileURL.lastPathComponent), step \(lines.last!.step)",
      curves: names.sorted { (place($0), $0) < (place($1), $1) }.map { name in
        Curve(
          name: name, points: lines.compactMap { line in line.values[name].map { (Double(line.step), $0) } })
      }, axis: "step")
  }
}

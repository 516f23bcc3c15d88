import Foundation
import UniForm

/// A plan for people and for programs.
struct GenerationPlanReport: Encodable {
  struct Peaks: Encodable {
    let oneByOne: Int
    let together: Int

    enum CodingKeys: String, CodingKey {
      case oneByOne = "one_by_one"
      case together
    }
  }

  let plan: GenerationPlan
  let clips: Int
  let peakBytes: Peaks
  let availableBytes: Int?
  /// How networks will be kept; nil where they do not fit.
  let staging: GenerationPlan.Staging?
  /// Of all clips.
  let seconds: Double?
  let speed: MachineSpeed

  enum CodingKeys: String, CodingKey {
    case plan, clips, staging, seconds, speed
    case peakBytes = "peak_bytes"
    case availableBytes = "available_bytes"
  }

  init(_ plan: GenerationPlan, clips: Int, speed: MachineSpeed, available: Int?) {
    self.plan = plan
    self.clips = clips
    self.speed = speed
    availableBytes = available
    peakBytes = Peaks(oneByOne: plan.peakBytes(.oneByOne), together: plan.peakBytes(.together))
    staging = plan.staging(clips: clips, available: available ?? .max)
    seconds = plan.seconds(clips: clips)
  }

  var text: String {
    let g = plan.geometry
    let head =
      "\(plan.model), \(plan.task.rawValue), \(g.seconds.formatted) s of \(g.width)×\(g.height), "
      + "\(plan.evaluations) evaluations, \(plan.dtype) on \(plan.device), \(plan.threads) threads"
    var table = TextTable(.left, .right, .right, .right, .right)
    table.add("stage", "weights", "working", "peak", "time")
    for stage in plan.stages {
      table.add(
        stage.name.rawValue, stage.weightBytes.byteSize, stage.workingBytes.byteSize,
        stage.peakBytes.byteSize, stage.seconds.map(Self.time) ?? "")
    }
    table.add("program and libraries", "", "", plan.processBytes.byteSize, "")
    table.add("pictures and sound", "", "", plan.heldBytes.byteSize, "")
    table.add(
      "one network at a time", "", "", peakBytes.oneByOne.byteSize, plan.seconds.map(Self.time) ?? "")
    table.add("all networks kept", "", "", peakBytes.together.byteSize, "")
    if let availableBytes { table.add("memory there is", "", "", availableBytes.byteSize, "") }
    var lines = [head, ""] + table.lines + [""]
    switch staging {
    case .oneByOne: lines.append("Networks are loaded one at a time, each freed after its stage.")
    case .together: lines.append("Networks stay loaded from clip to clip.")
    case nil: break
    }
    if clips > 1, let seconds { lines.append("\(clips) clips take about \(Self.time(seconds)).") }
    lines.append("The model takes \(plan.diskBytes.byteSize) on disk.")
    return lines.joined(separator: "\n")
  }

  private static func time(_ seconds: Double) -> String {
    seconds < 10 ? String(format: "%.1f s", seconds) : ProgressLine.duration(seconds)
  }
}

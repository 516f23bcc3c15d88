import ArgumentParser
import Foundation
import Torch
import UniForm

struct PlanGenerate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Predict what 'uniform generate' takes with the same options.")

  @Option(
    help: """
      What is given and what is made: t2av from text, v2a sound for a video, a2v pictures for a sound, t2a and t2v one \
      of them from text.
      """)
  var task = GenerationTask.t2av
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Length of the clip, 1 to 10. Without it, the length that the model was trained on.",
      valueName: "seconds"))
  var seconds: Double?
  @OptionGroup var size: SizeOptions
  @Flag(help: "Without a prompt, for v2a and a2v.")
  var noPrompt = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Steps from noise to clip. Without it, the model's own number.", valueName: "number"))
  var steps: Int?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Guidance; 1 turns it off. Without it, the model's own number.", valueName: "number"))
  var guidance: Double?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Guidance of a given video or sound. Without it, 1.", valueName: "number"))
  var conditionGuidance: Double?
  @Option(help: "Sampling method. Without it, the one the model was trained for.")
  var sampler: Sampler?
  @Option(parsing: .unconditional, help: ArgumentHelp("How many clips to make.", valueName: "number"))
  var count = 1
  @OptionGroup var machine: MachineOptions
  @OptionGroup var options: PlanOptions

  func validate() throws {
    func check(_ name: String, _ value: some Any, _ isAllowed: Bool, _ allowed: String) throws {
      if !isAllowed { throw ValidationError("--\(name) is \(value); use \(allowed)") }
    }
    if noPrompt && task.condition == nil { throw ValidationError("--no-prompt needs --task v2a or a2v") }
    if let steps {
      let range = GenerationRequest.allowedSteps
      try check("steps", steps, range.contains(steps), "a whole number from 1 to \(range.upperBound)")
    }
    if let guidance { try check("guidance", guidance, guidance.isFinite && guidance >= 0, "0 or more") }
    if let conditionGuidance {
      try check(
        "condition-guidance", conditionGuidance, conditionGuidance.isFinite && conditionGuidance >= 0,
        "0 or more")
    }
    if let seconds {
      try check("seconds", seconds, GenerationRequest.allowedSeconds.contains(seconds), "1 to 10")
    }
    try check("count", count, GenerationRequest.allowedCount.contains(count), "a whole number from 1 to 1000")
  }

  func run() async throws {
    let directory = try ModelLocation.open(machine.model, isTrained: false)
    let device = try machine.place.checkedDevice()
    if let threads = machine.place.threads { ComputeThreads.count = threads }
    var planned = PlannedGeneration(directory, dtype: machine.dtype.dtype, device: device)
    planned.task = task
    planned.hasPrompt = !noPrompt
    planned.geometry.seconds = seconds ?? planned.geometry.seconds
    if let pixels = try size.picture.pixels(of: directory, for: nil) {
      try directory.check(pixels)
      planned.geometry.size = pixels
    }
    planned.steps = steps ?? planned.steps
    planned.guidanceScale = guidance ?? planned.guidanceScale
    planned.conditionGuidanceScale = conditionGuidance ?? 1
    planned.sampler = sampler ?? planned.sampler
    let processBytes = GenerationPlan.processBytes
    let speed = try MachineSpeed.measure(dtype: planned.dtype, device: device)
    let plan = try GenerationPlan(directory, planned, speed: speed, processBytes: processBytes)
    let report = GenerationPlanReport(plan, clips: count, speed: speed, available: options.availableBytes)
    try StandardOutput.print(options.json ? try options.encoded(report) : report.text)
    if device.kind == .cpu, let available = options.availableBytes, report.staging == nil {
      throw try plan.shortage(directory, planned, available: available)
    }
  }
}

import ArgumentParser
import Foundation
import Torch
import UniForm
import UniFormTraining

struct PlanTrain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Predict what 'uniform train' takes with the same configuration.")

  @OptionGroup var training: TrainingOptions
  @Option(
    help: ArgumentHelp(
      "Model directory, or a folder in Configs/, instead of the configuration's; no weights are needed.",
      valueName: "model"),
    completion: .directory)
  var model: String?
  @Option(
    help: ArgumentHelp("Clips that the latents of a transformer's training are of.", valueName: "number"))
  var clips = 10_000
  @OptionGroup var options: PlanOptions

  func validate() throws {
    guard (1...1_000_000_000_000).contains(clips) else {
      throw ValidationError("--clips is \(clips); use a whole number from 1 to 10^12")
    }
  }

  func run() async throws {
    let file = try training.file()
    let processBytes = GenerationPlan.processBytes
    let speed = try MachineSpeed.measure(dtype: .float32, device: .cpu)
    let plan = try plan(file, speed, processBytes)
    let report = TrainingPlanReport(plan, speed: speed, available: options.availableBytes)
    try StandardOutput.print(options.json ? try options.encoded(report) : report.text)
    if let available = options.availableBytes, plan.peakBytes > available {
      throw MemoryShortage(
        work: "training of the \(plan.part)", neededBytes: plan.peakBytes, availableBytes: available,
        remedies: [plan.workers > 1 ? "--set workers=1" : "a smaller optimization.batch_size"])
    }
  }

  private func plan(_ file: TrainingFile, _ speed: MachineSpeed, _ processBytes: Int) throws -> TrainingPlan {
    func directory<Recipe>(_ configuration: TrainingConfiguration<Recipe>) throws -> ModelDirectory {
      try ModelLocation.open(model ?? configuration.model, isTrained: false)
    }
    switch file.subject {
    case .transformer:
      let configuration: TrainingConfiguration<TransformerRecipe> = try file.configuration()
      return try TrainingPlan(
        directory(configuration), configuration, clips: clips, speed: speed, processBytes: processBytes)
    case .videoVAE:
      let configuration: TrainingConfiguration<VideoVAETrainer.Recipe> = try file.configuration()
      return try TrainingPlan(
        directory(configuration), configuration, speed: speed, processBytes: processBytes)
    case .audioVAE:
      let configuration: TrainingConfiguration<AudioVAETrainer.Recipe> = try file.configuration()
      return try TrainingPlan(
        directory(configuration), configuration, speed: speed, processBytes: processBytes)
    case .vocoder:
      let configuration: TrainingConfiguration<VocoderTrainer.Recipe> = try file.configuration()
      return try TrainingPlan(
        directory(configuration), configuration, speed: speed, processBytes: processBytes)
    case .judges:
      return try TrainingPlan(file.configuration(), speed: speed, processBytes: processBytes)
    case .tokenizer:
      throw CommandFailure("there is nothing to plan for a tokenizer: it takes seconds", .usage)
    }
  }
}

/// The plan of a training run for people and for programs.
struct TrainingPlanReport: Encodable {
  let plan: TrainingPlan
  let peakBytes: Int
  let diskBytes: Int
  let availableBytes: Int?
  let seconds: Double?
  let speed: MachineSpeed

  enum CodingKeys: String, CodingKey {
    case plan, seconds, speed
    case peakBytes = "peak_bytes"
    case diskBytes = "disk_bytes"
    case availableBytes = "available_bytes"
  }

  init(_ plan: TrainingPlan, speed: MachineSpeed, available: Int?) {
    self.plan = plan
    self.speed = speed
    (peakBytes, diskBytes, seconds) = (plan.peakBytes, plan.diskBytes, plan.seconds)
    availableBytes = available
  }

  var text: String {
    var table = TextTable(.left, .right)
    table.add("parameters", plan.parameterBytes.byteSize)
    table.add("gradients", plan.gradientBytes.byteSize)
    table.add("moments of the optimiser", plan.optimizerBytes.byteSize)
    table.add("average", plan.averageBytes.byteSize)
    table.add("activations", plan.activationBytes.byteSize)
    table.add("clips and frozen networks", plan.dataBytes.byteSize)
    table.add("program and libraries", plan.processBytes.byteSize)
    table.add("all memory", peakBytes.byteSize)
    if let availableBytes { table.add("memory there is", availableBytes.byteSize) }
    if plan.cacheBytes > 0 { table.add("encoded clips on disk", plan.cacheBytes.byteSize) }
    let count = plan.checkpoints
    table.add(
      "\(count) checkpoint\(count == 1 ? "" : "s") on disk", (count * plan.checkpointBytes).byteSize)
    var lines = [
      "\(plan.part), \(plan.parameters.grouped) parameters, \(plan.workers) workers with \(plan.share) each, "
        + plan.dtype, "",
    ]
    lines += table.lines
    if let step = plan.secondsPerStep, let seconds {
      let rate = String(format: "%.2f", 1 / max(step, 1e-9))
      lines += [
        "",
        "About \(rate) steps per second; \(plan.steps.grouped) steps take \(ProgressLine.duration(seconds)).",
      ]
    }
    return lines.joined(separator: "\n")
  }
}

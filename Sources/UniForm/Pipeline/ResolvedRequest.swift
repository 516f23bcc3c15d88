internal import Foundation
internal import Media

/// A request with the model's defaults filled in and every value checked, before any network is loaded.
struct ResolvedRequest {
  let task: GenerationTask
  let prompt: String?
  let negativePrompt: String?
  let condition: GenerationRequest.Condition
  let geometry: ClipGeometry
  let steps: Int
  let guidanceScale: Double
  let conditionGuidanceScale: Double
  let negativeCondition: GenerationRequest.NegativeCondition
  let sampler: Sampler
  let scheduler: any Scheduler
  let seeds: [UInt64]
  let notes: [String]

  /// Throws ``GenerationError`` or ``DiffusionError``.
  init(_ request: GenerationRequest, count: Int, for pipeline: UniFormPipeline) throws {
    let model = pipeline.model
    task = request.task
    prompt = try Caption.cleaned(request.prompt, setting: "prompt")
    negativePrompt = try Caption.cleaned(request.negativePrompt, setting: "negative prompt")
    if prompt == nil && negativePrompt != nil { throw GenerationError.negativePromptAlone }
    if request.only != nil && task.condition != nil { throw GenerationError.onlyWithCondition }

    let steps = request.steps ?? model.defaults.steps
    let scale = request.guidanceScale ?? model.defaults.guidanceScale
    let seconds = request.seconds ?? model.geometry.seconds
    func require(_ holds: Bool, _ setting: String, _ value: Any, _ allowed: String) throws(GenerationError) {
      if !holds { throw .outOfRange(setting: setting, value: "\(value)", allowed: allowed) }
    }
    try require(GenerationRequest.allowedSteps.contains(steps), "steps", steps, "in 1…1000")
    try require(scale.isFinite && scale >= 0, "guidance", scale, "a finite number from 0 on")
    try require(GenerationRequest.allowedSeconds.contains(seconds), "seconds", seconds, "in 1…10")
    try require(GenerationRequest.allowedCount.contains(count), "count", count, "in 1…1000")
    self.steps = steps
    guidanceScale = scale
    conditionGuidanceScale = request.conditionGuidanceScale
    negativeCondition = request.negativeCondition
    try require(
      conditionGuidanceScale.isFinite && conditionGuidanceScale >= 0, "condition guidance",
      conditionGuidanceScale, "a finite number from 0 on")
    if conditionGuidanceScale != 1 && task.condition == nil { throw GenerationError.conditionGuidanceAlone }
    sampler = request.sampler ?? model.diffusion.objective.samplers[0]
    scheduler = try model.diffusion.scheduler(
      sampler, steps: steps, variance: model.transformer.predictsVariance ? .learnedRange : .fixedSmall)
    seeds = (0..<count).map { request.seed &+ UInt64($0) }

    var geometry = model.geometry
    geometry.seconds = seconds
    if let size = request.size {
      try model.check(size)
      geometry.size = size
    }
    self.geometry = geometry
    condition = request.condition
    try condition.check(against: geometry)
    var notes: [String] = []
    if seconds != model.geometry.seconds {
      notes.append("the model was trained on clips of \(model.geometry.seconds) s; \(seconds) s may be worse")
    }
    if let modality = request.only {
      notes.append(
        "\(modality == .audio ? "sound" : "video") alone is good only from a model that was trained for the task "
          + task.rawValue)
    }
    if conditionGuidanceScale != 1 && negativeCondition == .absent {
      notes.append(
        "guidance against an absent condition is good only from a model that was also trained to make one modality alone"
      )
    }
    if let note = model.note(on: geometry.size) { notes.append(note) }
    if let prompt, try pipeline.isCut(prompt) {
      notes.append(
        "the prompt is longer than the \(model.transformer.maximumTextLength) tokens that the model reads; "
          + "its end is left out")
    }
    self.notes = notes
  }

  var guidance: ClassifierFreeGuidance? {
    ClassifierFreeGuidance(
      scale: guidanceScale, hasText: prompt != nil, conditionScale: conditionGuidanceScale,
      hasCondition: task.condition != nil)
  }
}

/// Captions as the models read them.
package enum Caption {
  /// Lower case, without surrounding space; nil where nothing is left. Line ends and tabs are spaces; other control
  /// characters are refused, since nobody writes them on purpose.
  package static func cleaned(_ text: String?, setting: String) throws(GenerationError) -> String? {
    guard let text else { return nil }
    let maximum = GenerationRequest.maximumPromptLength
    if text.unicodeScalars.count > maximum {
      throw .promptTooLong(
        setting: setting, characters: text.unicodeScalars.count, maximum: maximum)
    }
    let spaces: Set<Unicode.Scalar> = ["\n", "\r", "\t", "\u{85}"]
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if spaces.contains(scalar) {
        scalars.append(" ")
      } else if scalar.properties.generalCategory == .control {
        throw .controlCharacter(setting: setting, codePoint: scalar.value)
      } else {
        scalars.append(scalar)
      }
    }
    let cleaned = String(scalars).trimmingCharacters(in: .whitespaces).lowercased()
    return cleaned.isEmpty ? nil : cleaned
  }
}

extension GenerationRequest.Condition {
  func check(against geometry: ClipGeometry) throws(GenerationError) {
    switch self {
    case .none: break
    case .video(let frames):
      guard frames.width == geometry.width, frames.height == geometry.height else {
        throw .frameSize(
          width: frames.width, height: frames.height, neededWidth: geometry.width,
          neededHeight: geometry.height)
      }
      guard frames.frameRate == Double(geometry.frameRate) else {
        throw .frameRate(frames.frameRate, needed: geometry.frameRate)
      }
      guard frames.count > 0 else { throw .emptyCondition(.video) }
    case .audio(let sound):
      guard sound.sampleRate == geometry.sampleRate else {
        throw .sampleRate(sound.sampleRate, needed: geometry.sampleRate)
      }
      guard !sound.samples.isEmpty else { throw .emptyCondition(.audio) }
      // Far beyond full scale, which is 1, what is computed from them overflows.
      guard sound.samples.allSatisfy({ abs($0) <= 1e6 }) else { throw .unusableSamples }
      let kept = Waveform(
        sampleRate: sound.sampleRate, samples: Array(sound.samples.prefix(geometry.keptSampleCount)))
      guard !kept.isSilent else { throw .silentCondition }
    }
  }
}

import Foundation
import WorkerProtocol

extension ClipRequest {
  static let fieldNames: Set<String> = [
    "prompt", "negative_prompt", "seconds", "steps", "guidance", "sampler", "seed", "size", "aspect", "start",
    "fit", "only", "condition_guidance", "negative_condition",
  ]
  /// What every reader of JSON holds exactly.
  static let seeds = 0...(1 << 53) - 1

  /// - Parameters:
  ///   - model: what its limits are.
  ///   - input: what is given besides words.
  /// - Throws: `APIError` for the first field that is wrong.
  init(_ fields: RequestFields, model: WorkerDescription, input: JobInput.Kind?) throws {
    func within(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
      guard let number = try fields.number(name) else { return nil }
      guard range.contains(number) else {
        throw APIError.invalid(
          "'\(name)' has to lie between \(range.lowerBound) and \(range.upperBound)", field: name)
      }
      return number
    }
    self.init(
      prompt: try fields.string("prompt"), negativePrompt: try fields.string("negative_prompt"),
      start: try within("start", 0...86_400),
      seconds: try within("seconds", model.limits.seconds[0]...model.limits.seconds[1]),
      steps: try fields.integer("steps", model.limits.steps[0]...model.limits.steps[1]),
      guidance: try within("guidance", 0...1000),
      conditionGuidance: try within("condition_guidance", 0...1000),
      negativeCondition: try fields.choice("negative_condition"), sampler: try fields.string("sampler"),
      seed: UInt64(try fields.integer("seed", Self.seeds) ?? .random(in: 0..<1 << 32)),
      size: try fields.string("size"), aspect: try fields.string("aspect"), fit: try fields.choice("fit"),
      only: try fields.choice("only"))
    for (name, text) in [("prompt", prompt), ("negative_prompt", negativePrompt)] {
      if let text, text.count > model.limits.promptCharacters {
        throw APIError.invalid(
          "'\(name)' is longer than \(model.limits.promptCharacters) characters", field: name)
      }
      let isText = (text ?? "").unicodeScalars.allSatisfy {
        $0.properties.generalCategory != .control || ["\n", "\r", "\t", "\u{85}"].contains($0)
      }
      if !isText {
        throw APIError.invalid("'\(name)' holds control characters; give plain text", field: name)
      }
    }
    let isBlank = (prompt ?? "").allSatisfy(\.isWhitespace)
    if input == nil && prompt == nil {
      throw APIError.invalid(
        "there is nothing to make a clip from; give a prompt or an upload", field: "prompt")
    }
    if negativePrompt != nil && isBlank {
      throw APIError.invalid("'negative_prompt' has no effect without a prompt", field: "negative_prompt")
    }
    if let sampler, !model.defaults.samplers.contains(sampler) {
      throw APIError.invalid(
        "'sampler' has to be \(model.defaults.samplers.joined(separator: " or "))", field: "sampler")
    }
    if start != nil && input == nil {
      throw APIError.invalid("'start' needs an upload to begin in", field: "start")
    }
    if only != nil && input != nil {
      throw APIError.invalid("'only' is for clips from words alone", field: "only")
    }
    if conditionGuidance != nil && input == nil {
      throw APIError.invalid("'condition_guidance' needs an upload to follow", field: "condition_guidance")
    }
    if negativeCondition != nil && conditionGuidance == nil {
      throw APIError.invalid(
        "'negative_condition' has no effect without condition_guidance", field: "negative_condition")
    }
    try checkSize(model, input: input)
  }

  private func checkSize(_ model: WorkerDescription, input: JobInput.Kind?) throws {
    let sides = model.limits.side[0]...model.limits.side[1]
    if let size {
      let numbers = size.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
      guard numbers.count == 2, let width = numbers[0], let height = numbers[1], sides.contains(width),
        sides.contains(height)
      else {
        throw APIError.invalid(
          "'size' has to be WIDTHxHEIGHT with sides from \(sides.lowerBound) to \(sides.upperBound) pixels",
          field: "size")
      }
      let multiple = model.limits.sideMultiple
      let isMade = width % multiple == 0 && height % multiple == 0
      guard isMade || (width, height) == (model.defaults.width, model.defaults.height) else {
        throw APIError.invalid(
          "'size' is \(size); the model makes sides in multiples of \(multiple) pixels", field: "size")
      }
      if aspect != nil {
        throw APIError.invalid("'size' and 'aspect' contradict each other", field: "aspect")
      }
    }
    guard let aspect else { return }
    if aspect == "input" {
      if input != .video {
        throw APIError.invalid("'aspect' input needs a video to take it from", field: "aspect")
      }
      return
    }
    let sizes = model.limits.aspect
    guard let match = aspect.wholeMatch(of: /(\d{1,4}):(\d{1,4})/), let width = Double(match.1),
      let height = Double(match.2), height > 0, (sizes[0]...sizes[1]).contains(width / height)
    else {
      throw APIError.invalid(
        "'aspect' has to be input, or WIDTH:HEIGHT between \(sizes[0]) and \(sizes[1])", field: "aspect")
    }
  }
}

/// A generation that cannot be set up, in one line.
public enum DiffusionError: Error, Sendable, Equatable, CustomStringConvertible {
  case steps(Int, maximum: Int)
  case noWholeStride(Int, of: Int)
  case samplerDoesNotFit(Sampler, Objective)
  case invalid(setting: String, value: Double, allowed: String)
  case missingCondition(Modality, GenerationTask)
  case conditionShape(Modality, [Int], expected: [Int])
  case stateOfAnotherSchedule(completed: Int, of: Int)

  public var description: String {
    switch self {
    case .steps(let steps, let maximum): "steps: \(steps) is not in 1…\(maximum)"
    case .noWholeStride(let steps, let count):
      "steps: no whole stride gives \(steps) of \(count) steps; use even spacing"
    case .samplerDoesNotFit(let sampler, let objective):
      "sampler: \(sampler.rawValue) does not fit a model that predicts \(objective.rawValue); "
        + "use \(objective.samplers.map(\.rawValue).joined(separator: ", "))"
    case .invalid(let setting, let value, let allowed): "\(setting): \(value) is not \(allowed)"
    case .missingCondition(let modality, let task): "\(task.rawValue): needs \(modality.rawValue) latents"
    case .conditionShape(let modality, let shape, let expected):
      "\(modality.rawValue) latents: shape \(shape) where the noise has \(expected)"
    case .stateOfAnotherSchedule(let completed, let count):
      "the saved state is that of evaluation \(completed), where there are \(count)"
    }
  }
}

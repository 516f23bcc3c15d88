import ArgumentParser
import UniForm

/// Guidance of a given video or sound, beside that of the text.
struct ConditionGuidanceOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      How closely to follow the given video or sound; above 1 more closely, for one more pass of the network in each \
      step. Without it, 1.
      """,
      valueName: "number"))
  var conditionGuidance: Double?
  @Option(
    help: """
      What --condition-guidance leads away from: still is the first frame held, or silence; absent is nothing, for a \
      model that was trained for t2a and t2v. Without it, still.
      """)
  var negativeCondition: GenerationRequest.NegativeCondition?

  var isUsed: Bool { conditionGuidance != nil }

  func validate() throws {
    if let conditionGuidance, !(conditionGuidance.isFinite && conditionGuidance >= 0) {
      throw ValidationError("--condition-guidance is \(conditionGuidance); use 0 or more")
    }
    if negativeCondition != nil && conditionGuidance == nil {
      throw ValidationError("--negative-condition has no effect alone; give --condition-guidance, too")
    }
  }

  /// Sets what holds for requests with a condition.
  func apply(to request: inout GenerationRequest) {
    guard request.task.condition != nil else { return }
    request.conditionGuidanceScale = conditionGuidance ?? 1
    request.negativeCondition = negativeCondition ?? .still
  }
}

public import Torch

/// What a judge makes of a batch of clips.
public struct JudgeOutput {
  /// What distances between sets compare: `[B, 64]`, not negative, with a mean square of 1.
  public let features: Tensor
  /// `[B, classes]`, in the order of ``SceneClass/allCases``.
  public let classLogits: Tensor
  /// `[B, steps]`
  public let eventLogits: Tensor
}

/// What a judge makes of one clip, as plain numbers.
public struct Judgement: Sendable, Equatable {
  public let features: [Float]
  public let classLogits: [Float]
  /// Seconds.
  public let events: [Double]
}

extension JudgeOutput {
  func judgement(_ curve: EventCurve) -> Judgement {
    Judgement(
      features: features.floats, classLogits: classLogits.floats, events: curve.times(eventLogits.floats))
  }
}

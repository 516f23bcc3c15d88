internal import Scenes
internal import Torch

/// What both judges do once each moment of a clip is a vector: look at moments around, tell events, and
/// tell the class from the whole.
struct JudgeTrunk {
  private let context: [Conv1d]
  private let event: Conv1d
  private let features: Linear
  private let classes: Linear

  static let featureWidth = 64

  init(_ parameters: Parameters, width: Int, kernel: Int) throws {
    context = try (0..<2).map {
      try Conv1d(parameters["context"][$0], width, width, kernel: kernel, padding: kernel / 2)
    }
    event = try Conv1d(parameters["event"], width, 1, kernel: 3, padding: 1)
    features = try Linear(parameters["features"], 2 * width, Self.featureWidth)
    classes = try Linear(parameters["classes"], Self.featureWidth, SceneClass.allCases.count)
  }

  /// Moments `[B, width, steps]`.
  func callAsFunction(_ moments: Tensor) -> JudgeOutput {
    var x = moments
    for layer in context { x = x + layer(x).relu }  // [B, W, S]
    let whole = Tensor.concatenate([x.mean([2]), x.maximum(along: [2])], axis: 1)  // [B, 2W]
    let features = features(whole).relu  // [B, 64]
    // Distances compare directions: how large the numbers are is an accident of training.
    let level = (features.squared.mean([1], keepingAxes: true) + 1e-6).rsqrt  // [B, 1]
    return JudgeOutput(
      features: (features * level).to(.float32), classLogits: classes(features).to(.float32),
      eventLogits: event(x).squeezed(1).to(.float32))
  }
}

public import Torch
public import UniForm
internal import UniFormEvaluation

/// Trains the judges of `UniFormEvaluation`: the class of a scene, and when something happens in it.
///
/// Loss: cross entropy of the class plus that of the event curve, in which moments near an event weigh more.
public struct JudgeTrainer {
  public enum Sense: String, Codable, Sendable, CaseIterable {
    case picture, sound

    /// The name of the weight file in the folder of judges.
    public var fileName: String {
      switch self {
      case .picture: SceneJudges.pictureFile
      case .sound: SceneJudges.soundFile
      }
    }
  }

  public struct Recipe: TrainingRecipe {
    public static let subject = TrainingSubject.judges
    /// Which of the two judges is trained.
    public var sense = Sense.picture
    /// Rendered clips in memory.
    public var clips = 2_000
    public var eventWeight = 1.0
    /// How much more a moment with an event counts than one without.
    public var positiveWeight = 4.0

    public init() {}

    public func validate() throws(ConfigurationError) {
      guard clips > 0, eventWeight >= 0, positiveWeight > 0 else {
        throw ConfigurationError("clips and positive_weight must be positive, event_weight not negative")
      }
    }

    enum CodingKeys: String, CodingKey {
      case sense, clips
      case eventWeight = "event_weight"
      case positiveWeight = "positive_weight"
    }
  }

  public let loop: TrainingLoop
  let recipe: Recipe
  private let device: Device
  private let lessons: JudgeLessons
  private let networks: [(Tensor) -> JudgeOutput]

  public init(
    _ recipe: Recipe, optimization: OptimizationSettings, lessons: JudgeLessons, workers: Int = 1,
    device: Device = .cpu, context: RunContext
  ) throws {
    precondition(lessons.sense == recipe.sense, "lessons for the judge of \(recipe.sense.rawValue)")
    self.recipe = recipe
    self.device = device
    self.lessons = lessons
    let stores = (0..<workers).map { _ in context.makeStore(context.seed, device) }
    networks = try stores.map { store in
      switch recipe.sense {
      case .picture:
        let judge = try PictureJudge(store.root)
        return { judge($0) }
      case .sound:
        let judge = try SoundJudge(store.root)
        return { judge($0) }
      }
    }
    loop = try TrainingLoop(stores, settings: optimization, context: context)
  }

  /// - Returns: whether all steps are done.
  @discardableResult public func run() throws -> Bool {
    try loop.run { [self] part in
      let batch = lessons.batch(part.generators)
      return loss(
        worker: part.worker,
        JudgeBatch(
          clips: batch.clips.to(device), classes: batch.classes.to(device), events: batch.events.to(device)))
    }
  }

  func loss(worker: Int, _ batch: JudgeBatch) -> StepResult {
    let output = networks[worker](batch.clips.to(loop.settings.activationType(on: device)))
    let classError = output.classLogits.crossEntropy(batch.classes)
    let eventError = output.eventLogits.binaryCrossEntropy(
      batch.events, positiveWeight: Tensor([Float(recipe.positiveWeight)]).to(batch.events.device))
    let hits = withoutGradient {
      (output.classLogits.argmax(1) .== batch.classes).to(.float32).mean
    }
    return StepResult(
      loss: classError + eventError * recipe.eventWeight,
      metrics: [("class_error", classError), ("event_error", eventError), ("class_accuracy", hits)])
  }

  /// The metadata that goes with the weights.
  public static var metadata: [String: String] { ["format": "pt", "classes": SceneJudges.classNames] }
}

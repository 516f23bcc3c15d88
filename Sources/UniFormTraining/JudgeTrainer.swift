internal import Scenes
internal import Torch
public import UniForm
internal import UniFormEvaluation

/// Trains the judges of ``UniFormEvaluation``: the class of a scene, and when something happens in it.
///
/// Loss: cross entropy of the class plus that of the event curve, in which moments near an event weigh more.
public struct JudgeTrainer {
  public enum Sense: String, Sendable, CaseIterable {
    case picture, sound

    /// The name of the weight file in the folder of judges.
    public var fileName: String {
      switch self {
      case .picture: SceneJudges.pictureFile
      case .sound: SceneJudges.soundFile
      }
    }
  }

  public struct Configuration: JSONConfiguration {
    /// Rendered clips in memory.
    public var clips = 2_000
    public var eventWeight = 1.0
    /// How much more a moment with an event counts than one without.
    public var positiveWeight = 4.0
    public var optimization = OptimizationSettings()

    public init() {}

    public func validate() throws(ConfigurationError) {
      try optimization.validate()
      guard clips > 0, eventWeight >= 0, positiveWeight > 0 else {
        throw ConfigurationError(
          "clips and positive_weight must be positive, event_weight not negative")
      }
    }

    public static let sections: Set<String> = ["optimization"]

    enum CodingKeys: String, CodingKey {
      case clips, optimization
      case eventWeight = "event_weight"
      case positiveWeight = "positive_weight"
    }
  }

  public let loop: TrainingLoop
  private let configuration: Configuration
  private let lessons: JudgeLessons
  private let networks: [(Tensor) -> JudgeOutput]

  /// - Parameter sense: what the judge has.
  public init(
    _ sense: Sense, _ configuration: Configuration, workers: Int, log: MetricsLog
  ) throws {
    self.configuration = configuration
    lessons = JudgeLessons(sense, count: configuration.clips, seed: configuration.optimization.seed)
    let stores = (0..<workers).map { _ in ParameterStore(seed: configuration.optimization.seed) }
    networks = try stores.map { store in
      switch sense {
      case .picture:
        let judge = try PictureJudge(store.root)
        return { judge($0) }
      case .sound:
        let judge = try SoundJudge(store.root)
        return { judge($0) }
      }
    }
    loop = try TrainingLoop(
      stores, configuration: configuration, settings: configuration.optimization, log: log)
  }

  public func run(isCancelled: () -> Bool = { false }) throws {
    let settings = configuration.optimization
    let share = settings.batchSize / loop.workers
    try loop.run(isCancelled: isCancelled) { [self] worker, step in
      let batch = lessons.batch(share, generator: loop.generator(worker: worker, step: step))
      let output = networks[worker](batch.clips.to(settings.activationType))
      let classError = output.classLogits.crossEntropy(batch.classes)
      let eventError = output.eventLogits.binaryCrossEntropy(
        batch.events, positiveWeight: Tensor([Float(configuration.positiveWeight)]))
      let hits = withoutGradient {
        (output.classLogits.argmax(1) .== batch.classes).to(.float32).mean
      }
      return StepResult(
        loss: classError + eventError * configuration.eventWeight,
        metrics: [("class_error", classError), ("event_error", eventError), ("class_accuracy", hits)])
    }
  }

  /// The metadata that goes with the weights.
  public static var metadata: [String: String] { ["format": "pt", "classes": SceneJudges.classNames] }
}

internal import Torch
public import UniForm

/// How the diffusion transformer is trained: the paper's recipe, and what it leaves open.
public struct TransformerRecipe: TrainingRecipe {
  /// Only adapters beside the attention and feed-forward layers are trained; the weights stay as they are.
  public struct LoRA: JSONConfiguration {
    /// 0 trains the weights themselves.
    public var rank = 0
    public var alpha = 16.0
    /// Ends of the names of the layers.
    public var targets = [
      "attn.qkv", "attn.proj", "cross_attn.q_linear", "cross_attn.kv_linear", "cross_attn.proj", "mlp.fc1",
      "mlp.fc2",
    ]

    public init() {}

    var adapters: LowRankAdapters? {
      rank > 0 ? LowRankAdapters(rank: rank, alpha: alpha, targets: targets) : nil
    }

    /// - Throws: `ConfigurationError` for a target that is no layer: nothing would be trained for it.
    func requireLayers(in store: ParameterStore) throws(ConfigurationError) {
      guard rank > 0 else { return }
      let layers = store.entries.filter(\.isAdapter).map { entry in
        entry.name.firstRange(of: ".lora_").map { String(entry.name[..<$0.lowerBound]) } ?? entry.name
      }
      for target in targets {
        let one = LowRankAdapters(rank: rank, alpha: alpha, targets: [target])
        guard layers.contains(where: one.covers) else {
          throw ConfigurationError("lora: no layer of the transformer is called \"\(target)\"")
        }
      }
    }
  }

  public static let subject = TrainingSubject.transformer
  /// The folder of encoded clips.
  public var data = ""
  /// Relative frequency of the tasks.
  public var taskWeights = ["t2av": 1.0, "a2v": 1.0, "v2a": 1.0, "t2a": 0, "t2v": 0]
  /// Whether the text encoder learns too; a pre-trained one stays frozen.
  public var trainsTextEncoder = false
  /// How the times of rectified flow are drawn: "uniform" or "logit_normal".
  public var times = "uniform"
  /// γ of min-SNR weighting for noise prediction; 0 weighs all times alike.
  public var snrGamma = 0.0
  /// What a clip's latents are: a "sample" of the posterior, or its "mode".
  public var posterior = "sample"
  /// Keeps the inputs of each block only and computes the rest again in the backward pass: slower, and far smaller.
  public var recomputesActivations = false
  public var lora = LoRA()
  public var samples = SampleSettings()

  public init() {}

  enum CodingKeys: String, CodingKey {
    case data, times, posterior, lora, samples
    case taskWeights = "task_weights"
    case snrGamma = "snr_gamma"
    case trainsTextEncoder = "train_text_encoder"
    case recomputesActivations = "activation_checkpointing"
  }

  public func validate() throws(ConfigurationError) {
    guard !data.isEmpty else {
      throw ConfigurationError("recipe.data is missing: the folder of encoded clips")
    }
    guard taskWeights.values.allSatisfy({ $0 >= 0 }), taskWeights.values.contains(where: { $0 > 0 }) else {
      throw ConfigurationError("task_weights must not be negative, and one must be positive")
    }
    guard ["uniform", "logit_normal"].contains(times) else {
      throw ConfigurationError("times must be uniform or logit_normal, not \"\(times)\"")
    }
    guard ["sample", "mode"].contains(posterior) else {
      throw ConfigurationError("posterior must be sample or mode, not \"\(posterior)\"")
    }
    guard snrGamma >= 0 else { throw ConfigurationError("snr_gamma must not be negative") }
    guard lora.rank >= 0, lora.alpha > 0, lora.rank == 0 || !lora.targets.isEmpty else {
      throw ConfigurationError("lora: rank must not be negative, alpha positive, and targets name layers")
    }
    guard lora.rank == 0 || !trainsTextEncoder else {
      throw ConfigurationError(
        "lora trains adapters of the transformer alone; set train_text_encoder to false")
    }
    try samples.validate()
  }

  public var essence: TransformerRecipe {
    var result = self
    (result.samples, result.recomputesActivations) = (SampleSettings(), false)
    // What is in the data counts, not where they lie.
    result.data = ""
    // Tasks that may not be drawn are left out.
    result.taskWeights = taskWeights.filter { $0.value > 0 }
    return result
  }

  /// The tasks that may be drawn, and their weights.
  private var tasks: [(task: GenerationTask, weight: Double)] {
    GenerationTask.allCases.compactMap { task in
      let weight = taskWeights[task.rawValue] ?? 0
      return weight > 0 ? (task, weight) : nil
    }
  }

  /// The task of a uniform draw in 0..<1.
  func task(_ draw: Double) -> GenerationTask {
    var rest = draw * tasks.reduce(0) { $0 + $1.weight }
    for (task, weight) in tasks {
      rest -= weight
      if rest < 0 { return task }
    }
    return tasks.last!.task
  }

  /// The task that all workers train in a step.
  func task(_ randomness: StepRandomness) -> GenerationTask {
    task(Tensor.rand([1], generator: randomness.shared).item)
  }
}

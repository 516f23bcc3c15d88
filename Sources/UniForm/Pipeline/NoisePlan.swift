public import Torch

/// A task's noise scheme as data: which modality is noised, what the condition looks like to the network, which
/// timestep each modality's tokens see, and what counts in the loss. Training and inference read the same plan.
///
/// A modality that is neither generated nor given is zeros.
public struct NoisePlan: Sendable, Equatable {
  /// What the network is shown of the modality that is not generated ("z_T = 0" in the paper).
  public enum ConditionNoise: String, Sendable, Codable, CaseIterable {
    /// Its clean latents, at every step.
    case clean
    /// Equation 4 with ε = 0, read literally: scaled like the signal at that step.
    case scaledOnly = "scaled_only"
  }

  /// Which timestep the tokens of the condition see.
  public enum ConditionTimestep: String, Sendable, Codable, CaseIterable {
    /// 0, which tells the network what is clean.
    case zero
    /// That of the generated part; then only the task token tells.
    case shared
  }

  public let task: GenerationTask
  public let conditionNoise: ConditionNoise
  public let conditionTimestep: ConditionTimestep

  public init(
    task: GenerationTask, conditionNoise: ConditionNoise = .clean,
    conditionTimestep: ConditionTimestep = .zero
  ) {
    self.task = task
    self.conditionNoise = conditionNoise
    self.conditionTimestep = conditionTimestep
  }

  /// g of the modality: noised, updated in sampling, and counted in the loss (equations 10–12).
  public func isGenerated(_ modality: Modality) -> Bool { task.generated.contains(modality) }
}

/// The timesteps that the network is told for each kind of token, each `[B]` float32 in 0…1000. The task column lies
/// among the audio columns and sees their time.
public struct TokenTimesteps {
  public var video: Tensor
  public var audio: Tensor

  public init(video: Tensor, audio: Tensor) {
    self.video = video
    self.audio = audio
  }

  public func map(_ transform: (Tensor) -> Tensor) -> TokenTimesteps {
    TokenTimesteps(video: transform(video), audio: transform(audio))
  }
}

extension NoisePlan {
  /// Which timestep the tokens of each modality see when the generated part is at `timesteps` (one per clip).
  public func tokenTimesteps(_ timesteps: [Double], device: Device = .cpu) -> TokenTimesteps {
    let generated = Tensor(timesteps.map(Float.init), device: device)  // [B]
    func seen(_ modality: Modality) -> Tensor {
      isGenerated(modality) || conditionTimestep == .shared ? generated : generated.zerosLike
    }
    return TokenTimesteps(video: seen(.video), audio: seen(.audio))
  }

  /// The network's input in training: equation 4 on generated modalities,
  /// `g·(signal·x₀ + noise·ε) + (1 − g)·condition`.
  ///
  /// - Parameter timesteps: one per clip, shared by both modalities.
  public func apply(
    to clean: AVLatents, noise: AVLatents, timesteps: [Double], process: some DiffusionProcess
  ) -> AVLatents {
    func input(_ modality: Modality) -> Tensor {
      let x0 = clean[modality]
      if isGenerated(modality) { return process.addNoise(noise[modality], to: x0, at: timesteps) }
      guard modality == task.condition else { return x0.zerosLike }
      return switch conditionNoise {
      case .clean: x0
      case .scaledOnly: process.addNoise(x0.zerosLike, to: x0, at: timesteps)
      }
    }
    return AVLatents(video: input(.video), audio: input(.audio))
  }

  /// The state with its condition replaced by the given clean latents, bit for bit, and zeros for what is neither given
  /// nor generated. Generated parts stay as they are.
  public func writeBack(_ condition: PerModality<Tensor?>, into state: AVLatents) -> AVLatents {
    var state = state
    for modality in Modality.allCases where !isGenerated(modality) {
      state[modality] =
        (modality == task.condition ? condition[modality] : state[modality].zerosLike) ?? state[modality]
    }
    return state
  }

  /// The network's input in sampling, from a state whose condition has been written back.
  ///
  /// - Parameter signalScale: the factor of x₀ at this step of the process.
  public func networkInput(_ state: AVLatents, signalScale: Double) -> AVLatents {
    guard conditionNoise == .scaledOnly, let modality = task.condition else { return state }
    var input = state
    input[modality] = state[modality] * signalScale
    return input
  }
}

/// Where a trajectory stands between two evaluations of the network: all that is needed to go on to the same clip, bit for
/// bit.
public struct DenoisingState {
  /// Evaluations that are done.
  public let completed: Int
  /// The latents of all clips, float32.
  public let latents: AVLatents
  /// What the scheduler remembers of earlier evaluations.
  public let memory: [AVLatents]
  /// Noise drawn so far, the first one included.
  public let draws: Int

  public init(completed: Int, latents: AVLatents, memory: [AVLatents], draws: Int) {
    self.completed = completed
    self.latents = latents
    self.memory = memory
    self.draws = draws
  }
}

/// Somebody who looks on while a clip is denoised, and may let it begin in the middle.
public struct DenoisingObserver {
  /// What the observer is shown after an evaluation.
  public struct Moment {
    public let state: DenoisingState
    /// Evaluations in all.
    public let total: Int
    /// The clean latents as they are now expected, the condition as it was given.
    public let estimate: AVLatents
  }

  /// Where to go on from; nil begins with noise.
  public let beginning: DenoisingState?
  /// Called after each evaluation but the last.
  public let observe: (Moment) throws -> Void

  public init(beginning: DenoisingState? = nil, observe: @escaping (Moment) throws -> Void) {
    self.beginning = beginning
    self.observe = observe
  }
}

/// What a generation will take, known before any weights are read: memory, time and disk by stage.
///
/// The networks are run on tensors without elements (`DryRun`), with the calls of the pipeline; so a plan follows the
/// configurations and the code alike. Weights count in the type that a network computes in.
public struct GenerationPlan: Sendable, Encodable {
  public struct Stage: Sendable, Encodable {
    public enum Name: String, Sendable, Encodable, CaseIterable {
      case textEncoder = "text encoder"
      case conditionEncoder = "condition encoder"
      case denoiser
      case videoDecoder = "video decoder"
      case audioDecoder = "audio decoder"
      case vocoder
    }

    public let name: Name
    /// Memory for the weights; bytes.
    public let weightBytes: Int
    /// Memory for everything that is computed.
    public let workingBytes: Int
    /// Nil without a ``MachineSpeed``.
    public let seconds: Double?

    public var peakBytes: Int { weightBytes + workingBytes }

    enum CodingKeys: String, CodingKey {
      case name, seconds
      case weightBytes = "weight_bytes"
      case workingBytes = "working_bytes"
    }
  }

  /// How networks are kept: one at a time, each freed after its stage, or all of them.
  public enum Staging: String, Sendable, Encodable {
    case oneByOne = "one by one"
    case together
  }

  public let model: String
  public let task: GenerationTask
  public let geometry: ClipGeometry
  public let evaluations: Int
  public let dtype: String
  public let device: String
  public let threads: Int
  public let stages: [Stage]
  /// What the process takes by itself, and what is kept between the stages: media and latents.
  public let processBytes: Int
  public let heldBytes: Int
  /// What the model's files take, or will take.
  public let diskBytes: Int

  enum CodingKeys: String, CodingKey {
    case model, task, geometry, evaluations, dtype, device, threads, stages
    case processBytes = "process_bytes"
    case heldBytes = "held_bytes"
    case diskBytes = "disk_bytes"
  }
}

extension GenerationPlan {
  /// The most memory that the process takes at any time.
  public func peakBytes(_ staging: Staging) -> Int {
    let most =
      switch staging {
      case .oneByOne: stages.map(\.peakBytes).max() ?? 0
      case .together:
        stages.reduce(0) { $0 + $1.weightBytes } + (stages.map(\.workingBytes).max() ?? 0)
      }
    return processBytes + heldBytes + most
  }

  public var largestStage: Stage? { stages.max { $0.peakBytes < $1.peakBytes } }

  /// Of one clip; nil without a ``MachineSpeed``.
  public var seconds: Double? { seconds(clips: 1) }

  /// Of clips with the same text and condition, which are encoded once.
  public func seconds(clips: Int) -> Double? {
    stages.reduce(0 as Double?) { sum, stage in
      let isShared = stage.name == .textEncoder || stage.name == .conditionEncoder
      return sum.flatMap { sum in stage.seconds.map { sum + $0 * Double(isShared ? 1 : clips) } }
    }
  }

  /// How the networks are best kept in so much memory: together where several clips use them and they fit.
  ///
  /// - Returns: nil where not even the largest stage fits.
  public func staging(clips: Int, available: Int) -> Staging? {
    if clips > 1 && peakBytes(.together) <= available { return .together }
    return peakBytes(.oneByOne) <= available ? .oneByOne : nil
  }
}

import Media
import UniForm
import WorkerProtocol

/// What is wrong with one field of a request.
struct RequestProblem: Error {
  let field: String
  let message: String
}

extension WorkerFailure {
  /// Whatever a request came to grief by, with the field of it that is to blame.
  init(_ error: any Error) {
    let failure: CommandFailure
    if let problem = error as? RequestProblem {
      failure = .usage(problem.message)
    } else {
      failure = CommandFailure(error)
    }
    self.init(message: failure.description, exitStatus: failure.status.rawValue, field: Self.field(error))
  }

  /// The same of a request whose input may be the reason.
  init(_ error: any Error, of request: ClipRequest) {
    self.init(error)
    switch error {
    case MediaError.fileMissing, MediaError.notAFile, MediaError.emptyFile, MediaError.unreadable,
      MediaError.damaged, MediaError.tooShort:
      field = request.video != nil ? "video" : request.audio != nil ? "audio" : field
    default: break
    }
  }

  private static func field(_ error: any Error) -> String? {
    switch error {
    case let problem as RequestProblem: problem.field
    case let error as GenerationError: field(error)
    case is DiffusionError: "sampler"
    case MediaError.startBeyondEnd: "start"
    case MediaError.noAudio, MediaError.silent: "audio"
    case MediaError.noVideo: "video"
    case MediaError.folderMissing, MediaError.notWritable: "folder"
    case is MemoryShortage: "size"
    default: nil
    }
  }

  private static func field(_ error: GenerationError) -> String? {
    switch error {
    case .outOfRange(let setting, _, _), .promptTooLong(let setting, _, _), .controlCharacter(let setting, _):
      setting.replacing(" ", with: "_")
    case .negativePromptAlone: "negative_prompt"
    case .conditionGuidanceAlone: "condition_guidance"
    case .onlyWithCondition: "only"
    case .frameSizeNotMade: "size"
    case .silentCondition, .unusableSamples: "audio"
    case .emptyCondition(let modality): modality.rawValue
    case .frameSize, .frameRate, .sampleRate, .notFinite, .unavailableDevice, .unsupportedDType: nil
    }
  }
}

import ArgumentParser
import Foundation
import Hub
import Media
import Torch
import UniForm
import UniFormEvaluation
import UniFormTraining

/// The exit status of a failed command; from 64 on by the numbers of `sysexits.h`.
enum ExitStatus: Int32, Sendable {
  /// What was checked is not so.
  case checkFailed = 1
  /// The command line is wrong.
  case usage = 64
  /// An input file is there, but not usable.
  case badData = 65
  /// An input file is not there.
  case noInput = 66
  /// A tool or a device is missing.
  case unavailable = 69
  /// A fault of this program.
  case software = 70
  /// The output cannot be created.
  case cannotCreate = 73
  /// Reading or writing failed on the way, as on a full disk.
  case inputOutput = 74
  /// Memory ran out, or a server is busy: it may work with less, or later.
  case temporary = 75
  /// Not open to whoever asks.
  case noPermission = 77
  /// Stopped by Ctrl-C or a signal.
  case interrupted = 130
}

/// An error with the status it ends the program with.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
  let description: String
  let status: ExitStatus

  init(_ description: String, _ status: ExitStatus) {
    self.description = description.oneLine
    self.status = status
  }

  /// Whatever a library threw, in one line.
  init(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as MediaError: self.init("\(error)", error.status)
    case let error as ModelError: self.init("\(error)", error.status)
    case let error as WeightError: self.init("\(error)", error.status)
    case let error as HubError: self.init("\(error)", error.status)
    case let error as ImportError: self.init("\(error)", error.status)
    case let error as DataError: self.init("\(error)", error.status)
    case let error as CaptionError: self.init("\(error)", error.status)
    case let error as GenerationError: self.init("\(error)", error.status)
    case let error as EvaluationSetupError: self.init("\(error)", error.status)
    case let error as TorchError:
      self.init("\(error)", error.kind == .outOfMemory ? .temporary : .software)
    case let error as TrainingError: self.init("\(error)", error.status)
    case is DistributedError: self.init("\(error)", .unavailable)
    case is EnvironmentError: self.init("\(error)", .usage)
    case is ConfigurationError, is TokenizerError, is FixtureError, is CodecError, is EvaluationError:
      self.init("\(error)", .badData)
    case is MemoryShortage: self.init("\(error)", .temporary)
    case is DiffusionError: self.init("\(error)", .usage)
    case is CancellationError: self.init("interrupted", .interrupted)
    case let error as CocoaError: self.init(error.localizedDescription, error.status)
    default: self.init("\(error)", .software)
    }
  }

  /// What an argument of the command line lacks.
  static func usage(_ description: String) -> CommandFailure { CommandFailure(description, .usage) }
}

extension MediaError {
  fileprivate var status: ExitStatus {
    switch self {
    case .toolMissing: .unavailable
    case .invalidRequest, .unknownEnding, .nothingToWrite: .usage
    case .fileMissing, .notAFile: .noInput
    case .emptyFile, .unreadable, .damaged, .noVideo, .noAudio, .silent, .startBeyondEnd, .tooShort:
      .badData
    case .folderMissing, .outputIsFolder, .notWritable: .cannotCreate
    case .diskFull, .writeFailed: .inputOutput
    case .cancelled: .interrupted
    }
  }
}

extension ModelError {
  fileprivate var status: ExitStatus {
    switch self {
    case .unknownModel, .notAModel, .missingFile: .noInput
    case .inconsistent, .pickle: .badData
    }
  }
}

extension WeightError {
  fileprivate var status: ExitStatus {
    switch self {
    case .unreadable: .noInput
    case .malformed, .missing, .wrongShape, .wrongType, .unexpected: .badData
    case .unwritable: .cannotCreate
    case .diskFull: .inputOutput
    }
  }
}

extension HubError {
  fileprivate var status: ExitStatus {
    switch self {
    case .curlMissing, .unreachable: .unavailable
    case .invalidReference, .invalidSetting: .usage
    case .denied: .noPermission
    case .noRepository, .noRevision, .noFile, .notCached, .incompleteCache: .noInput
    case .tooManyRequests, .refused: .temporary
    case .malformedReply, .wrongContent: .badData
    case .diskFull: .inputOutput
    case .notWritable: .cannotCreate
    }
  }
}

extension ImportError {
  fileprivate var status: ExitStatus {
    switch self {
    case .missing, .noWeights, .noTokenizer: .noInput
    case .ambiguous, .pickle, .unsupportedFile, .unknownFormat, .noConfiguration, .needsPixArt, .captionWidth:
      .badData
    case .outputTaken, .outputFolderMissing: .cannotCreate
    }
  }
}

extension DataError {
  fileprivate var status: ExitStatus {
    switch self {
    case .noSource, .unreadableFolder, .noClips, .missingList, .noCache: .noInput
    case .unknownSplit, .nothingChosen, .nothingLeftOut, .noCaptions: .usage
    case .malformedList, .noCaptionOf, .damagedCache, .emptyCache, .otherGeometry, .otherEncoder,
      .noTextStates,
      .nothingUsable:
      .badData
    case .otherRecipe, .notWritable: .cannotCreate
    case .diskFull: .inputOutput
    case .busy: .temporary
    }
  }
}

extension CaptionError {
  fileprivate var status: ExitStatus {
    switch self {
    case .invalidEndpoint: .usage
    case .unreachable: .unavailable
    case .denied: .noPermission
    case .noModel, .noLabels: .noInput
    case .malformedReply, .refused: .badData
    case .busy: .temporary
    case .unusableOutput: .cannotCreate
    case .diskFull: .inputOutput
    }
  }
}

extension GenerationError {
  fileprivate var status: ExitStatus {
    switch self {
    case .unavailableDevice: .unavailable
    case .frameSize, .frameRate, .sampleRate, .emptyCondition, .silentCondition, .unusableSamples,
      .notFinite:
      .badData
    case .outOfRange, .promptTooLong, .controlCharacter, .negativePromptAlone, .onlyWithCondition,
      .conditionGuidanceAlone,
      .unsupportedDType,
      .frameSizeNotMade:
      .usage
    }
  }
}

extension TrainingError {
  fileprivate var status: ExitStatus {
    switch kind {
    case .badData: .badData
    case .missing: .noInput
    case .busy: .temporary
    case .inputOutput: .inputOutput
    case .software: .software
    }
  }
}

extension EvaluationSetupError {
  fileprivate var status: ExitStatus {
    switch self {
    case .noFolder, .noClips: .noInput
    case .nameTwice, .tooLittleOverlap, .noReadableClip, .networkUnusable: .badData
    case .unknownMetric: .usage
    case .cacheUnusable: .cannotCreate
    }
  }
}

extension CocoaError {
  fileprivate var status: ExitStatus {
    switch code {
    case .fileNoSuchFile, .fileReadNoSuchFile: .noInput
    case .fileWriteNoPermission, .fileWriteFileExists, .fileWriteVolumeReadOnly: .cannotCreate
    default: .inputOutput
    }
  }
}

extension String {
  /// Without line breaks and control characters, so that a message is one line and cannot steer a terminal.
  var oneLine: String {
    var line = ""
    for scalar in unicodeScalars {
      let isBreak = scalar.properties.isWhitespace
      if isBreak || scalar.properties.generalCategory == .control {
        if line.last != " " { line.append(" ") }
      } else {
        line.unicodeScalars.append(scalar)
      }
    }
    return line.trimmingCharacters(in: .whitespaces)
  }
}

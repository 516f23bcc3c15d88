/// A request that cannot be carried out, in one line: what, where, and what is allowed.
public enum GenerationError: Error, Sendable, Equatable, CustomStringConvertible {
  case outOfRange(setting: String, value: String, allowed: String)
  case promptTooLong(setting: String, characters: Int, maximum: Int)
  case controlCharacter(setting: String, codePoint: UInt32)
  case negativePromptAlone
  case conditionGuidanceAlone
  /// A request with a condition that also says what alone it wants.
  case onlyWithCondition
  case frameSize(width: Int, height: Int, neededWidth: Int, neededHeight: Int)
  case frameSizeNotMade(FrameSize, multiple: Int)
  case frameRate(Double, needed: Int)
  case sampleRate(Int, needed: Int)
  case emptyCondition(Modality)
  case silentCondition
  case unusableSamples
  /// What a stage computed is no numbers.
  case notFinite(GenerationProgress.Stage)
  case unavailableDevice(String)
  case unsupportedDType(String)

  public var description: String {
    switch self {
    case .outOfRange(let setting, let value, let allowed): "\(setting): \(value) is not \(allowed)"
    case .promptTooLong(let setting, let characters, let maximum):
      "\(setting): \(characters) characters are too many; the most are \(maximum)"
    case .controlCharacter(let setting, let codePoint):
      "\(setting): holds the control character U+\(hexadecimal(codePoint)); give plain text"
    case .negativePromptAlone: "negative prompt: has no effect without a prompt; give both or neither"
    case .conditionGuidanceAlone: "condition guidance: has no effect without a video or a sound"
    case .onlyWithCondition: "only: is decided by the given video or sound; leave it out"
    case .frameSize(let width, let height, let neededWidth, let neededHeight):
      "video: frames of \(width)×\(height) pixels; \(neededWidth)×\(neededHeight) are needed"
    case .frameSizeNotMade(let size, let multiple): Self.sizeNotMade(size, multiple: multiple)
    case .frameRate(let rate, let needed): "video: \(rate) frames per second; the model takes \(needed)"
    case .sampleRate(let rate, let needed): "audio: \(rate) samples per second; the model takes \(needed)"
    case .emptyCondition(let modality): "\(modality.rawValue): holds nothing"
    case .silentCondition: "audio: is silent; there is nothing to make pictures from"
    case .unusableSamples: "audio: holds samples that are no numbers, or far beyond full scale"
    case .notFinite(let stage):
      "model: \(stage.rawValue) gave values that are no numbers; are its weights damaged?"
    case .unavailableDevice(let device):
      "device: \(device) is not available on this machine; take another, such as cpu"
    case .unsupportedDType(let dtype): "dtype: \(dtype) is not supported; use float32 or bfloat16"
    }
  }

  /// With the nearest size that is made.
  private static func sizeNotMade(_ size: FrameSize, multiple: Int) -> String {
    let range = GenerationRequest.allowedSide
    func nearest(_ side: Int) -> Int {
      let least = (range.lowerBound + multiple - 1) / multiple
      let limited = min(max(side, range.lowerBound), range.upperBound)
      return min(max((limited + multiple / 2) / multiple, least), max(1, range.upperBound / multiple))
        * multiple
    }
    let near = FrameSize(width: nearest(size.width), height: nearest(size.height))
    return "size: \(size) pixels; the model makes multiples of \(multiple) from \(range.lowerBound) to "
      + "\(range.upperBound), such as \(near)"
  }
}

private func hexadecimal(_ codePoint: UInt32) -> String {
  let digits = String(codePoint, radix: 16, uppercase: true)
  return String(repeating: "0", count: max(4 - digits.count, 0)) + digits
}

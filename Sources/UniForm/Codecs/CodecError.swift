/// What cannot be encoded or decoded, in one line; a file that is no safetensors is a `WeightError`.
public enum CodecError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file holds other tensors, or damaged ones.
  case notLatents(file: String, reason: String)
  /// Made by another codec than the model's.
  case otherCodec(modality: Modality, model: String, found: String, needed: String, by: String)
  /// A clip that the model's codecs do not make.
  case otherGeometry(key: String, found: Int, needed: Int, by: String)
  /// Neither pictures nor sound nor text.
  case nothingToEncode

  public var description: String {
    switch self {
    case .notLatents(let file, let reason):
      "\(file): holds no latents of a clip: \(reason); make them with 'uniform encode'"
    case .otherCodec(let modality, let model, let found, let needed, let by):
      "latents: the \(modality.rawValue) was encoded by '\(model)' with codec \(found), but '\(by)' has codec "
        + "\(needed); give the model that made it"
    case .otherGeometry(let key, let found, let needed, let by):
      "latents: \"\(key)\" is \(found), but the model '\(by)' has \(needed); give the model that made it"
    case .nothingToEncode: "there is nothing to encode; give pictures, sound or text"
    }
  }
}

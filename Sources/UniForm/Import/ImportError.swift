/// Why an import cannot begin, in one line; broken files have `WeightError` and ``ConfigurationError``.
public enum ImportError: Error, Sendable, Equatable, CustomStringConvertible {
  case missing(path: String)
  case noWeights(folder: String)
  case ambiguous(folder: String, names: [String])
  /// A pickle may run code when it is read.
  case pickle(path: String)
  case unsupportedFile(path: String)
  case unknownFormat(file: String, part: String, known: String)
  case noConfiguration(file: String, key: String)
  case noTokenizer(folder: String)
  case needsPixArt(file: String)
  /// The model's trained transformer takes captions of another width than a new text encoder gives.
  case captionWidth(transformer: String, width: Int, textEncoder: Int)
  case outputTaken(path: String)
  case outputFolderMissing(path: String)

  public var description: String {
    switch self {
    case .missing(let path): "\(path): there is no such file or folder"
    case .noWeights(let folder): "\(folder): holds no .safetensors file"
    case .ambiguous(let folder, let names):
      "\(folder): holds several sets of weights (\(names.joined(separator: ", "))); name one file"
    case .pickle(let path):
      "\(path): is a pickle, which can run code when it is read; convert it with Scripts/convert-checkpoint"
    case .unsupportedFile(let path):
      "\(path): is neither a folder nor a .safetensors file, nor the index of a sharded set"
    case .unknownFormat(let file, let part, let known):
      "\(file): its tensors are not those of a \(part) that is known here: \(known)"
    case .noConfiguration(let file, let key):
      "\(file): says nothing of \"\(key)\"; put the config.json of its release beside it"
    case .noTokenizer(let folder):
      "\(folder): there is no spiece.model in it or in a folder tokenizer beside it; name it with --tokenizer"
    case .needsPixArt(let file):
      "\(file): is no PixArt file; --qk-norm is a choice for those alone"
    case .captionWidth(let transformer, let width, let textEncoder):
      "\(transformer): takes captions of width \(width), this text encoder gives \(textEncoder); import the "
        + "transformer again together with it"
    case .outputTaken(let path):
      "\(path): exists and is no model directory; choose a new or empty folder"
    case .outputFolderMissing(let path): "\(path): the folder that should hold it does not exist"
    }
  }
}

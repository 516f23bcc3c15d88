internal import Foundation
internal import Hub
internal import Media
internal import Synchronization
internal import Torch
internal import UniForm

/// A published network on whole clips; loaded when the first clip needs it.
struct NetworkExtractor: ClipExtractor {
  let network: EvaluationNetwork
  /// Beside the network's own name, where one network is asked in several ways.
  var variant = ""
  let settings: String
  let weights: String
  let needs: Set<ClipPart>
  let body: @Sendable (ClipMedia, String?) async throws -> ClipFeatures

  var id: String { network.id + (variant.isEmpty ? "" : "-\(variant)") }

  func extract(_ clip: ClipMedia, caption: String?) async throws -> ClipFeatures {
    try await body(clip, caption)
  }
}

/// A value that is made when it is first needed, once for all tasks.
final class Lazily<Value>: @unchecked Sendable {
  private let make: () throws -> Value
  private let made = Mutex<Shared<Value>?>(nil)

  init(_ make: @escaping () throws -> Value) { self.make = make }

  var value: Value {
    get throws {
      try made.withLock { made in
        if let made { return made }
        do {
          let value = Shared(try make())
          made = value
          return value
        } catch {
          // It is no fault of the clip that asks first.
          throw EvaluationSetupError.networkUnusable("\(error)")
        }
      }.value
    }
  }
}

extension VideoFrames {
  /// As networks take them: `[T, H, W, 3]`, bytes.
  fileprivate var clip: Tensor { bytes }
}

// MARK: Each network

extension NetworkExtractor {
  /// Frames per second that pictures are brought to: the paper's.
  static let frameRate = 17.0

  static func i3d(
    _ weights: PublishedWeights, _ frames: I3D.Frames, _ preprocessing: I3D.Preprocessing,
    _ epsilon: I3D.Epsilon,
    variant: String = ""
  ) -> NetworkExtractor {
    let network = Lazily { try I3D(weights.weights(), epsilon: epsilon) }
    let selection =
      switch frames {
      case .first(let count): "\(count)f@17fps-first"
      case .whole: "whole@17fps"
      case .evenly(let count): "\(count)f-evenly"
      }
    return NetworkExtractor(
      network: I3D.network, variant: variant,
      settings: "\(selection)/preprocessing-\(preprocessing.rawValue)-224/eps\(epsilon.rawValue)",
      weights: weights.hash, needs: [.pictures]
    ) { clip, _ in
      let pictures = try await clip.frames(rate: frameRate)
      return try alone {
        [
          "logits": FeatureMatrix(
            try network.value.logits(frames: pictures.clip, frames, preprocessing: preprocessing))
        ]
      }
    }
  }

  static func c3d(_ weights: PublishedWeights) -> NetworkExtractor {
    let network = Lazily { try C3D(weights.weights()) }
    return NetworkExtractor(
      network: C3D.network, settings: "16f@17fps-first/tgan2-112", weights: weights.hash, needs: [.pictures]
    ) { clip, _ in
      let pictures = try await clip.frames(rate: frameRate)
      return try alone { ["logits": FeatureMatrix(try network.value.logits(frames: pictures.clip))] }
    }
  }

  static func vggish(
    _ weights: PublishedWeights, _ conditions: VGGish.Conditions, variant: String = ""
  ) -> NetworkExtractor {
    let network = Lazily { try VGGish(weights.weights()) }
    return NetworkExtractor(
      network: VGGish.network, variant: variant,
      settings: "\(conditions.rawValue)/16kHz-swr/no-pca/linear", weights: weights.hash, needs: [.sound]
    ) { clip, _ in
      let sound = try await clip.sound(sampleRate: 16_000)
      return try alone { ["features": FeatureMatrix(try network.value.features(sound.tensor, conditions))] }
    }
  }

  /// A network that gives features and logits of sound.
  private static func tagger<Network: FeatureNetwork>(
    _ weights: PublishedWeights, _ type: Network.Type, sampleRate: Int,
    _ run: @escaping @Sendable (Network, Tensor) throws -> (features: Tensor, logits: Tensor)
  ) -> NetworkExtractor {
    let network = Lazily { try Network(weights.weights()) }
    return NetworkExtractor(
      network: Network.network, settings: "\(sampleRate / 1000)kHz-swr/whole", weights: weights.hash,
      needs: [.sound]
    ) { clip, _ in
      let sound = try await clip.sound(sampleRate: sampleRate)
      return try alone {
        let output = try run(network.value, sound.tensor)
        return ["features": FeatureMatrix(output.features), "logits": FeatureMatrix(output.logits)]
      }
    }
  }

  static func cnn14(_ weights: PublishedWeights) -> NetworkExtractor {
    tagger(weights, Cnn14.self, sampleRate: 16_000) { try $0($1) }
  }

  static func passt(_ weights: PublishedWeights) -> NetworkExtractor {
    tagger(weights, PaSST.self, sampleRate: 32_000) { try $0($1) }
  }

  static func yamnet(_ weights: PublishedWeights) -> NetworkExtractor {
    tagger(weights, YAMNet.self, sampleRate: 16_000) { try $0($1) }
  }

  static func synchformer(
    _ weights: PublishedWeights, _ shortClips: Synchformer.ShortClips, variant: String = ""
  ) -> NetworkExtractor {
    let network = Lazily { try Synchformer(weights.weights()) }
    return NetworkExtractor(
      network: Synchformer.network, variant: variant,
      settings: "25fps/16kHz-swr/short-\(shortClips.rawValue)",
      weights: weights.hash, needs: [.pictures, .sound]
    ) { clip, _ in
      let pictures = try await clip.frames(rate: Synchformer.frameRate)
      let sound = try await clip.sound(sampleRate: Synchformer.sampleRate)
      return try alone {
        let score = try network.value.desynchronization(
          frames: pictures.clip, sound: sound.tensor, shortClips: shortClips)
        return ["score": FeatureMatrix([score])]
      }
    }
  }

  /// ImageBind's cosine, JavisScore and AVHScore at once: the network is large, and its vectors serve all three.
  static func imageBind(_ weights: PublishedWeights) -> NetworkExtractor {
    let network = Lazily { try ImageBind(weights.weights()) }
    return NetworkExtractor(
      network: ImageBind.network, settings: "native-rate/16kHz-swr/authors-clips", weights: weights.hash,
      needs: [.pictures, .sound]
    ) { clip, _ in
      let pictures = try await clip.frames()
      let sound = try await clip.sound(sampleRate: ImageBind.sampleRate)
      return try alone {
        let network = try network.value
        let seen = try network.embedding(frames: pictures.clip, frameRate: pictures.frameRate)
        let heard = try network.embedding(sound: sound.tensor)
        let cosine = (seen * heard).sum.item / (seen.squared.sum.item * heard.squared.sum.item).squareRoot()
        let javis = JavisScore(network)
        return [
          "cosine": FeatureMatrix([cosine]),
          "javis": FeatureMatrix([
            try javis(frames: pictures.clip, frameRate: pictures.frameRate, sound: sound.tensor)
          ]),
          "avh": FeatureMatrix([try javis.overall(frames: pictures.clip, sound: sound.tensor)]),
        ]
      }
    }
  }

  static func clap(_ weights: PublishedWeights, _ family: CLAP.Family) -> NetworkExtractor {
    let network = Lazily { try CLAP(weights.weights(), family) }
    let tokenizer = Lazily {
      try RoBERTaTokenizer(
        vocabulary: weights.companion(0), merges: weights.companion(1))
    }
    return NetworkExtractor(
      network: family.network, settings: "48kHz-swr/first-10s", weights: weights.hash,
      needs: [.sound, .caption]
    ) { clip, caption in
      let sound = try await clip.sound(sampleRate: CLAP.sampleRate)
      return try alone {
        let network = try network.value
        let (ids, mask) = try tokenizer.value([caption ?? ""])
        let text = network.embedding(ids: ids, mask: mask).flattened()
        let cosine = (try network.embedding(sound: sound.tensor).flattened() * text).sum.item
        return ["score": FeatureMatrix([cosine])]
      }
    }
  }
}

extension NetworkExtractor {
  static func msCLAP(_ weights: PublishedWeights) -> NetworkExtractor {
    let network = Lazily { try MSCLAP(weights.weights()) }
    let tokenizer = Lazily {
      try GPT2Tokenizer(vocabulary: weights.companion(0), merges: weights.companion(1))
    }
    return NetworkExtractor(
      network: MSCLAP.network, settings: "44kHz-swr/first-7s", weights: weights.hash,
      needs: [.sound, .caption]
    ) { clip, caption in
      let sound = try await clip.sound(sampleRate: MSCLAP.sampleRate)
      return try alone {
        let network = try network.value
        let text = network.embedding(tokens: try tokenizer.value([caption ?? ""])).flattened()
        let cosine = (try network.embedding(sound: sound.tensor).flattened() * text).sum.item
        return ["score": FeatureMatrix([cosine])]
      }
    }
  }
}

/// The files of a published network in the user's folder of weights.
struct PublishedWeights: Sendable {
  let network: EvaluationNetwork
  let folder: URL
  /// SHA-256 over all files.
  let hash: String

  /// Nil where a file is missing.
  init?(_ network: EvaluationNetwork, in folder: URL) async throws {
    self.network = network
    self.folder = folder
    let files = ([network.file] + network.companions).map { folder.appending(path: $0) }
    guard files.allSatisfy({ FileManager.default.fileExists(atPath: $0.path) }) else { return nil }
    var hashes: [String] = []
    for file in files { hashes.append(try await FileDigest.sha256(of: file)) }
    hash = hashes.count == 1 ? hashes[0] : FileDigest.sha256(of: hashes.joined(separator: "\n"))
  }

  /// Of files that are not there: only to name what they would give.
  init(missing network: EvaluationNetwork) {
    self.network = network
    folder = URL(filePath: "/")
    hash = ""
  }

  func weights() throws -> Weights { try Weights(contentsOf: folder.appending(path: network.file)) }

  func companion(_ index: Int) -> URL { folder.appending(path: network.companions[index]) }
}

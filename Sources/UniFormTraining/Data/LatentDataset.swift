public import Foundation
internal import Media
public import Scenes
public import Torch
public import UniForm

/// Clips as the transformer sees them, encoded once: the posteriors of both codecs and the caption's tokens, in a folder
/// with one file.
///
/// Tensors: `video [N, 2·4, T, H, W]` and `audio [N, 2·8, Ta, F]` (means, then logarithms of variances, float16), `ids` and
/// `mask` `[N, L]` (int64).
public struct LatentDataset {
  private let video: Tensor
  private let audio: Tensor
  private let ids: Tensor
  private let mask: Tensor

  public var count: Int { video.size(0) }

  static let fileName = "clips.safetensors"

  /// Throws ``TrainingError`` for a cache that other codecs or another geometry made.
  public init(contentsOf folder: URL, for model: ModelDirectory) throws {
    let url = folder.appending(path: Self.fileName)
    let file = try SafeTensors(contentsOf: url)
    guard file.metadata["codecs"] == model.codecFingerprint else {
      throw TrainingError(
        "\(url.path): was encoded by other codecs than those of \(model.url.path); encode it again")
    }
    video = try file.tensor("video")
    audio = try file.tensor("audio")
    ids = try file.tensor("ids")
    mask = try file.tensor("mask")
    let geometry = model.geometry
    let shapes = [video.shape, audio.shape, ids.shape, mask.shape]
    guard shapes.allSatisfy({ !$0.isEmpty && $0[0] == shapes[0][0] && $0[0] > 0 }) else {
      throw TrainingError("\(url.path): its tensors hold different numbers of clips")
    }
    func doubled(_ shape: [Int]) -> [Int] { [2 * shape[0]] + shape.dropFirst() }
    guard Array(video.shape.dropFirst()) == doubled(geometry.videoLatentShape),
      Array(audio.shape.dropFirst()) == doubled(geometry.audioLatentShape), ids.shape == mask.shape, ids.rank == 2,
      ids.size(1) <= model.transformer.maximumTextLength
    else { throw TrainingError("\(url.path): its clips have another geometry than \(model.url.path)") }
  }

  /// The clips of the given indices, in their order, in float32.
  public func batch(_ indices: [Int], device: Device = .cpu) -> LatentBatch {
    let rows = Tensor(indices)
    func posterior(_ moments: Tensor) -> DiagonalGaussian {
      DiagonalGaussian(moments: moments.indexed(0, by: rows).to(device).to(.float32))
    }
    return LatentBatch(
      video: posterior(video), audio: posterior(audio), ids: ids.indexed(0, by: rows).to(device),
      mask: mask.indexed(0, by: rows).to(device), states: nil,
      hasCaption: mask.indexed(0, by: rows).sum([1]).values(as: Int.self).map { $0 > 1 })
  }

  /// What the clips are called.
  func names(of indices: [Int]) throws -> [String] { indices.map { "\($0)" } }

  /// Renders and encodes `count` clips of a dataset seed and writes the file.
  ///
  /// - Parameter progress: told the number of clips that are done; false stops with `CancellationError`.
  public static func write(
    count: Int, seed: UInt64, scenes: SceneGeometry, model: ModelDirectory, to folder: URL,
    progress: (Int) -> Bool
  ) throws {
    let geometry = model.geometry
    let encoders = try Encoders(model)
    let renderer = SceneRenderer(geometry: scenes)
    let block = 16
    var video: [Tensor] = []
    var audio: [Tensor] = []
    var captions: [String] = []
    for start in stride(from: 0, to: count, by: block) {
      guard progress(start) else { throw CancellationError() }
      let seeds = (start..<min(start + block, count)).map {
        SceneRenderer.clipSeed(datasetSeed: seed, index: $0)
      }
      let clips = concurrentMap(count: seeds.count) { renderer.render(seed: seeds[$0]) }
      captions += clips.map(\.caption)
      // Each worker encodes a part of the block with its own thread.
      let parts = try runWorkers(count: 2) { worker in
        let mine = clips.enumerated().filter { $0.offset % 2 == worker }.map(\.element)
        return Unchecked(
          value: withoutGradient {
            mine.map { clip in
              (
                encoders.video(clip.video.tensor).stored,
                encoders.audio(
                  // Sounds are coded at one peak level, as a condition is when a clip is generated.
                  encoders.mel(clip.audio.peakNormalized().tensor.unsqueezed(0))
                    .narrowed(1, start: 0, length: geometry.melFrameCount).unsqueezed(1)
                ).stored
              )
            }
          })
      }
      for index in seeds.indices {
        let pair = parts[index % 2].value[index / 2]
        video.append(pair.0)
        audio.append(pair.1)
      }
    }
    let tokens = try encoders.tokenizer.encode(captions, maximumLength: encoders.maximumTextLength)
    let shape = [tokens.count, tokens.length]
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try SafeTensors.write(
      [
        ("video", .concatenate(video, axis: 0)), ("audio", .concatenate(audio, axis: 0)),
        ("ids", Tensor(tokens.ids.map(Int.init), shape: shape)),
        ("mask", Tensor(tokens.mask.map(Int.init), shape: shape)),
      ], metadata: ["count": "\(count)", "seed": "\(seed)", "codecs": model.codecFingerprint],
      to: folder.appending(path: fileName))
    _ = progress(count)
  }

  /// The frozen networks that make a cache.
  private struct Encoders {
    let video: VideoVAE.Encoder
    let audio: AudioVAE.Encoder
    let mel: MelSpectrogram
    let tokenizer: T5Tokenizer
    let maximumTextLength: Int

    init(_ model: ModelDirectory) throws {
      video = try model.loadVideoEncoder()
      audio = try model.loadAudioEncoder()
      mel = try MelSpectrogram(model.mel)
      tokenizer = try model.loadTokenizer()
      maximumTextLength = model.transformer.maximumTextLength
    }
  }
}

extension DiagonalGaussian {
  /// Means and bounded log-variances in 16 bits.
  fileprivate var stored: Tensor { Tensor.concatenate([mean, logVariance], axis: 1).to(.float16) }
}

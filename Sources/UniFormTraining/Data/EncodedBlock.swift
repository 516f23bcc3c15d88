internal import Foundation
internal import Torch
internal import UniForm

/// A few neighbouring clips of the source after encoding, in a file of their own until their shard is complete.
///
/// Tensors as in ``LatentShard``, with `lengths [n]`, tokens of each caption, in place of `offsets`; none where every clip
/// was left out.
struct EncodedBlock {
  let clips: [ClipDescription]
  let skipped: [SkippedClip]
  private let tensors: [String: Tensor]

  /// The caption of a clip as numbers.
  struct Text {
    /// `[l]`, int32
    let ids: Tensor
    /// `[l, D]`, float16
    let states: Tensor?
  }

  init(
    clips: [ClipDescription], posteriors: [PerModality<DiagonalGaussian>], texts: [Text],
    skipped: [SkippedClip]
  ) {
    self.clips = clips
    self.skipped = skipped
    guard !clips.isEmpty else {
      tensors = [:]
      return
    }
    var tensors = [
      "video": Tensor.concatenate(posteriors.map { $0.video.storedMoments }, axis: 0),  // [n, 2·4, T, H, W]
      "audio": Tensor.concatenate(posteriors.map { $0.audio.storedMoments }, axis: 0),  // [n, 2·8, Ta, F]
      "ids": Tensor.concatenate(texts.map(\.ids), axis: 0),  // [m]
      "lengths": Tensor(texts.map { $0.ids.count }),  // [n]
    ]
    let states = texts.compactMap(\.states)
    if !states.isEmpty { tensors["states"] = .concatenate(states, axis: 0) }  // [m, D]
    self.tensors = tensors
  }

  private static let format = "uniform-clips-block"

  func write(to url: URL) throws {
    try SafeTensors.write(
      tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
      metadata: [
        "format": Self.format, "clips": String(decoding: try JSONLines.encode(clips), as: UTF8.self),
        "skipped": String(decoding: try JSONLines.encode(skipped), as: UTF8.self),
      ], to: url)
  }

  init(contentsOf url: URL) throws {
    let file = try SafeTensors(contentsOf: url)
    func list<Value: Decodable>(_ key: String) -> [Value]? {
      file.metadata[key].flatMap { try? JSONLines.decode(Value.self, from: Data($0.utf8)) }
    }
    guard file.metadata["format"] == Self.format, let clips: [ClipDescription] = list("clips"),
      let skipped: [SkippedClip] = list("skipped")
    else { throw WeightError.malformed(file: url.path, reason: "it is no block of encoded clips; remove it") }
    self.clips = clips
    self.skipped = skipped
    tensors = try file.entries.keys.reduce(into: [:]) { $0[$1] = try file.tensor($1) }
  }

  /// The tensors of the shard that all blocks together make, without a copy in memory.
  static func pending(_ blocks: [EncodedBlock], _ recipe: CacheRecipe) -> [SafeTensors.Pending] {
    let blocks = blocks.filter { !$0.clips.isEmpty }
    let lengths = blocks.flatMap { $0.tensors["lengths"]!.values(as: Int.self) }
    let offsets = lengths.reduce(into: [0]) { $0.append($0.last! + $1) }
    return blocks[0].tensors.keys.sorted().map { name in
      guard name != "lengths" else {
        return .init(name: "offsets", shape: [offsets.count], dtype: .int64) { Tensor(offsets) }
      }
      let parts = blocks.map { $0.tensors[name]! }
      let count = parts.reduce(0) { $0 + $1.size(0) }
      return .init(
        name: name, shape: [count] + parts[0].shape.dropFirst(), dtype: parts[0].dtype,
        parts: parts.map { part in { part } })
    }
  }
}

extension DiagonalGaussian {
  /// Means and bounded log-variances in 16 bits, as they are stored.
  fileprivate var storedMoments: Tensor {
    Tensor.concatenate([mean, logVariance], axis: 1).to(.float16)
  }

  /// Whether all that is stored of it are numbers.
  var isStorable: Bool { storedMoments.isFinite.allTrue }
}

internal import Foundation
internal import Torch
internal import UniForm

/// One mapped file of clips.
///
/// Tensors, of N clips: `video [N, 2·4, T, H, W]` and `audio [N, 2·8, Ta, F]`, float16: along the second axis the means
/// of the posterior, then the logarithms of its variances; `ids [M]`, int32: the tokens of all captions one after
/// another; `offsets [N + 1]`, int64: where each begins; perhaps `states [M, D]`, float16.
struct LatentShard {
  let name: String
  let count: Int
  private let url: URL
  private let file: SafeTensors
  private let video: Tensor
  private let audio: Tensor
  private let ids: Tensor
  private let states: Tensor?
  private let offsets: [Int]

  static let namePrefix = "clips-"

  init(_ entry: CacheIndex.Shard, of recipe: CacheRecipe, in cache: URL) throws {
    name = entry.file
    count = entry.count
    url = cache.appending(path: entry.file)
    file = try SafeTensors(contentsOf: url)
    video = try file.tensor("video")
    audio = try file.tensor("audio")
    ids = try file.tensor("ids")
    states = recipe.hasTextStates ? try file.tensor("states") : nil
    offsets = try file.tensor("offsets").values(as: Int.self)
    let moments = Self.momentShapes(recipe.geometry)
    let tokens = offsets.last ?? 0
    guard video.shape == [count] + moments.video, audio.shape == [count] + moments.audio,
      offsets.count == count + 1, offsets.first == 0,
      zip(offsets, offsets.dropFirst()).allSatisfy({ $0 < $1 }),
      ids.shape == [tokens], states.map({ $0.rank == 2 && $0.size(0) == tokens }) ?? true
    else { throw DataError.damagedCache(cache, reason: "\(name) does not hold \(count) clips") }
  }

  /// Of one clip.
  static func momentShapes(_ geometry: ClipGeometry) -> PerModality<[Int]> {
    func doubled(_ shape: [Int]) -> [Int] { [2 * shape[0]] + shape.dropFirst() }
    return PerModality(video: doubled(geometry.videoLatentShape), audio: doubled(geometry.audioLatentShape))
  }

  subscript(modality: Modality) -> Tensor { modality == .video ? video : audio }

  func tokens(of row: Int) -> Range<Int> { offsets[row]..<offsets[row + 1] }

  func ids(of row: Int) -> [Int] {
    ids.narrowed(0, start: offsets[row], length: tokens(of: row).count).values(as: Int.self)
  }

  /// `[l, D]`
  func states(of row: Int) -> Tensor {
    guard let states else { preconditionFailure("the states of \(name) were not opened") }
    return states.narrowed(0, start: offsets[row], length: tokens(of: row).count)
  }

  /// Gives back the memory of what was read so far.
  func releasePages() { file.releasePages() }

  func descriptions() throws -> [ClipDescription] {
    let file = url.deletingPathExtension().appendingPathExtension("jsonl")
    guard let data = try? Data(contentsOf: file),
      let clips = try? JSONLines.decode(ClipDescription.self, from: data), clips.count == count
    else {
      throw DataError.damagedCache(
        url.deletingLastPathComponent(), reason: "\(file.lastPathComponent) does not describe \(count) clips")
    }
    return clips
  }
}

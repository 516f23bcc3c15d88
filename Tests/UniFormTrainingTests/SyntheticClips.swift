import Foundation
import Torch
import UniForm

@testable import UniFormTraining

extension LatentDataset {
  /// A cache of smooth latents and tokens drawn at random, without any encoder: what training sees, at once.
  ///
  /// - Parameter folder: is made, and holds the cache.
  static func synthetic(count: Int, for model: ModelDirectory, in folder: URL) throws -> LatentDataset {
    let generator = Generator(seed: 3)
    var options = CachePreparation.Options()
    options.textStates = false
    let source = RenderedClips(count: count, seed: 0, geometry: model.geometry.scenes)
    let recipe = CachePreparation(source, model: model, to: folder, options).recipe
    func posterior(_ shape: [Int]) -> DiagonalGaussian {
      let mean = Tensor.randn([1] + shape, generator: generator)
      return DiagonalGaussian(moments: .concatenate([mean, Tensor.full(mean.shape, -30)], axis: 1))
    }
    let block = EncodedBlock(
      clips: (0..<count).map {
        ClipDescription(id: "\($0)", caption: "rain", file: nil, start: 0, split: nil)
      },
      posteriors: (0..<count).map { _ in
        PerModality(
          video: posterior(model.geometry.videoLatentShape), audio: posterior(model.geometry.audioLatentShape)
        )
      },
      texts: (0..<count).map { _ in
        .init(ids: Tensor.randint(3..<20, [5], generator: generator).to(.int32), states: nil)
      }, skipped: [])
    let work = CacheWork(cache: folder)
    _ = try work.begin(recipe)
    try work.write(block, number: 0, unit: 0)
    try work.finish(unit: 0, blocks: 1, recipe)
    _ = try work.merge(units: 1, recipe)
    return try LatentDataset(contentsOf: folder, for: model)
  }
}

import Testing
import Torch
import UniForm

/// Every autoencoder can learn one small batch by heart: gradients reach all of its parameters and point downhill.
@Suite struct AutoencoderTrainingTests {
  /// Trains on one batch, and returns the first and the last reconstruction loss.
  private func overfit(
    _ store: ParameterStore, _ target: Tensor, steps: Int, _ reconstruct: (Tensor) -> Tensor
  ) -> (first: Double, last: Double) {
    store.enableTraining()
    let optimizer = AdamW(store.trainable)
    var losses: [Double] = []
    for _ in 0..<steps {
      optimizer.clearGradients()
      let loss = reconstruct(target).meanSquaredError(target)
      loss.backward()
      if losses.isEmpty {
        for entry in store.trainable {
          #expect(entry.tensor.gradient != nil, "no gradient reaches \(entry.name)")
        }
      }
      optimizer.step(learningRate: 3e-3)
      losses.append(loss.item)
    }
    return (losses[0], losses.last!)
  }

  /// A smooth pattern in −1…1.
  private func waves(_ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    return (Tensor.arange(0, Double(count)) * 0.37).sin.reshaped(shape)
  }

  @Test func patchedPictureModelLearns() throws {
    var configuration = AutoencoderKL.Configuration()
    configuration.blockOutChannels = [16, 16]
    configuration.normNumGroups = 4
    configuration.layersPerBlock = 1
    configuration.patchSize = 2
    configuration.latentChannels = 16
    let store = ParameterStore(seed: 1)
    let model = try AutoencoderKL(store.root, configuration)
    let generator = Generator(seed: 2)
    let loss = overfit(store, waves([2, 3, 16, 16]), steps: 150) {
      model.decode(model.encode($0).sample(generator))
    }
    #expect(loss.last < loss.first / 10, "\(loss)")
  }

  @Test func anisotropicSoundModelLearns() throws {
    var configuration = AutoencoderKL.Configuration.audio
    configuration.blockOutChannels = [16, 16, 16]
    configuration.normNumGroups = 4
    configuration.layersPerBlock = 1
    configuration.downsampleStrides = [[2, 2], [1, 2]]
    let store = ParameterStore(seed: 1)
    let model = try AudioVAE(store.root, configuration)
    let loss = overfit(store, waves([1, 1, 16, 16]), steps: 150) { model.decode(model.encode($0)) }
    #expect(loss.last < loss.first / 10, "\(loss)")
  }

  @Test func videoModelLearnsThroughBothOfItsParts() throws {
    var configuration = VideoVAE.Configuration()
    configuration.spatial.blockOutChannels = [8, 16]
    configuration.spatial.normNumGroups = 4
    configuration.spatial.layersPerBlock = 1
    configuration.spatial.patchSize = 2
    configuration.spatial.latentChannels = 8
    configuration.temporal.inOutChannels = 8
    configuration.temporal.filters = 8
    configuration.temporal.numGroups = 4
    configuration.temporal.numResBlocks = 1
    let store = ParameterStore(seed: 1)
    let model = try VideoVAE(store.root, configuration)
    let loss = overfit(store, waves([1, 3, 17, 8, 8]), steps: 200) {
      model.decode(model.encode($0), frames: 17)
    }
    #expect(loss.last < loss.first / 10, "\(loss)")
  }
}

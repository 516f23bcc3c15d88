import Testing
import Torch
import UniForm

/// Every autoencoder can learn one small batch by heart: gradients reach all of its parameters and point downhill.
@Suite(.serialized) struct AutoencoderTrainingTests {
  /// Trains on one batch, and returns the first and the last reconstruction loss.
  private func overfit(
    _ store: ParameterStore, _ target: Tensor, steps: Int, _ reconstruct: (Tensor) -> Tensor
  ) -> (first: Double, last: Double) {
    // These tensors are too small to share: threads would only wait for each other.
    let threads = ComputeThreads.count
    ComputeThreads.count = 1
    defer { ComputeThreads.count = threads }
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

  /// Waves that travel along the third axis (height or time), another phase in each sample.
  private func waves(_ shape: [Int]) -> Tensor {
    func ramp(_ axis: Int, _ step: Double) -> Tensor {
      var lengths = shape.map { _ in 1 }
      lengths[axis] = shape[axis]
      return (Tensor.arange(0, Double(shape[axis])) * step).reshaped(lengths)
    }
    return (ramp(0, 2) + ramp(2, 0.5) + ramp(shape.count - 1, 0.4)).sin.expanded(shape).contiguous
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
    let loss = overfit(store, waves([2, 3, 16, 16]), steps: 60) {
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
    let loss = overfit(store, waves([1, 1, 16, 16]), steps: 60) { model.decode(model.encode($0)) }
    #expect(loss.last < loss.first / 10, "\(loss)")
  }

  @Test func videoModelLearnsThroughBothOfItsParts() throws {
    var configuration = VideoVAE.Configuration()
    configuration.spatial.blockOutChannels = [8, 16]
    configuration.spatial.normNumGroups = 4
    configuration.spatial.layersPerBlock = 1
    configuration.spatial.patchSize = 2
    configuration.spatial.latentChannels = 8
    configuration.spatialScalingFactor = 1
    configuration.temporal.inOutChannels = 8
    configuration.temporal.filters = 8
    configuration.temporal.numGroups = 4
    configuration.temporal.numResBlocks = 1
    let store = ParameterStore(seed: 1)
    let model = try VideoVAE(store.root, configuration)
    // Two clips: for a float32 batch of one libtorch falls back to its slow convolution along time.
    let loss = overfit(store, waves([2, 3, 5, 8, 8]), steps: 150) {
      model.decode(model.encode($0), frames: 5)
    }
    #expect(loss.last < loss.first / 10, "\(loss)")
  }
}

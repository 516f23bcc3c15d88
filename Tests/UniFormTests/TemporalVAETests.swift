import Foundation
import Testing
import Torch
import UniForm

@Suite struct TemporalVAETests {
  @Test func meetsItsGoldenNumbers() throws {
    var configuration = TemporalVAE.Configuration()
    configuration.filters = 8
    configuration.numResBlocks = 1
    configuration.numGroups = 4
    let store = ParameterStore(seed: 0)
    let model = try TemporalVAE(store.root, configuration)
    GoldenFill.fill(store)
    let posterior = model.encode(GoldenFill.input("in.tv", [1, 4, 17, 3, 5]))
    expectGolden(
      posterior.moments, shape: [1, 8, 5, 3, 5], mean: 0.0351408, deviation: 0.6795274,
      absoluteMaximum: 3.725180, first: [0.022046, 0.063925, 0.108962, 0.147398, 0.041570, 0.061877],
      last: [-0.585645, 0.373006, 0.843434])
    expectGolden(
      model.decode(posterior.mode, frames: 17), shape: [1, 4, 17, 3, 5], mean: -0.1412183,
      deviation: 0.4128177, absoluteMaximum: 1.975044,
      first: [0.037575, -0.111708, -0.159475, -0.217741, -0.212721, 0.236023],
      last: [0.299886, 1.236953, 1.614768])
  }
}

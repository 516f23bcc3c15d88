import Foundation
import Synchronization
import Testing
import Torch

@testable import UniForm

@Suite struct SpatialTilingTests {
  private func cell(input: Int, output: Int) -> SpatialTiling.Cell {
    .init(pixels: [8, 8], input: [input, input], output: [output, output])
  }

  @Test(arguments: [1, 2, 3, 7, 16, 64])
  func tilesOfOneSizeCoverTheAxisAndMeetOncePerPair(tile: Int) {
    for cells in 1...300 {
      let axis = TileAxis(cells: cells, tile: tile)
      #expect(axis.length == min(cells, tile))
      #expect(axis.starts.first == 0 && axis.starts.last == cells - axis.length)
      #expect(axis.seams.count == axis.starts.count - 1)
      for (index, seam) in axis.seams.enumerated() {
        #expect(seam.count == axis.length / 4)
        #expect(seam.lowerBound >= axis.starts[index + 1])
        #expect(seam.upperBound <= axis.starts[index] + axis.length)
        if index > 0 { #expect(axis.seams[index - 1].upperBound <= seam.lowerBound) }
      }
    }
  }

  @Test(arguments: [(65, 64), (130, 200), (64, 97), (300, 20)])
  func whatLooksAtOneCellIsTheSameInTiles(height: Int, width: Int) {
    let tiling = SpatialTiling()
    let latents = GoldenFill.input("in.tiles", [2, 3, height, width])
    let enlarged = tiling(latents, cell: cell(input: 1, output: 8)) { $0.upsampledNearest([8, 8]) }
    #expect(Difference(enlarged, latents.upsampledNearest([8, 8])).absolute < 1e-6)
    let reduced = tiling(enlarged, cell: cell(input: 8, output: 1)) { $0.averagePool2d([8, 8]) }
    #expect(Difference(reduced, latents).absolute < 1e-6)
  }

  @Test func aPictureOfTheSizeOfATileIsComputedWhole() {
    var passes = 0
    let x = GoldenFill.input("in.whole", [1, 4, 64, 64])
    let result = SpatialTiling()(x, cell: cell(input: 1, output: 1)) { x in
      passes += 1
      return x * 2
    }
    #expect(passes == 1 && result.floats == (x * 2).floats)
  }

  @Test(arguments: [
    (4, 256, 256, 1), (4, 128, 128, 4), (4, 2048, 2048, 1), (68, 64, 64, 16), (68, 32, 32, 64),
    (.max, 1, 1, 65_536),
  ])
  func largerPicturesPassInSmallerBatches(count: Int, height: Int, width: Int, atOnce: Int) {
    let found = SpatialTiling().picturesAtOnce(count, height: height, width: width)
    #expect(found == atOnce)
  }

  @Test(arguments: [(64, 64, 128), (256, 256, 8), (512, 512, 2), (2048, 2048, 2), (512, 2048, 2)])
  func largerPicturesHaveFewerChunksAtOnce(height: Int, width: Int, atOnce: Int) {
    #expect(SpatialTiling().chunksAtOnce(height: height, width: width) == atOnce)
  }

  @Test func noMorePiecesThanAllowedAreComputedAtOnce() throws {
    let running = Mutex((now: 0, most: 0))
    let before = ComputeThreads.count
    ComputeThreads.count = 4
    defer { ComputeThreads.count = before }
    let pieces = try independentPieces(8, on: .cpu, atOnce: 2) { index in
      running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
      Thread.sleep(forTimeInterval: 0.02)
      running.withLock { $0.now -= 1 }
      return index
    }
    #expect(pieces == Array(0..<8))
    #expect(running.withLock { $0.most } <= 2)
  }

  /// A tiny autoencoder of the published shape, and latents that change slowly.
  private func smoothCase() throws -> (model: VideoVAE, latents: Tensor) {
    let fixture = try fixture("opensora-video-vae-a")
    let configuration = try VideoVAE.Configuration(json: fixture.configuration, source: "fixture")
    let model = try VideoVAE(ParameterStore(loading: fixture.weights).root, configuration)
    let (rows, columns) = (40, 56)
    let channels = configuration.temporal.embedDim
    var values: [Float] = []
    for channel in 0..<channels {
      for time in 0..<2 {
        for row in 0..<rows {
          let height = sin(Double(row + time) * 0.4 + Double(channel))
          values += (0..<columns).map { Float(height * cos(Double($0) * 0.4 - Double(channel))) }
        }
      }
    }
    return (model, Tensor(values, shape: [1, channels, 2, rows, columns]))
  }

  /// The mean step from each column to the next.
  private func steps(_ x: Tensor) -> [Float] {
    let width = x.size(-1)
    let steps = x.narrowed(-1, start: 1, length: width - 1) - x.narrowed(-1, start: 0, length: width - 1)
    return steps.abs.mean(Array(0..<x.rank - 1)).floats
  }

  private func relativeError(_ x: Tensor, _ expected: Tensor) -> Double {
    ((x - expected).squared.mean.item / (expected - expected.mean.item).squared.mean.item).squareRoot()
  }

  @Test func tiledPicturesAreCloseToWholeOnesAndHaveNoSeam() throws {
    let (model, latents) = try smoothCase()
    let reduction = model.decoder.configuration.spatial.reduction[0]
    let whole = model.decode(latents, frames: 5)
    var decoder = model.decoder
    decoder.tiling.side = 32 * reduction
    let tiled = decoder(latents, frames: 5)
    #expect(tiled.shape == whole.shape)
    let error = relativeError(tiled, whole)
    #expect(error > 0 && error < 0.1, "\(error)")
    let ratios = zip(steps(tiled), steps(whole)).map { $0 / $1 }
    #expect(try #require(ratios.max()) < 1.1, "\(ratios)")
  }

  @Test func tiledLatentsAreCloseToWholeOnes() throws {
    let (model, latents) = try smoothCase()
    let pictures = latents.narrowed(1, start: 0, length: 3).flattened(from: 1, to: 2)  // [1, 6, 40, 56]
      .resizedBilinear(height: 320, width: 448).reshaped(1, 3, 2, 320, 448)
    let whole = model.encode(pictures)
    var encoder = model.encoder
    encoder.tiling.side = 256
    let tiled = encoder(pictures).mode
    #expect(tiled.shape == whole.shape)
    let error = relativeError(tiled, whole)
    #expect(error > 0 && error < 0.1, "\(error)")
  }

  @Test func recordingForTrainingChangesNoNumberAndEveryPieceGetsItsGradient() throws {
    let fixture = try fixture("opensora-video-vae-a")
    var configuration = try VideoVAE.Configuration(json: fixture.configuration, source: "fixture")
    let frames = try fixture.input("frames")
    var gradients: [[Float]] = []
    for atOnce in [4, 21] {
      configuration.microBatchSize = atOnce
      let store = ParameterStore(loading: fixture.weights)
      let model = try VideoVAE(store.root, configuration)
      let plain = model.decode(model.encode(frames), frames: 21)
      store.enableTraining()
      let input = frames.cloned.requireGradient()
      let recorded = model.decode(model.encode(input), frames: 21)
      // Over all numbers: how far the worst one is rounded apart depends on the processor.
      #expect(relativeError(recorded, plain) < 1e-5)
      recorded.squared.mean.backward()
      gradients.append(try #require(input.gradient).floats)
    }
    #expect(gradients[0].contains { $0 != 0 })
    #expect(zip(gradients[0], gradients[1]).allSatisfy { abs($0 - $1) < 1e-6 })
  }
}

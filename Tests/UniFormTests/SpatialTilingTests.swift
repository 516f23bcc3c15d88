import Foundation
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
    (4, 256, 256, 4), (4, 256, 512, 2), (4, 512, 512, 1), (4, 2048, 2048, 1), (68, 64, 64, 68),
    (68, 512, 512, 17), (.max, 2048, 2048, .max / 4),
  ])
  func largerPicturesPassInSmallerBatches(count: Int, height: Int, width: Int, atOnce: Int) {
    let found = SpatialTiling().picturesAtOnce(count, height: height, width: width)
    #expect(abs(Double(found) / Double(atOnce) - 1) < 1e-9)
  }

  /// A tiny autoencoder of the published shape, and latents that change slowly.
  private func smoothCase() throws -> (model: VideoVAE, latents: Tensor) {
    let fixture = try fixture("opensora-video-vae-a")
    let configuration = try VideoVAE.Configuration(json: fixture.configuration, source: "fixture")
    let model = try VideoVAE(ParameterStore(loading: fixture.weights).root, configuration)
    let (rows, columns) = (40, 56)
    let z = configuration.temporal.embedDim
    let values = (0..<z).flatMap { channel in
      (0..<2).flatMap { time in
        (0..<rows).flatMap { row in
          (0..<columns).map { column in
            Float(
              sin(Double(row + time) * 0.4 + Double(channel)) * cos(Double(column) * 0.4 - Double(channel)))
          }
        }
      }
    }
    return (model, Tensor(values, shape: [1, z, 2, rows, columns]))
  }

  /// The largest steps between neighbours along the last axis: of all, and of those inside the seams.
  private func steps(_ x: Tensor, seams: [Range<Int>]) -> (all: Double, inSeams: Double) {
    let width = x.size(-1)
    let steps = (x.narrowed(-1, start: 1, length: width - 1) - x.narrowed(-1, start: 0, length: width - 1))
      .abs
    let inSeams = seams.map {
      steps.narrowed(-1, start: $0.lowerBound - 1, length: $0.count + 1).maximum.item
    }
    return (steps.maximum.item, inSeams.max() ?? 0)
  }

  @Test func tiledPicturesAreCloseToWholeOnesAndHaveNoSeam() throws {
    let (model, latents) = try smoothCase()
    let reduction = model.decoder.configuration.spatial.reduction[0]
    let whole = model.decode(latents, frames: 5)
    var decoder = model.decoder
    decoder.tiling.side = 32 * reduction
    let tiled = decoder(latents, frames: 5)
    #expect(tiled.shape == whole.shape)
    let error =
      (tiled - whole).squared.mean.item.squareRoot() / whole.standardDeviation([0, 1, 2, 3, 4]).item
    #expect(error > 0 && error < 0.1, "\(error)")
    let seams = TileAxis(cells: 56, tile: 32).seams.map {
      $0.lowerBound * reduction..<$0.upperBound * reduction
    }
    #expect(!seams.isEmpty)
    let (all, inSeams) = steps(tiled, seams: seams)
    #expect(inSeams <= 1.05 * steps(whole, seams: seams).inSeams, "\(inSeams) of \(all)")

    var encoder = model.encoder
    encoder.tiling.side = 32 * reduction
    let (wholeLatents, tiledLatents) = (model.encode(whole), encoder(whole).mode)
    let latentError =
      (tiledLatents - wholeLatents).squared.mean.item.squareRoot()
      / wholeLatents.standardDeviation([0, 1, 2, 3, 4]).item
    #expect(latentError > 0 && latentError < 0.1, "\(latentError)")
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
      #expect(Difference(recorded, plain).absolute < 1e-5)
      recorded.squared.mean.backward()
      gradients.append(try #require(input.gradient).floats)
    }
    #expect(gradients[0].contains { $0 != 0 })
    #expect(zip(gradients[0], gradients[1]).allSatisfy { abs($0 - $1) < 1e-6 })
  }
}

internal import Torch

/// How pictures too large for one pass are computed: in overlapping tiles, one after another, blended linearly where
/// two of them meet, so that memory follows the size of a tile and not that of the picture.
///
/// A normalisation takes its statistics from one tile, so that the result is close to that of the whole, not equal.
/// As in diffusers' `AutoencoderKL` neighbours overlap by a quarter of a tile; unlike there all tiles have the same
/// size, since a narrow rest would have statistics of its own.
public struct SpatialTiling: Sendable, Equatable {
  /// Pixels of a tile's height and width. Axes up to this length are not divided.
  public var side: Int

  public init(side: Int = 512) {
    precondition(side > 0, "a tile's side is positive, not \(side)")
    self.side = side
  }

  /// What a cell of the latent grid measures, as `[rows, columns]` of pixels, of a network's input and of its output.
  struct Cell {
    let pixels: [Int]
    let input: [Int]
    let output: [Int]
  }

  /// `body` over `[…, H, W]`, tile by tile; `body` of the whole where it is no larger than a tile.
  func callAsFunction(_ x: Tensor, cell: Cell, _ body: (Tensor) -> Tensor) -> Tensor {
    let rows = axis(x.size(-2) / cell.input[0], cellPixels: cell.pixels[0])
    let columns = axis(x.size(-1) / cell.input[1], cellPixels: cell.pixels[1])
    guard rows.starts.count > 1 || columns.starts.count > 1 else { return body(x) }
    let strips = rows.parts(of: x, axis: -2, scale: cell.input[0]).map { strip in
      columns.joined(
        columns.parts(of: strip, axis: -1, scale: cell.input[1]).map(body), axis: -1, scale: cell.output[1])
    }
    return rows.joined(strips, axis: -2, scale: cell.output[0])
  }

  /// Pictures of `height` × `width` that pass at once: `count` at most, and no more pixels than one picture of
  /// 256 × 256 has, at least one. At the published widths one takes as long by itself as among four, and a quarter of
  /// the memory.
  func picturesAtOnce(_ count: Int, height: Int, width: Int) -> Int {
    let pixels = max(1, min(height, side) * min(width, side))
    return min(count, max(1, 256 * 256 / pixels))
  }

  /// Chunks of such pictures that may be computed at the same time, each in a thread of its own: at the published
  /// widths they take about 2 GB together, however many threads there are.
  func chunksAtOnce(height: Int, width: Int) -> Int {
    max(1, 8 * 256 * 256 / max(1, min(height, side) * min(width, side)))
  }

  func axis(_ cells: Int, cellPixels: Int) -> TileAxis {
    TileAxis(cells: cells, tile: max(1, side / cellPixels))
  }
}

/// The tiles along one axis, in cells.
struct TileAxis: Equatable {
  let cells: Int
  /// Of every tile.
  let length: Int
  let starts: [Int]
  /// Where a tile is blended with the next.
  let seams: [Range<Int>]

  init(cells: Int, tile: Int) {
    let length = max(1, min(cells, tile))
    let overlap = length / 4
    let count = cells <= length ? 1 : (cells - overlap + length - overlap - 1) / (length - overlap)
    let starts = (0..<count).map { count == 1 ? 0 : $0 * (cells - length) / (count - 1) }
    self.cells = cells
    self.length = length
    self.starts = starts
    // In the middle of what two neighbours have in common, which may be more than is needed.
    seams = zip(starts, starts.dropFirst()).map { first, second in
      let start = (first + length + second) / 2 - overlap / 2
      return start..<start + overlap
    }
  }

  /// - Parameter scale: steps of the tensor's axis per cell.
  func parts(of x: Tensor, axis: Int, scale: Int) -> [Tensor] {
    starts.map { x.narrowed(axis, start: $0 * scale, length: length * scale) }
  }

  /// One tensor from the results of all tiles.
  func joined(_ tiles: [Tensor], axis: Int, scale: Int) -> Tensor {
    func part(_ index: Int, _ range: Range<Int>) -> Tensor {
      tiles[index].narrowed(
        axis, start: (range.lowerBound - starts[index]) * scale, length: range.count * scale)
    }
    var pieces: [Tensor] = []
    for index in tiles.indices {
      let start = index == 0 ? 0 : seams[index - 1].upperBound
      let end = index == seams.count ? cells : seams[index].lowerBound
      if start < end { pieces.append(part(index, start..<end)) }
      guard index < seams.count, !seams[index].isEmpty else { continue }
      pieces.append(blended(part(index, seams[index]), part(index + 1, seams[index]), axis: axis))
    }
    return .concatenate(pieces, axis: axis)
  }

  /// From `a` to `b` along an axis.
  private func blended(_ a: Tensor, _ b: Tensor, axis: Int) -> Tensor {
    let count = a.size(axis)
    let half = 0.5 / Double(count)
    let ramp = Tensor.linspace(half, 1 - half, count: count, device: a.device).to(a.dtype)
    return a + (b - a) * (axis == -1 ? ramp : ramp.unsqueezed(-1))  // [..., H, W]
  }
}

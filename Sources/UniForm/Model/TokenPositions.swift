public import Torch

extension UniFormDiT {
  /// Where the tokens of a clip lie in space and time: the same in every step of its schedule.
  public struct Positions {
    let video: Tensor  // [1, 1, Sv, D]
    let audio: Tensor  // [1, 1, Sa, D]
    let rotary: RotaryEmbedding  // of T frames
    /// Each frame's place in its chunk, for a network that knows chunks.
    let phases: Tensor?  // [T]
  }

  /// Sine–cosine positions of both modalities, and rotary ones along time.
  ///
  /// Video keeps its own grid, so that weights of an image model see the positions that they know; the audio
  /// columns continue to its right, with the frequency as their row.
  ///
  /// - Parameters:
  ///   - latentShape: of the pictures, ending in `T, H, W`.
  ///   - pixels: height and width of the decoded picture, for the scale.
  ///   - dtype: of the passes to come.
  public func positions(
    latentShape: [Int], pixels: (height: Int, width: Int), dtype: DType = .float32, device: Device = .cpu
  ) -> Positions {
    let c = configuration
    let (frames, h, w) = (
      latentShape[latentShape.count - 3], latentShape[latentShape.count - 2], latentShape.last!
    )
    let grid = c.patches.grid(h, w)
    let audioGrid = c.audioGrid
    let base = (Double(grid.rows * grid.columns)).squareRoot().rounded(.toNearestOrEven)
    let scale = Double(pixels.height * pixels.width).squareRoot() / Double(c.inputSquareSize)
    func coordinates(_ indices: Range<Int>, of length: Int) -> [Double] {
      indices.map { Double($0) * (base / Double(length)) / scale }
    }
    func encoded(rows: Range<Int>, columns: Range<Int>, of size: (rows: Int, columns: Int)) -> Tensor {
      PositionEncoding.grid(
        rows: coordinates(rows, of: size.rows), columns: coordinates(columns, of: size.columns),
        width: c.hiddenSize
      ).unsqueezed(0).unsqueezed(0).to(dtype).to(device)
    }
    return Positions(
      video: encoded(rows: 0..<grid.rows, columns: 0..<grid.columns, of: grid),
      audio: encoded(
        rows: 0..<audioGrid.rows, columns: grid.columns..<(grid.columns + audioGrid.columns),
        of: (audioGrid.rows, grid.columns)),
      rotary: RotaryEmbedding(length: frames, width: c.hiddenSize / c.heads, device: device),
      phases: c.chunkPositions > 0
        ? Tensor((0..<frames).map { $0 % c.chunkPositions }, device: device) : nil)
  }
}

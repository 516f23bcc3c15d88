internal import Foundation
internal import Torch

/// Sines and cosines of positions; all angles in float64, stored as float32.
enum PositionEncoding {
  /// `[count, width]`: `[sin(p·ω_k)] ⧺ [cos(p·ω_k)]` with `ω_k = 10000^(−2k/width)`, k < width/2.
  static func sinusoids(_ positions: [Double], width: Int) -> Tensor {
    let half = width / 2
    let frequencies = (0..<half).map { Foundation.pow(10_000, -Double($0) / Double(half)) }
    var values: [Float] = []
    values.reserveCapacity(positions.count * width)
    for position in positions {
      values += frequencies.map { Float(sin(position * $0)) }
      values += frequencies.map { Float(cos(position * $0)) }
    }
    return Tensor(values, shape: [positions.count, width])
  }

  /// 2-D positions of a grid as `[rows · columns, width]`: column half first, then row half.
  static func grid(rows: [Double], columns: [Double], width: Int) -> Tensor {
    let half = width / 2
    let row = sinusoids(rows, width: half).unsqueezed(1).expanded(rows.count, columns.count, half)
    let column = sinusoids(columns, width: half).unsqueezed(0).expanded(rows.count, columns.count, half)
    return Tensor.concatenate([column, row], axis: -1).reshaped(rows.count * columns.count, width)
  }
}

/// The patches of a picture and their coordinates: STDiT3's rule for pictures of any size.
struct PatchGrid {
  let rows: Int
  let columns: Int
  private let base: Double
  private let scale: Double

  /// - Parameters:
  ///   - rows: of the latents; `columns` likewise.
  ///   - pixels: of the decoded picture; a square of `input_sq_size` has the scale 1.
  init(_ c: UniFormDiT.Configuration, rows h: Int, columns w: Int, pixels: (height: Int, width: Int)) {
    (rows, columns) = c.patches.grid(h, w)
    base = Double(rows * columns).squareRoot().rounded(.toNearestOrEven)
    scale = Double(pixels.height * pixels.width).squareRoot() / Double(c.inputSquareSize)
  }

  /// Sine–cosine positions, `[1, 1, rows · columns, width]`.
  func positions(width: Int) -> Tensor {
    positions(
      rows: coordinates(0..<rows, of: rows), columns: coordinates(0..<columns, of: columns), width: width)
  }

  /// Of other columns that go on to the right, over the same height: `[1, 1, rows · columns, width]`.
  func positions(beside other: (rows: Int, columns: Int), width: Int) -> Tensor {
    positions(
      rows: coordinates(0..<other.rows, of: other.rows),
      columns: coordinates(columns..<columns + other.columns, of: columns), width: width)
  }

  private func coordinates(_ indices: Range<Int>, of length: Int) -> [Double] {
    indices.map { Double($0) * (base / Double(length)) / scale }
  }

  private func positions(rows: [Double], columns: [Double], width: Int) -> Tensor {
    PositionEncoding.grid(rows: rows, columns: columns, width: width).unsqueezed(0).unsqueezed(0)
  }
}

/// Rotates interleaved pairs of channels by an angle that grows with the position (RoPE).
struct RotaryEmbedding {
  let cosines: Tensor  // [length, width]
  let sines: Tensor  // [length, width], with the sign of the rotation

  init(length: Int, width: Int, device: Device) {
    var cosineValues: [Float] = []
    var sineValues: [Float] = []
    for position in 0..<length {
      for pair in 0..<width / 2 {
        let angle = Double(position) * Foundation.pow(10_000, -2 * Double(pair) / Double(width))
        cosineValues += [Float(cos(angle)), Float(cos(angle))]
        sineValues += [Float(-sin(angle)), Float(sin(angle))]
      }
    }
    cosines = Tensor(cosineValues, shape: [length, width], device: device)
    sines = Tensor(sineValues, shape: [length, width], device: device)
  }

  /// `x` is `[…, length, width]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let pairs = x.reshaped(x.shape.dropLast() + [x.size(-1) / 2, 2])
    let swapped = pairs.flipped(-1).reshaped(x.shape)  // (a, b) → (b, a)
    return (x * cosines.to(x.dtype)).addcmul(swapped, sines.to(x.dtype))
  }
}

internal import Torch

/// A layer of a Swin transformer: attention within windows, which every second layer shifts by half, with a learned bias
/// per distance.
///
/// Letters: B pictures, H = W their side, C channels, n windows, s = 64 places of a window, h heads.
struct SwinBlock {
  private let attentionNorm, feedForwardNorm: LayerNorm
  private let attention: MultiHeadAttention
  private let up, down: Linear
  private let bias: Tensor  // [1, h, s, s], or [n, h, s, s] where windows are shifted
  private let window, shift: Int

  init(_ p: Parameters, width: Int, heads: Int, side: Int, window: Int, shift: Int) throws {
    attentionNorm = try LayerNorm(p["layernorm_before"], width)
    attention = try MultiHeadAttention(
      p["attention"], width: width, heads: heads,
      names: .separate(query: "self.query", key: "self.key", value: "self.value", output: "output.dense"))
    feedForwardNorm = try LayerNorm(p["layernorm_after"], width)
    up = try Linear(p["intermediate.dense"], width, 4 * width)
    down = try Linear(p["output.dense"], 4 * width, width)
    let reach = 2 * window - 1
    let table = try p["attention.self"]("relative_position_bias_table", reach * reach, heads)
    let places = window * window
    let distances = (0..<places).flatMap { from in
      (0..<places).map { to in
        (from / window - to / window + window - 1) * reach + from % window - to % window + window - 1
      }
    }
    let pairs = Tensor(distances, shape: [places, places])
    let ofDistance = table.embedding(pairs).permuted(2, 0, 1)  // [h, s, s]
    bias =
      shift == 0
      ? ofDistance.unsqueezed(0)
      : ofDistance.unsqueezed(0) + Self.seams(side: side, window: window, shift: shift).unsqueezed(1)
    self.window = window
    self.shift = shift
  }

  /// What lies on opposite ends of the picture must not see each other: `[n, s, s]` of 0 and −100.
  private static func seams(side: Int, window: Int, shift: Int) -> Tensor {
    func region(_ place: Int) -> Int { place < side - window ? 0 : place < side - shift ? 1 : 2 }
    let regions = (0..<side * side).map { Float(3 * region($0 / side) + region($0 % side)) }
    let picture = Tensor(regions, shape: [1, side, side, 1])
    let windows = partitioned(picture, window: window).squeezed(2)  // [n, s]
    let different = ((windows.unsqueezed(1) - windows.unsqueezed(2)).abs .> 0).to(.float32)
    return different * -100
  }

  /// `[B, H, W, C]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let (batch, side, width) = (x.size(0), x.size(1), x.size(3))
    let shifted = rolled(attentionNorm(x), by: -shift)  // [B, H, W, C]
    let windows = Self.partitioned(shifted, window: window)  // [B·n, s, C]
    let mask = bias.size(0) == 1 || batch == 1 ? bias : bias.repeated(batch, 1, 1, 1)
    let mixed = attention(windows, mask: mask)  // [B·n, s, C]
    let count = side / window
    let joined = mixed.reshaped(batch, count, count, window, window, width).permuted(0, 1, 3, 2, 4, 5)
      .reshaped(batch, side, side, width)  // [B, H, W, C]
    let attended = x + rolled(joined, by: shift)
    return attended + down(up(feedForwardNorm(attended)).gelu)  // [B, H, W, C]
  }

  /// `[B, H, W, C]` to `[B·n, s, C]`.
  private static func partitioned(_ x: Tensor, window: Int) -> Tensor {
    let (rows, columns) = (x.size(1) / window, x.size(2) / window)
    return x.reshaped(x.size(0), rows, window, columns, window, x.size(3)).permuted(0, 1, 3, 2, 4, 5)
      .reshaped(x.size(0) * rows * columns, window * window, x.size(3))
  }

  private func rolled(_ x: Tensor, by places: Int) -> Tensor {
    guard places != 0 else { return x }
    return [1, 2].reduce(x) { x, axis in
      let length = x.size(axis)
      let cut = places < 0 ? -places : length - places
      return .concatenate(
        [x.narrowed(axis, start: cut, length: length - cut), x.narrowed(axis, start: 0, length: cut)],
        axis: axis)
    }
  }
}

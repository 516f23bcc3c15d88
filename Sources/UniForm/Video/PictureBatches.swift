import Torch

extension Tensor {
  /// `[B, C, F, H, W]` through a function of pictures `[n, C, H, W]`, at most `atOnce` of them at a time.
  func eachFrame(atOnce: Int, _ body: (Tensor) -> Tensor) -> Tensor {
    let (batch, frames) = (size(0), size(2))
    let pictures = permuted(0, 2, 1, 3, 4).flattened(from: 0, to: 1)  // [B·F, C, H, W]
    let joined = Tensor.assembled(batch * frames, atOnce: atOnce, axis: 0) { range in
      body(pictures.narrowed(0, start: range.lowerBound, length: range.count))
    }  // [B·F, C′, H′, W′]
    return joined.reshaped([batch, frames] + joined.shape.dropFirst()).permuted(0, 2, 1, 3, 4)
  }

  /// Pieces computed one after another, put together along an axis of `count` steps.
  ///
  /// Where nothing is recorded for a backward pass, each is copied to its place as it comes, so that no more than one
  /// is held beside the result.
  static func assembled(
    _ count: Int, atOnce: Int, axis: Int, _ piece: (Range<Int>) -> Tensor
  ) -> Tensor {
    let ranges = stride(from: 0, to: count, by: atOnce).map { $0..<Swift.min($0 + atOnce, count) }
    guard let first = ranges.first.map(piece) else { return .concatenate([], axis: axis) }
    guard ranges.count > 1 else { return first }
    guard !first.requiresGradient else {
      return .concatenate([first] + ranges.dropFirst().map(piece), axis: axis)
    }
    var shape = first.shape
    shape[axis] = count
    let result = Tensor.empty(shape, dtype: first.dtype, device: first.device)
    for (index, range) in ranges.enumerated() {
      result.narrowed(axis, start: range.lowerBound, length: range.count)
        .copy_(index == 0 ? first : piece(range))
    }
    return result
  }
}

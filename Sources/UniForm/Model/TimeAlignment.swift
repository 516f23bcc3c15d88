internal import Torch

/// Rotary positions of all tokens by their own time, in latent frames from the start of the clip: the same times along
/// both axes of attention.
///
/// Within a frame only what lies between picture and sound matters, up to 0.6 of a latent frame (0.12 s) and different at
/// each place of a chunk; along time only what lies between the latent frames of a modality.
///
/// Letters: T latent frames, S tokens per frame, d width of a head.
struct TimeAlignment {
  let alongTime: RotaryEmbedding  // [S, T, d]
  let withinFrame: RotaryEmbedding  // [T, S, d]

  /// - Parameter moments: of the latent frames, T of them.
  init(_ c: UniFormDiT.Configuration, _ picture: PatchGrid, moments: [Double]?, device: Device) {
    guard let moments else { preconditionFailure("time-aligned positions need the moments of latent frames") }
    let width = c.hiddenSize / c.heads
    let (rows, columns) = c.audioGrid
    func spread(_ positions: [Double], _ count: Int) -> RotaryEmbedding {
      let one = RotaryEmbedding(positions: positions, width: width, device: device)
      func spread(_ x: Tensor) -> Tensor { x.unsqueezed(1).expanded(-1, count, -1) }  // [T, count, d]
      return RotaryEmbedding(cosines: spread(one.cosines), sines: spread(one.sines))
    }
    let video = spread(moments, picture.rows * picture.columns)
    let sound = (0..<columns).map { column in
      // The middle of the patch's audio steps; the task column has no time of its own.
      let first = column * c.audioPatches.width
      let end = min(first + c.audioPatches.width, c.audioStepsPerFrame)
      let place = Double(min(first, c.audioStepsPerFrame) + end) / Double(2 * c.audioStepsPerFrame)
      return spread(moments.indices.map { Double($0) + place }, rows)
    }
    func grid(_ part: KeyPath<RotaryEmbedding, Tensor>) -> Tensor {
      let columns = Tensor.stack(sound.map { $0[keyPath: part] }, axis: 2)  // [T, rows, columns, d]
      return .concatenate([video[keyPath: part], columns.flattened(from: 1, to: 2)], axis: 1)  // [T, S, d]
    }
    let (cosines, sines) = (grid(\.cosines), grid(\.sines))
    withinFrame = RotaryEmbedding(cosines: cosines, sines: sines)
    alongTime = RotaryEmbedding(
      cosines: cosines.transposed(0, 1).contiguous, sines: sines.transposed(0, 1).contiguous)
  }
}

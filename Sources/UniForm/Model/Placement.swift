public import Torch

extension UniFormDiT {
  /// Where the tokens of a clip stand: what follows from its shape alone, computed once for all steps of a schedule.
  public struct Placement {
    let video: Tensor  // [1, 1, S of the pictures, D]
    let audio: Tensor  // [1, 1, S of sound and task, D]
    let time: Time

    /// Along time.
    struct Time {
      let rotary: RotaryEmbedding
      /// The place of each frame in its chunk, `[T]`; nil where the network does not ask.
      let phase: Tensor?
    }
  }

  /// Places the tokens of latents `[B, 4, frames, rows, columns]`.
  ///
  /// Video keeps its own grid, so that weights of an image model see the positions that they know; the audio columns
  /// continue to the right of the trained one, with the frequency as their row: no size of the picture moves the sound.
  ///
  /// - Parameters:
  ///   - pixels: height and width of the decoded picture, for the scale of positions.
  ///   - trainedPixels: those of the pictures that the network was trained on, where they are others.
  public func placement(
    frames: Int, rows h: Int, columns w: Int, pixels: (height: Int, width: Int),
    trainedPixels: (height: Int, width: Int)? = nil, device: Device, dtype: DType = .float32
  ) -> Placement {
    let c = configuration
    let trained = trainedPixels ?? pixels
    let picture = PatchGrid(c, rows: h, columns: w, pixels: pixels)
    let beside = PatchGrid(
      c, rows: max(1, h * trained.height / pixels.height), columns: max(1, w * trained.width / pixels.width),
      pixels: trained)
    return Placement(
      video: picture.positions(width: c.hiddenSize).to(device).to(dtype),
      audio: beside.positions(beside: c.audioGrid, width: c.hiddenSize).to(device).to(dtype),
      time: Placement.Time(
        rotary: RotaryEmbedding(length: frames, width: c.hiddenSize / c.heads, device: device),
        phase: c.chunkPositions > 0
          ? Tensor((0..<frames).map { $0 % c.chunkPositions }, device: device) : nil))
  }

  /// Places the tokens of a clip.
  ///
  /// - Parameter trainedSize: of the pictures that the network was trained on.
  public func placement(
    _ geometry: ClipGeometry, trainedSize: FrameSize? = nil, device: Device, dtype: DType = .float32
  ) -> Placement {
    let shape = geometry.videoLatentShape
    let trained = trainedSize ?? geometry.size
    return placement(
      frames: shape[1], rows: shape[2], columns: shape[3], pixels: (geometry.height, geometry.width),
      trainedPixels: (trained.height, trained.width), device: device, dtype: dtype)
  }
}

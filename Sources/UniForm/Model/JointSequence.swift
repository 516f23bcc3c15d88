internal import Torch

/// How the two latents become one sequence of tokens per latent frame, and come apart again.
///
/// The audio latent is reshaped to the layout of the video latent and set beside it as extra columns, followed by
/// the task column: `[4, T, rows, 5 + 1]`. The packing keeps time aligned: a latent frame holds exactly the audio
/// steps of its own time, and a patch holds neighbouring times of one frequency with all channels.
///
/// Letters: B clips, C audio channels, c = 4 video channels, g = C/c, T latent frames, F frequencies, k steps per
/// frame.
struct JointSequence {
  let videoChannels: Int
  let stepsPerFrame: Int

  /// `A[c', t, g·f + group, s] = z[c·group + c', k·t + s, f]`: `[B, C, k·T, F]` to `[B, c, T, g·F, k]`.
  func packed(_ audio: Tensor) -> Tensor {
    let (b, channels, steps, frequencies) = (audio.size(0), audio.size(1), audio.size(2), audio.size(3))
    let groups = channels / videoChannels
    return audio.reshaped(b, groups, videoChannels, steps / stepsPerFrame, stepsPerFrame, frequencies)
      .permuted(0, 2, 3, 5, 1, 4)  // [B, c, T, F, g, k]
      .reshaped(b, videoChannels, steps / stepsPerFrame, frequencies * groups, stepsPerFrame)
  }

  /// The exact inverse of ``packed(_:)`` for `groups` channel groups.
  func unpacked(_ columns: Tensor, groups: Int) -> Tensor {
    let (b, c, frames, rows) = (columns.size(0), columns.size(1), columns.size(2), columns.size(3))
    return columns.reshaped(b, c, frames, rows / groups, groups, stepsPerFrame)
      .permuted(0, 4, 1, 2, 5, 3)  // [B, g, c, T, k, F]
      .reshaped(b, groups * c, frames * stepsPerFrame, rows / groups)
  }
}

/// Cuts `[B, C, T, H, W]` into patches of one frame, and back.
struct Patches {
  let height: Int
  let width: Int

  /// Patches per axis of a grid of this size; the last ones are padded.
  func grid(_ rows: Int, _ columns: Int) -> (rows: Int, columns: Int) {
    ((rows + height - 1) / height, (columns + width - 1) / width)
  }

  /// `[B, T, rows · columns, C·ph·pw]`, values ordered (channel, row, column); zero-padded at the far edges.
  func cut(_ x: Tensor) -> Tensor {
    let (b, c, t, h, w) = (x.size(0), x.size(1), x.size(2), x.size(3), x.size(4))
    let (rows, columns) = grid(h, w)
    let (bottom, right) = (rows * height - h, columns * width - w)
    let whole = bottom + right == 0 ? x : x.padded([0, right, 0, bottom])
    return whole.reshaped(b, c, t, rows, height, columns, width)
      .permuted(0, 2, 3, 5, 1, 4, 6)  // [B, T, rows, columns, C, ph, pw]
      .reshaped(b, t, rows * columns, c * height * width)
  }

  /// The inverse for values ordered (row, column, channel): `[B, T, rows · columns, ph·pw·C]` to `[B, C, T, H, W]`.
  func joined(_ tokens: Tensor, rows h: Int, columns w: Int) -> Tensor {
    let (b, t) = (tokens.size(0), tokens.size(1))
    let (rows, columns) = grid(h, w)
    let channels = tokens.size(3) / (height * width)
    return tokens.reshaped(b, t, rows, columns, height, width, channels)
      .permuted(0, 6, 1, 2, 4, 3, 5)  // [B, C, T, rows, ph, columns, pw]
      .reshaped(b, channels, t, rows * height, columns * width)
      .narrowed(3, start: 0, length: h).narrowed(4, start: 0, length: w)
  }
}

public import Torch
public import UniForm

/// Clips of a ``LatentDataset``, as training takes them.
///
/// Letters: B clips, T latent frames of H × W, Ta audio latent steps of F mel positions, L tokens of the longest
/// caption, D width of the text encoder.
public struct LatentBatch {
  /// The posterior over `[B, 4, T, H, W]`, normalised, float32.
  public let video: DiagonalGaussian
  /// The posterior over `[B, 8, Ta, F]`, float32.
  public let audio: DiagonalGaussian
  /// `[B, L]`, int64: pieces of the vocabulary, then `</s>`, then padding.
  public let ids: Tensor
  /// `[B, L]`, int64: 1 for tokens, 0 behind the end.
  public let mask: Tensor
  /// `[B, L, D]`, float32, zero behind a caption's end; nil unless the data set was opened with them.
  public let states: Tensor?
  /// False for clips without a caption, whose text is to be dropped whatever is drawn.
  public let hasCaption: [Bool]

  public var count: Int { hasCaption.count }

  /// Samples of both posteriors: first of the pictures, then of the sound.
  public func sample(_ generator: Generator) -> AVLatents {
    let video = video.sample(generator)
    return AVLatents(video: video, audio: audio.sample(generator))
  }

  /// The most likely latents.
  public var mode: AVLatents { AVLatents(video: video.mode, audio: audio.mode) }
}

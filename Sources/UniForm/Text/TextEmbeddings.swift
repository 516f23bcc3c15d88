public import Torch

/// What a text encoder gives the denoiser: B captions of L token positions, D values each.
public struct TextEmbeddings {
  /// `[B, L, D]`; rows of padding hold values without meaning.
  public let hiddenStates: Tensor
  /// `[B, L]`, 1 for tokens and 0 for padding, as integers.
  public let mask: Tensor

  public init(hiddenStates: Tensor, mask: Tensor) {
    precondition(
      hiddenStates.rank == 3 && mask.shape == Array(hiddenStates.shape.prefix(2)),
      "hidden states \(hiddenStates.shape) with a mask \(mask.shape)")
    self.hiddenStates = hiddenStates
    self.mask = mask.to(.int64)
  }
}

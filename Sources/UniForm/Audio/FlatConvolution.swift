internal import Torch

/// One-dimensional layers over `[B, C, 1, L]`, pictures of height one.
///
/// libtorch keeps the channels-last memory format from layer to layer for pictures only. On the CPU that
/// saves a copy per layer, a third of a vocoder's time.
extension Conv1d {
  func flat(_ x: Tensor) -> Tensor {
    x.conv2d(
      weight.to(x.dtype).unsqueezed(2), bias?.to(x.dtype), stride: [1, stride], padding: [0, padding],
      dilation: [1, dilation])
  }
}

extension ConvTranspose1d {
  func flat(_ x: Tensor) -> Tensor {
    x.convTranspose2d(
      weight.to(x.dtype).unsqueezed(2), bias?.to(x.dtype), stride: [1, stride], padding: [0, padding])
  }
}

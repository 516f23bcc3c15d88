internal import Torch

/// Pictures as they come, `[T, H, W, 3]` in 8 bits, or one line about what they are instead.
func checkedFrames(_ frames: Tensor, atLeast count: Int, for network: String) throws(NetworkInputError)
  -> Tensor
{
  guard frames.rank == 4, frames.size(3) == 3, frames.dtype == .uint8, frames.size(1) > 0, frames.size(2) > 0
  else { throw .notFrames(shape: frames.shape) }
  guard frames.size(0) >= count else {
    throw .tooFewFrames(network: network, found: frames.size(0), needed: count)
  }
  return frames
}

/// Mono sound `[N]` in float32.
func checkedSound(_ sound: Tensor, atLeast count: Int, for network: String) throws(NetworkInputError)
  -> Tensor
{
  guard sound.rank == 1, sound.dtype.isFloatingPoint else { throw .notSound(shape: sound.shape) }
  guard sound.count >= count else {
    throw .tooFewSamples(network: network, found: sound.count, needed: count)
  }
  return sound
}

extension Tensor {
  /// `[T, H, W, 3]` in 8 bits to `[T, 3, H, W]` in float32, 0…255.
  var channelsFirst: Tensor { permuted(0, 3, 1, 2).to(.float32) }

  /// The middle of the last two axes. Where a margin is odd, `rounding` decides: down in most code, to the nearest even
  /// number in torchvision's.
  func centerCropped(height: Int, width: Int, rounding: FloatingPointRoundingRule = .down) -> Tensor {
    func start(_ margin: Int) -> Int { Int((Double(margin) / 2).rounded(rounding)) }
    return narrowed(-2, start: start(size(-2) - height), length: height)
      .narrowed(-1, start: start(size(-1) - width), length: width)
  }
}

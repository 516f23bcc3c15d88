extension HiFiGAN.Configuration {
  /// What some samples depend on, layer by layer. Positions before the start or behind the end of a clip stand for the
  /// zeros that pad it.
  struct Dependence {
    let frames: Range<Int>
    let stages: [(input: Range<Int>, upsampled: Range<Int>)]
    /// Of what the last stage makes.
    let beforeOutput: Range<Int>
  }

  /// The samples, followed from the output back through every layer.
  func dependence(of samples: Range<Int>) -> Dependence {
    let ends = 3  // half of the first and last kernels, 7 wide
    let beforeOutput = samples.widened(by: ends)
    let reach =
      zip(residualKernels, residualDilations)
      .map { kernel, dilations in dilations.reduce(0) { $0 + (kernel - 1) / 2 * ($1 + 1) } }.max() ?? 0
    var needed = beforeOutput
    var stages: [(input: Range<Int>, upsampled: Range<Int>)] = []
    for (rate, kernel) in zip(upsampleRates, upsampleKernels).reversed() {
      let padding = (kernel - rate) / 2
      let upsampled = needed.widened(by: reach)
      // Input i of a transposed convolution reaches outputs i · rate − padding ..< i · rate − padding +
      // kernel.
      let first = ceilingDivision(upsampled.lowerBound + padding - kernel + 1, rate)
      needed = first..<floorDivision(upsampled.upperBound - 1 + padding, rate) + 1
      stages.insert((needed, upsampled), at: 0)
    }
    return Dependence(frames: needed.widened(by: ends), stages: stages, beforeOutput: beforeOutput)
  }

  /// How many frames before and after a frame its samples depend on.
  var context: (before: Int, after: Int) {
    let frames = dependence(of: 0..<hop).frames
    return (max(-frames.lowerBound, 0), max(frames.upperBound - 1, 0))
  }
}

extension Range<Int> {
  fileprivate func widened(by count: Int) -> Range { lowerBound - count..<upperBound + count }
}

private func floorDivision(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((b - 1 - a) / b) }
private func ceilingDivision(_ a: Int, _ b: Int) -> Int { -floorDivision(-a, b) }

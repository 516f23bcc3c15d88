extension HiFiGAN.Configuration {
  /// How many frames before and after a frame its samples depend on: the samples of frame 0, followed from
  /// the output back through every layer.
  var context: (before: Int, after: Int) {
    let ends = 3  // half of the first and last kernels, 7 wide
    var (low, high) = (-ends, hop - 1 + ends)
    let reach =
      zip(residualKernels, residualDilations)
      .map { kernel, dilations in dilations.reduce(0) { $0 + (kernel - 1) / 2 * ($1 + 1) } }.max() ?? 0
    for (rate, kernel) in zip(upsampleRates, upsampleKernels).reversed() {
      let padding = (kernel - rate) / 2
      // Input i of a transposed convolution reaches outputs i · rate − padding ..< i · rate − padding +
      // kernel.
      low = ceilingDivision(low - reach + padding - kernel + 1, rate)
      high = floorDivision(high + reach + padding, rate)
    }
    return (max(ends - low, 0), max(high + ends, 0))
  }
}

private func floorDivision(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((b - 1 - a) / b) }
private func ceilingDivision(_ a: Int, _ b: Int) -> Int { -floorDivision(-a, b) }

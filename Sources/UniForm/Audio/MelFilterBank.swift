internal import Foundation

/// Triangular filters on the Slaney mel scale with area normalisation, computed in float64.
public struct MelFilterBank: Sendable {
  /// Row-major `[filters, bins]`.
  public let weights: [Double]
  public let filterCount: Int
  /// `transformLength / 2 + 1`.
  public let binCount: Int

  /// Filters between two frequencies in Hz for a transform over `transformLength` samples.
  public init(
    filterCount: Int, transformLength: Int, sampleRate: Int, lowest: Double, highest: Double
  ) {
    self.filterCount = filterCount
    binCount = transformLength / 2 + 1
    let edges = Self.edges(filterCount: filterCount, lowest: lowest, highest: highest)
    let binWidth = Double(sampleRate) / Double(transformLength)
    var weights: [Double] = []
    for filter in 0..<filterCount {
      let (left, center, right) = (edges[filter], edges[filter + 1], edges[filter + 2])
      for bin in 0..<binCount {
        let frequency = Double(bin) * binWidth
        let rising = (frequency - left) / (center - left)
        let falling = (right - frequency) / (right - center)
        weights.append(max(0, min(rising, falling)) * 2 / (right - left))
      }
    }
    self.weights = weights
  }

  /// `filterCount + 2` frequencies in Hz, equally spaced in mel: filter i rises from edge i, peaks at i + 1
  /// and falls to i + 2.
  public static func edges(filterCount: Int, lowest: Double, highest: Double) -> [Double] {
    let (first, last) = (mel(lowest), mel(highest))
    return (0..<filterCount + 2).map { index in
      hertz(first + (last - first) * Double(index) / Double(filterCount + 1))
    }
  }

  /// Linear below 1 kHz, logarithmic above.
  static func mel(_ hertz: Double) -> Double {
    hertz < 1000 ? hertz * 3 / 200 : 15 + 27 * log(hertz / 1000) / log(6.4)
  }

  static func hertz(_ mel: Double) -> Double {
    mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27)
  }
}

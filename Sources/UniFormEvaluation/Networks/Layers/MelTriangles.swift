internal import Foundation
internal import Torch

/// Triangular filters on the HTK mel scale without area normalisation, in float64. AudioSet's networks differ in where the
/// triangles are straight.
enum MelTriangles {
  /// Straight over mels, as in TensorFlow's and Kaldi's front ends: `[bins, filters]`.
  ///
  /// - Parameter bins: frequencies from 0 on, `sampleRate / transformLength` apart.
  static func straightInMel(
    filters: Int, bins: Int, transformLength: Int, sampleRate: Double, lowest: Double, highest: Double
  ) -> [Double] {
    let edges = edges(filters, lowest, highest)
    return triangles(edges, at: (0..<bins).map { mel(Double($0) * sampleRate / Double(transformLength)) })
  }

  /// Straight over Hertz, as in torchaudio's: `[bins, filters]`.
  static func straightInHertz(
    filters: Int, bins: Int, transformLength: Int, sampleRate: Double, lowest: Double, highest: Double
  ) -> [Double] {
    let edges = edges(filters, lowest, highest).map { 700 * (exp($0 / 1127) - 1) }
    return triangles(edges, at: (0..<bins).map { Double($0) * sampleRate / Double(transformLength) })
  }

  static func mel(_ hertz: Double) -> Double { 1127 * log(1 + hertz / 700) }

  /// `filters + 2` mels at equal distance.
  private static func edges(_ filters: Int, _ lowest: Double, _ highest: Double) -> [Double] {
    let (first, last) = (mel(lowest), mel(highest))
    return (0..<filters + 2).map { first + (last - first) * Double($0) / Double(filters + 1) }
  }

  private static func triangles(_ edges: [Double], at places: [Double]) -> [Double] {
    places.flatMap { place in
      (0..<edges.count - 2).map { filter in
        let rising = (place - edges[filter]) / (edges[filter + 1] - edges[filter])
        let falling = (edges[filter + 2] - place) / (edges[filter + 2] - edges[filter + 1])
        return max(0, min(rising, falling))
      }
    }
  }
}

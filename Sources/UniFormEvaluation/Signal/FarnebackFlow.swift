import Foundation
import Synchronization

/// Dense optical flow by polynomial expansion (Farnebäck 2003) as OpenCV's `calcOpticalFlowFarneback` computes it with
/// its box window: on pyramid levels from coarse to fine, each refined a few times.
public struct FarnebackFlow: Sendable, Equatable {
  /// Size of a pyramid level against the next finer one, in 0…1.
  public var pyramidScale = 0.5
  /// Levels beyond the picture itself; fewer where a side would fall below 32 pixels.
  public var levels = 3
  /// Pixels of the averaging window, odd.
  public var window = 15
  public var iterations = 3
  /// Pixels to each side that a polynomial is fitted to, and the deviation of their weight.
  public var neighbourhood = 5
  public var sigma = 1.2

  public init() {}

  /// The motion from one picture to the next: `[height, width]` pixels to the right, and likewise down.
  public func flow(in frames: GrayFrames, from first: Int, to second: Int) -> (dx: [Float], dy: [Float]) {
    let pyramid = Pyramid(self, width: frames.width, height: frames.height)
    let field = flow(
      from: pyramid.expansions(of: frames.plane(first)), to: pyramid.expansions(of: frames.plane(second)))
    let count = frames.width * frames.height
    return (
      Array(UnsafeBufferPointer(start: field.dx.values, count: count)),
      Array(UnsafeBufferPointer(start: field.dy.values, count: count))
    )
  }

  /// The mean length of the motion from each picture to the next, in pixels: one value fewer than pictures.
  ///
  /// - Parameter threads: that share the pictures of this clip.
  public func meanMagnitudes(_ frames: GrayFrames, threads: Int = 1) -> [Double] {
    let pairs = max(0, frames.count - 1)
    let pyramid = Pyramid(self, width: frames.width, height: frames.height)
    let blocks = max(1, min(threads, pairs))
    let results = Mutex([[Double]](repeating: [], count: blocks))
    DispatchQueue.concurrentPerform(iterations: blocks) { block in
      let range = (pairs * block / blocks)..<(pairs * (block + 1) / blocks)
      guard !range.isEmpty else { return }
      var before = pyramid.expansions(of: frames.plane(range.lowerBound))
      let magnitudes = range.map { index in
        let after = pyramid.expansions(of: frames.plane(index + 1))
        defer { before = after }
        return flow(from: before, to: after).meanMagnitude
      }
      results.withLock { $0[block] = magnitudes }
    }
    return results.withLock { $0.flatMap(\.self) }
  }

  /// - Parameters: expansions of both pictures, the coarsest level first.
  private func flow(from first: [PolynomialExpansion], to second: [PolynomialExpansion]) -> FlowField {
    var field: FlowField?
    for (before, after) in zip(first, second) {
      let finer =
        field?.resized(width: before.width, height: before.height, times: Float(1 / pyramidScale))
        ?? FlowField(width: before.width, height: before.height)
      finer.refine(from: before, to: after, window: window, iterations: iterations)
      field = finer
    }
    return field!
  }
}

extension FarnebackFlow {
  /// The levels of pictures of one size.
  private struct Pyramid: Sendable {
    private let resamplings: [(across: AxisResampling, down: AxisResampling)]
    private let basis: PolynomialExpansion.Basis

    init(_ flow: FarnebackFlow, width: Int, height: Int) {
      basis = PolynomialExpansion.Basis(reach: flow.neighbourhood, sigma: flow.sigma)
      let smallest = 32.0
      var count = 0
      var scale = 1.0
      while count < flow.levels {
        scale *= flow.pyramidScale
        if Double(width) * scale < smallest || Double(height) * scale < smallest { break }
        count += 1
      }
      resamplings = (0...count).reversed().map { level in
        let scale = pow(flow.pyramidScale, Double(level))
        let sigma = (1 / scale - 1) / 2
        let taps = max(Int((sigma * 5).rounded(.toNearestOrEven)) | 1, 3)
        let kernel = AxisResampling.gaussian(count: taps, sigma: sigma)
        func axis(_ length: Int) -> AxisResampling {
          let shorter = Int((Double(length) * scale).rounded(.toNearestOrEven))
          return AxisResampling(from: length, to: shorter, blurredBy: kernel)
        }
        return (axis(width), axis(height))
      }
    }

    /// The coarsest level first.
    func expansions(of picture: FloatPlane) -> [PolynomialExpansion] {
      resamplings.map { across, down in
        PolynomialExpansion(of: picture.resampled(across: across, down: down), basis: basis)
      }
    }
  }
}

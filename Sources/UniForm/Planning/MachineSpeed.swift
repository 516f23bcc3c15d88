internal import Foundation
public import Torch

/// How fast this machine does what the networks consist of, measured in a second or two.
public struct MachineSpeed: Sendable, Codable, Equatable {
  /// Operations per second of matrix products in the denoiser's dtype, with all threads.
  public var products: Double
  /// Of products and of convolutions in float32, each thread at work by itself; per thread.
  public var threadProducts: Double
  public var threadConvolutions: Double
  /// Bytes per second that a thread writes while all threads do.
  public var threadBandwidth: Double
  /// Seconds that an operator takes which does next to nothing.
  public var call: Double
  public var threads: Int

  enum CodingKeys: String, CodingKey {
    case products, call, threads
    case threadProducts = "thread_products"
    case threadConvolutions = "thread_convolutions"
    case threadBandwidth = "thread_bandwidth"
  }

  public static func measure(dtype: DType, device: Device) throws -> MachineSpeed {
    let threads = ComputeThreads.count
    let generator = Generator(seed: 1)
    func random(_ shape: [Int], _ dtype: DType = .float32) -> Tensor {
      Tensor.randn(shape, generator: generator).to(dtype).to(device)
    }
    return try withoutGradient {
      let size = 2048
      let (a, b) = (random([size, size], dtype), random([size, size], dtype))
      let product = try fastest(device) { _ = a.linear(b) }
      // Shapes as the autoencoders have them; the layers of a channels-last picture.
      let side = 512
      let (c, d) = (random([side, side]), random([side, side]))
      let picture = random([1, 128, 64, 64]).channelsLast
      let kernel = random([128, 128, 3, 3])
      let large = random([8 << 20])
      let small = random([8])
      return MachineSpeed(
        products: 2 * pow(Double(size), 3) / product,
        threadProducts: 2 * pow(Double(side), 3) / (try onEveryThread(device) { _ = c.linear(d) }),
        threadConvolutions: 2 * Double(128 * 128 * 9 * 64 * 64)
          / (try onEveryThread(device) { _ = picture.conv2d(kernel, padding: [1, 1]) }),
        threadBandwidth: Double(4 * large.count) / (try onEveryThread(device) { _ = large + 1 }),
        call: try onEveryThread(device) { _ = small + 1 }, threads: threads)
    }
  }

  /// Seconds of the fastest of a few runs after a first: what the machine can do when nothing disturbs it.
  private static func fastest(_ device: Device, _ body: () -> Void) throws -> Double {
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(200)
    body()
    var seconds = Double.infinity
    repeat {
      seconds = min(
        seconds,
        try clock.measure {
          body(); try device.synchronize()
        } / .seconds(1))
    } while clock.now < end
    return seconds
  }

  /// The same on all threads at once, as pieces of a clip are computed; the mean of the threads.
  private static func onEveryThread(_ device: Device, _ body: @escaping () -> Void) throws -> Double {
    let count = device.kind == .cpu ? ComputeThreads.count : 1
    let seconds = try independentPieces(count, on: device) { _ in try fastest(device, body) }
    return seconds.reduce(0, +) / Double(count)
  }
}

extension MachineSpeed {
  /// Seconds that a stage takes.
  func seconds(_ stage: StageOutline) -> Double {
    let all = stage.preparation.repeated(stage.atOnce) + stage.piece.repeated(stage.pieces)
    let work = all.operations
    if stage.isDivided {
      return Double(work.products) / (products * Self.share)
        + Double(all.movedBytes) / (threadBandwidth * Double(threads)) + Double(work.calls) * call
    }
    return seconds(ofOneThread: all) / Double(stage.atOnce) + seconds(ofOneThread: stage.closing)
  }

  /// Seconds that one thread takes while the others are at work, too.
  ///
  /// - Parameter passes: how often the operations are done; three with the backward pass.
  package func seconds(ofOneThread all: Workload, passes: Double = 1) -> Double {
    let work = all.operations
    return passes
      * (Double(work.products) / threadProducts + Double(work.convolutions) / threadConvolutions
        + Double(work.calls) * call)
      + Double(all.movedBytes) / threadBandwidth
  }

  /// Of the rate of square products that those of a transformer reach (Benchmarks/README.md).
  private static let share = 0.9
}

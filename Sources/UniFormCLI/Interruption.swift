import Foundation
import Synchronization

/// Ctrl-C and requests to end: the first cancels the work, which removes what it began; the second ends at once.
enum Interruption {
  private static let count = Atomic<Int>(0)

  /// How many milliseconds cancelled work may take to tidy up. Computation in libtorch cannot be stopped on the
  /// way, and has nothing to tidy; ffmpeg ends long before this.
  private static let patience = Atomic<Int>(800)

  /// For work that must be saved first, such as a training run.
  static func allow(seconds: Int) { patience.store(1000 * seconds, ordering: .relaxed) }

  /// - Parameter cancel: called once, on another thread.
  static func install(cancel: @escaping @Sendable () -> Void) {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler {
        guard count.add(1, ordering: .relaxed).newValue == 1 else { endNow() }
        cancel()
        let wait = patience.load(ordering: .relaxed)
        DispatchQueue.global(qos: .userInteractive).asyncAfter(deadline: .now() + .milliseconds(wait)) {
          endNow()
        }
      }
      source.activate()
      // It lives as long as the process.
      _ = Unmanaged.passRetained(source as AnyObject)
    }
  }

  /// Ends without the destructors of libraries whose threads may still be at work.
  static func endNow() -> Never {
    StandardError.print("uniform: interrupted")
    fflush(nil)
    _exit(ExitStatus.interrupted.rawValue)
  }
}

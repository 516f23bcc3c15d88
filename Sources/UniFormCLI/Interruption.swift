import Foundation
import Synchronization

/// Ctrl-C and requests to end: the first cancels the work, which removes what it began; a later one ends at
/// once.
enum Interruption {
  /// When the first came, in nanoseconds of the machine's clock; 0 before.
  private static let first = Atomic<UInt64>(0)

  /// So close together they are one request: some job systems signal every process of a job, and `launch`
  /// passes its own signal on.
  private static let echo: UInt64 = 2_000_000_000

  /// How many milliseconds cancelled work may take to tidy up. Computation in libtorch cannot be stopped on the
  /// way, and has nothing to tidy; ffmpeg ends long before this.
  private static let patience = Atomic<Int>(800)

  /// For work that must be saved first, such as a training run.
  static func allow(seconds: Int) { patience.store(1000 * seconds, ordering: .relaxed) }

  private static let lastAct: Mutex<@Sendable () -> Void> = Mutex({})

  /// For what must not outlive this process, however it is interrupted.
  static func atEnd(_ act: @escaping @Sendable () -> Void) { lastAct.withLock { $0 = act } }

  /// - Parameter cancel: called once, on another thread.
  static func install(cancel: @escaping @Sendable () -> Void) {
    for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
      // Not ignored first: that discards what came while this process was being loaded. Those of a team begin
      // with signals blocked, and the launcher asks them only once.
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler {
        let now = DispatchTime.now().uptimeNanoseconds
        let (isFirst, start) = first.compareExchange(expected: 0, desired: now, ordering: .relaxed)
        guard isFirst else {
          if now > start + echo { endNow() }
          return
        }
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

  /// Whoever started this process wants it to outlive the signal, as nohup does and a script for its background jobs.
  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Ends without the destructors of libraries whose threads may still be at work.
  static func endNow() -> Never {
    StandardError.print("uniform: interrupted")
    lastAct.withLock { $0() }
    fflush(nil)
    _exit(ExitStatus.interrupted.rawValue)
  }
}

internal import Dispatch
internal import Foundation
internal import Synchronization

/// A serial executor with a thread of its own. libtorch keeps gradient mode, thread pool and streams per thread, so a
/// pipeline has to stay on one; the cooperative pool would move it about, and be blocked by it.
public final class PipelineExecutor: SerialExecutor {
  private struct Queue {
    var jobs: [UnownedJob] = []
    var isClosed = false
  }

  /// Shared with the thread, which must not keep the executor alive.
  private final class Mailbox: Sendable {
    let queue = Mutex(Queue())
    let arrivals = DispatchSemaphore(value: 0)
  }

  private let mailbox = Mailbox()

  public init(name: String = "UniForm pipeline") {
    let executor = asUnownedSerialExecutor()
    let thread = Thread { [mailbox] in
      while true {
        mailbox.arrivals.wait()
        let (job, isClosed) = mailbox.queue.withLock { queue in
          (queue.jobs.isEmpty ? nil : queue.jobs.removeFirst(), queue.isClosed)
        }
        if let job {
          job.runSynchronously(on: executor)
        } else if isClosed {
          return
        }
      }
    }
    thread.name = name
    // Threads other than the first get half a megabyte, too little for libtorch.
    thread.stackSize = 16 << 20
    thread.start()
  }

  deinit {
    mailbox.queue.withLock { $0.isClosed = true }
    mailbox.arrivals.signal()
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    mailbox.queue.withLock { $0.jobs.append(job) }
    mailbox.arrivals.signal()
  }
}

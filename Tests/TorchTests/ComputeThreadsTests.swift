import Dispatch
import Foundation
import Synchronization
import Testing
import Torch

@Suite struct ComputeThreadsTests {
  /// Counts seen by a thread, and the two points at which it and the test wait for each other.
  private final class Meeting: Sendable {
    let isSet = DispatchSemaphore(value: 0)
    let othersHaveSet = DispatchSemaphore(value: 0)
    let isDone = DispatchSemaphore(value: 0)
    let count = Mutex(0)
  }

  @Test func aThreadKeepsItsCountWhateverOthersSet() {
    let before = ComputeThreads.count
    defer { ComputeThreads.count = before }
    let meeting = Meeting()
    Thread {
      ComputeThreads.count = 1
      meeting.isSet.signal()
      meeting.othersHaveSet.wait()
      meeting.count.withLock { $0 = ComputeThreads.count }
      meeting.isDone.signal()
    }.start()
    meeting.isSet.wait()
    ComputeThreads.count = 3
    meeting.othersHaveSet.signal()
    meeting.isDone.wait()
    #expect(meeting.count.withLock { $0 } == 1)
  }
}

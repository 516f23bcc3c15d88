import Foundation
import Testing
import UniForm

@Suite struct TimingTests {
  /// What is done between the runs may take a thousand times as long as they.
  @Test func `short runs do not repeat what is done between them each time`() {
    var between = 0
    let timing = Timing.measure(first: 0, runs: 5, seconds: 0.05, between: { between += 1 }) { usleep(1000) }
    #expect(timing.runs >= 5)
    #expect((5...11).contains(between), "\(between) for \(timing.runs) runs")
  }
}

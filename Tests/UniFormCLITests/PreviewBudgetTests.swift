import Testing

@testable import UniFormCLI

@Suite struct PreviewBudgetTests {
  @Test func `previews begin at a quarter of the steps, and take a tenth of the time`() {
    let start = ContinuousClock.now
    var budget = PreviewBudget(seconds: 1)
    budget.begin(now: start)
    #expect(!budget.allows(24, of: 100, now: start + .seconds(100)))
    #expect(!budget.allows(25, of: 100, now: start + .seconds(9)))
    #expect(budget.allows(25, of: 100, now: start + .seconds(11)))
    // One that took longer than was planned makes the next one wait.
    budget.took(.seconds(2))
    #expect(!budget.allows(50, of: 100, now: start + .seconds(39)))
    #expect(budget.allows(50, of: 100, now: start + .seconds(41)))
  }
}

import Testing
import Torch

@Suite struct OptimizationTests {
  /// Golden values of the specification: float64, three steps, lr 1e-4, ε 1e-15.
  @Test(arguments: [
    (0.0, [-2.652757201359601e-4, 2.1206130883055785e-4, -1.441930759593646e-5]),
    (0.01, [-2.6677542541814203e-4, 2.1296104472645627e-4, -2.041915101513858e-5]),
  ])
  func adamWMatchesTheReference(decay: Double, expected: [Double]) throws {
    let store = ParameterStore(seed: 0, dtype: .float64)
    let parameter = try store.root("p", 1, 3)
    parameter.copy_(Tensor([0.5, -0.3, 2.0] as [Double], shape: [1, 3]))
    store.enableTraining()
    let optimizer = AdamW(store.trainable, .init(epsilon: 1e-15, weightDecay: decay))
    for gradient in [[1, -2, 1e-8], [0.5, 0.1, -3e-8], [0, 0, 1e-9]] {
      parameter.setGradient(Tensor(gradient, shape: [1, 3]))
      optimizer.step(learningRate: 1e-4)
    }
    let change = zip(parameter.values(as: Double.self), [0.5, -0.3, 2.0]).map { $0 - $1 }
    for (value, golden) in zip(change, expected) { #expect(abs(value - golden) < 1e-12) }
  }

  @Test func clippingScalesToTheGlobalNorm() throws {
    let store = ParameterStore(seed: 0)
    let a = try store.root("a", 2, initialization: .zeros)
    let b = try store.root("b", 1, initialization: .zeros)
    store.enableTraining()
    a.setGradient(Tensor([3, 0] as [Float]))
    b.setGradient(Tensor([4] as [Float]))
    #expect(store.trainable.clipGradients(maximum: 1) == 5)
    #expect(abs(a.gradient!.floats[0] - 0.6) < 1e-5 && abs(b.gradient!.floats[0] - 0.8) < 1e-5)
  }

  @Test func theAverageFollowsAndSteppingBackRestores() throws {
    let store = ParameterStore(seed: 0)
    let p = try store.root("p", 1, initialization: .zeros)
    store.enableTraining()
    let average = ExponentialMovingAverage(store.trainable, decay: 0.5)
    withoutGradient { _ = p.fill_(1) }
    average.update(step: 1_000)
    #expect(average.applied { p.floats } == [0.5])
    #expect(p.floats == [1])
  }

  @Test func theLearningRateWarmsUpAndDecays() {
    let schedule = LearningRateSchedule(peak: 1, warmupSteps: 9, decayFraction: 0.5)
    #expect(schedule.rate(step: 0, of: 100) == 0.1)
    #expect(schedule.rate(step: 9, of: 100) == 1)
    #expect(schedule.rate(step: 50, of: 100) == 1)
    #expect(abs(schedule.rate(step: 75, of: 100) - 0.5) < 1e-9)
    #expect(schedule.rate(step: 100, of: 100) == 0)
  }
}

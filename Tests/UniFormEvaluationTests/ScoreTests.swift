import Testing
import Torch
import UniFormEvaluation

/// Scores over classifier outputs and resampled sets, against golden numbers of the reference implementations.
@Suite struct ScoreTests {
  let logits = StatisticsTests.numbers(102, [40, 10], scale: 3)
  let generated = StatisticsTests.numbers(103, [6, 10], scale: 3)
  let target = StatisticsTests.numbers(104, [6, 10], scale: 3)

  @Test func theShuffleIsNumpys() {
    var random = MersenneTwister(seed: 2020)
    #expect(
      random.permutation(40) == [
        22, 15, 30, 2, 33, 4, 25, 39, 12, 17, 13, 14, 35, 28, 20, 26, 1, 21, 38, 31, 5, 6, 34, 18, 23, 11, 19,
        9, 10, 24, 0, 16, 29, 7, 36, 27, 37, 3, 8, 32,
      ])
    var first = MersenneTwister(seed: 5489)
    #expect(first.next() == 3_499_211_612)
    #expect(random.permutation(0) == [] && random.permutation(1) == [0])
  }

  @Test func inceptionScoreMeetsTheGoldenNumbers() throws {
    let whole = try InceptionScore(splits: 1, shuffle: .none)(logits)
    #expect(abs(whole.mean - 1.954405103885) < 1e-10 && whole.deviation == 0)
    let plain = try InceptionScore(shuffle: .none)(logits)
    #expect(abs(plain.mean - 1.625887098275) < 1e-10 && abs(plain.deviation - 0.168238121840) < 1e-10)
    let shuffled = try InceptionScore()(logits)
    #expect(abs(shuffled.mean - 1.650490999124) < 1e-10 && abs(shuffled.deviation - 0.187285893356) < 1e-10)
  }

  @Test func certainOpinionsGiveTheNumberOfClasses() throws {
    // Probabilities that underflow to zero.
    let sure = Tensor((0..<9).map { $0 % 4 == 0 ? 5000.0 : 0 }, shape: [3, 3])
    #expect(abs(try InceptionScore(splits: 1, shuffle: .none)(sure).mean - 3) < 1e-9)
    #expect(throws: EvaluationError.tooFew(found: 3, needed: 10)) { try InceptionScore()(sure) }
  }

  @Test func divergencesMeetTheGoldenNumbers() throws {
    func value(_ divergence: PairedDivergence) throws -> Double {
      try divergence(generated: generated, target: target)
    }
    #expect(abs(try value(PairedDivergence(epsilon: 1e-6)) - 2.027151101891) < 1e-10)
    #expect(abs(try value(PairedDivergence()) - 2.027243663809) < 1e-10)
    #expect(abs(try value(PairedDivergence(.sigmoid, epsilon: 1e-6)) - 3.028170674047) < 1e-10)
    let reversed = try value(PairedDivergence(direction: .fromGenerated))
    #expect(abs(reversed - 1.544908427625) < 2e-4)
    #expect(throws: EvaluationError.countsDiffer(6, 40)) {
      try PairedDivergence()(generated: generated, target: logits)
    }
  }

  @Test func identicalOpinionsDoNotDiverge() throws {
    #expect(try PairedDivergence()(generated: target, target: target) == 0)
    #expect(try PairedDivergence(.sigmoid)(generated: target, target: target) == 0)
  }

  @Test func subsetsOfTheWholeSetAreTheKernelDistance() throws {
    let (a, b) = (
      StatisticsTests.numbers(100, [48, 8]), StatisticsTests.numbers(101, [48, 8], offset: 0.25)
    )
    var subsets = SubsetKernelDistance()
    subsets.subsets = 3
    let whole = try subsets.between(a, b)
    #expect(abs(whole.mean - (try KernelDistance().between(a, b))) < 1e-10 && whole.deviation < 1e-10)
    subsets.subsets = 20
    subsets.size = 16
    let mean = try subsets.between(a, b)
    #expect(abs(mean.mean - whole.mean) < 0.2 && mean.deviation > 0)
  }

  @Test func extrapolationTakesTheBiasAway() throws {
    let reference = try FeatureStatistics(StatisticsTests.numbers(111, [20_000, 32]))
    for tag in [110, 112, 113, 114] as [UInt64] {
      let sampled = StatisticsTests.numbers(tag, [1000, 32])
      let estimate = try ExtrapolatedDistance().between(sampled, reference)
      let biased = try FrechetDistance.between(FeatureStatistics(sampled), reference)
      #expect(abs(estimate.distance) < 0.25 * biased, "\(estimate), biased \(biased)")
      #expect(estimate.determination > 0.9 && estimate.determination <= 1)
    }
    #expect(throws: EvaluationError.tooFew(found: 999, needed: 1000)) {
      try ExtrapolatedDistance().between(StatisticsTests.numbers(110, [999, 32]), reference)
    }
    #expect(ExtrapolatedDistance.fewest(width: 400) == 1600)
  }

  @Test func intervalsHoldTheMeanAndShrink() throws {
    let values = (0..<200).map { Double($0 % 7) }
    let mean = values.reduce(0, +) / 200
    let wide = try #require(Bootstrap(resamples: 200).interval(ofMean: Array(values.prefix(20))))
    let narrow = try #require(Bootstrap(resamples: 200).interval(ofMean: values))
    #expect(narrow.low < mean && mean < narrow.high)
    #expect(narrow.high - narrow.low < wide.high - wide.low)
    #expect(Bootstrap(resamples: 9).interval(ofMean: [1]) == nil)
  }

  @Test func leavingOutIsStudentsIntervalForAMean() throws {
    let values = (0..<20).map { Double($0 * $0) }
    func mean(_ indices: [Int]) -> Double {
      indices.reduce(0) { $0 + values[$1] } / Double(indices.count)
    }
    let whole = mean(Array(0..<20))
    let variance = values.reduce(0) { $0 + ($1 - whole) * ($1 - whole) } / 19
    let interval = try #require(Jackknife.interval(of: whole, count: 20, mean))
    let reach = 2.093 * (variance / 20).squareRoot()
    #expect(abs(interval.low - whole + reach) < 1e-9 && abs(interval.high - whole - reach) < 1e-9)
    #expect(Jackknife.interval(of: 0, count: 19, mean) == nil)
  }
}

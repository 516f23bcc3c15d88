import Foundation
import Testing
import Torch
import UniForm

@testable import UniFormEvaluation

@Suite struct StatisticsTests {
  /// Numbers of a counter through SplitMix64, in −1…1.
  static func numbers(_ tag: UInt64, _ shape: [Int], scale: Double = 1, offset: Double = 0) -> Tensor {
    let values = (0..<UInt64(shape.reduce(1, *))).map { index in
      var z = ((tag << 32) &+ index &+ 1) &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      return scale * (2 * Double(z >> 11) * 0x1p-53 - 1) + offset
    }
    return Tensor(values, shape: shape)
  }

  let a = numbers(100, [64, 8])
  let b = numbers(101, [48, 8], scale: 1.5, offset: 0.25)

  @Test(arguments: ["frechet-a", "frechet-rank-deficient", "kid-a", "farneback-a", "farneback-b", "onsets-a"])
  func matchesTheReference(name: String) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../UniFormTests/Fixtures/\(name).safetensors")
    let report = try ParityFixture(contentsOf: file).verify(ParityComponent.metrics)
    #expect(report.passed, "\(report)")
  }

  @Test func frechetDistanceMeetsTheGoldenNumbers() throws {
    #expect(abs(try FrechetDistance.between(a, b) - 1.917597741143) < 1e-10)
    let population = try FrechetDistance.between(
      FeatureStatistics(a, correction: 0), FeatureStatistics(b, correction: 0))
    #expect(abs(population - 1.888457921202) < 1e-10)
  }

  @Test func singularCovariancesMeetTheGoldenNumbers() throws {
    let a = Self.numbers(100, [16, 32])
    let b = Self.numbers(101, [12, 32], scale: 1.5, offset: 0.25)
    #expect(abs(try FrechetDistance.between(a, b) - 23.615781461) < 1e-5)
    let population = try FrechetDistance.between(
      FeatureStatistics(a, correction: 0), FeatureStatistics(b, correction: 0))
    #expect(abs(population - 22.128413722) < 1e-5)
  }

  @Test func kernelDistanceMeetsTheGoldenNumber() throws {
    #expect(abs(try KernelDistance().between(a, b) - 0.363979943697) < 1e-10)
    #expect(try KernelDistance(gamma: 1 / 8.0).between(a, b) == KernelDistance().between(a, b))
  }

  @Test func largeSetsAreTakenInBlocks() throws {
    let (a, b) = (Self.numbers(120, [2500, 4]), Self.numbers(121, [2500, 4], offset: 0.2))
    #expect(2500 * 2500 > KernelDistance.blockSize)
    func sum(_ x: Tensor, _ y: Tensor) -> Double {
      (x.matmul(y.transposed(0, 1)) / 4 + 1).pow(3).sum.item
    }
    func within(_ x: Tensor) -> Double {
      (sum(x, x) - (x.squared.sum([1]) / 4 + 1).pow(3).sum.item) / (2500 * 2499)
    }
    let whole = within(a) + within(b) - 2 * sum(a, b) / (2500 * 2500)
    #expect(abs(try KernelDistance().between(a, b) - whole) < 1e-10)
  }

  @Test func distancesAreSymmetricAndGrowWithTheShift() throws {
    #expect(abs(try FrechetDistance.between(a, b) - FrechetDistance.between(b, a)) < 1e-10)
    #expect(abs(try KernelDistance().between(a, b) - KernelDistance().between(b, a)) < 1e-10)
    #expect(try FrechetDistance.between(a, a) < 1e-6)
    // Fewer vectors than dimensions, and large: rounding is far below zero then.
    let few = Tensor.randn([20, 400], generator: Generator(seed: 1)).to(.float64) * 27
    #expect(try FrechetDistance.between(few, few) < 0.3)
    // A shift of all vectors moves the mean alone.
    #expect(abs(try FrechetDistance.between(a, a + 0.5) - 8 * 0.25) < 1e-6)
    #expect(try KernelDistance().between(a, a + 1) > KernelDistance().between(a, a + 0.5))
  }

  @Test func theKernelIsTheFormula() throws {
    // Two vectors each, of width one: every pair by hand with k = (2xy + 1)².
    let kernel = KernelDistance(degree: 2, gamma: 2, constant: 1)
    let value = try kernel.between(Tensor([1.0, 2], shape: [2, 1]), Tensor([0.0, 3], shape: [2, 1]))
    #expect(abs(value - (25 + 1 - 2 * (1 + 49 + 1 + 169) / 4)) < 1e-12)
  }

  @Test func setsThatGiveNoScoreAreRefused() {
    #expect(throws: EvaluationError.tooFew(found: 1, needed: 2)) {
      try FrechetDistance.between(.zeros([1, 4]), .zeros([9, 4]))
    }
    #expect(throws: EvaluationError.tooFew(found: 1, needed: 2)) {
      try KernelDistance().between(.zeros([3, 4]), .zeros([1, 4]))
    }
    #expect(throws: EvaluationError.widthsDiffer(4, 5)) {
      try FrechetDistance.between(.zeros([9, 4]), .zeros([9, 5]))
    }
    #expect(throws: EvaluationError.widthsDiffer(4, 5)) {
      try KernelDistance().between(.zeros([9, 4]), .zeros([9, 5]))
    }
    #expect(throws: EvaluationError.notFeatures(shape: [9])) { try FeatureStatistics(.zeros([9])) }
    for value in [Double.nan, .infinity, 1e200] {
      #expect(throws: EvaluationError.notFinite) {
        try FeatureStatistics(Tensor([1, value, -value, 3], shape: [4, 1]))
      }
    }
  }
}

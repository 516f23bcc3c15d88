import Foundation
import Testing
import UniForm

@Suite struct DiffusionScheduleTests {
  let linear = NoiseSchedule.linear()

  @Test func theLinearScheduleMeetsItsGoldenNumbers() {
    let golden = [
      0: 0.9999, 1: 0.9997800920720721, 249: 0.5240853738253606, 499: 0.07858724288177824,
      749: 0.0033505504389367744, 999: 4.035829765375676e-05,
    ]
    for (index, value) in golden {
      #expect(abs(linear.alphasCumulativeProduct[index] / value - 1) < 1e-12)
    }
    #expect(linear.count == 1000 && linear.timesteps == Array(0..<1000))
  }

  @Test func theCosineScheduleMeetsItsGoldenNumbers() {
    let betas = NoiseSchedule.cosine().betas
    #expect(abs(betas[0] - 4.128422482196914e-05) < 1e-15)
    #expect(betas[999] == 0.999)
  }

  @Test func thirtyStepsAreThePublishedOnes() throws {
    let respaced = try linear.respaced(30)
    #expect(
      respaced.timesteps == [
        0, 34, 69, 103, 138, 172, 207, 241, 276, 310, 344, 379, 413, 448, 482, 517, 551, 586, 620, 655,
        689, 723, 758, 792, 827, 861, 896, 930, 965, 999,
      ])
    // β', ᾱ, β̃, clipped ln β̃, c1, c2
    let golden: [Int: [Double]] = [
      0: [1.0e-4, 0.9999, 0, -9.216824050375852, 1, 0],
      1: [
        0.015140634671659714, 0.9847608793918075, 9.935372952897587e-05, -9.216824050375852,
        0.9934876171831201, 0.006512192102982514,
      ],
      2: [
        0.038996817558434094, 0.946358339039482, 0.011078650352494954, -4.50273541442397,
        0.7214269193207579, 0.27849673132786124,
      ],
      15: [
        0.29804244405099745, 0.06530927359934739, 0.2892004076486426, -1.240635379125068,
        0.0972617730524753, 0.8129731665885321,
      ],
      29: [
        0.4910937674457747, 4.0358297653756754e-05, 0.4910746406842954, -0.7111591450541781,
        0.004373503565104758, 0.713348857368855,
      ],
    ]
    for (step, row) in golden {
      let computed = [
        respaced.betas[step], respaced.alphasCumulativeProduct[step], respaced.posteriorVariance[step],
        respaced.posteriorLogVariance[step], respaced.posteriorCleanCoefficient[step],
        respaced.posteriorNoisyCoefficient[step],
      ]
      for (value, expected) in zip(computed, row) {
        #expect(abs(value - expected) < 1e-11, "step \(step): \(value) for \(expected)")
      }
    }
  }

  @Test func everyStepCountKeepsDistinctStepsAndTheLast() throws {
    for steps in 1...1000 {
      let kept = try linear.respaced(steps).timesteps
      #expect(kept.count == steps && kept.last == 999)
      #expect(zip(kept, kept.dropFirst()).allSatisfy(<), "\(steps) steps")
      #expect(steps == 1 || kept[0] == 0)
    }
  }

  @Test func halvesAreRoundedToEven() throws {
    // Stride 2.5: 2.5 and 7.5 round to 2 and 8.
    #expect(try NoiseSchedule.linear(steps: 11).respaced(5).timesteps == [0, 2, 5, 8, 10])
  }

  @Test func wholeStridesFollowTheDDIMRule() throws {
    #expect(
      try linear.respaced(30, spacing: .wholeStride).timesteps == (0..<30).map { $0 * 34 })
    #expect(
      try linear.respaced(25, spacing: .wholeStride).timesteps == (0..<25).map { $0 * 40 })
    #expect(throws: DiffusionError.noWholeStride(999, of: 1000)) {
      try linear.respaced(999, spacing: .wholeStride)
    }
  }

  @Test func respacingToAllStepsChangesNothing() throws {
    let same = try linear.respaced(1000)
    for (a, b) in zip(same.alphasCumulativeProduct, linear.alphasCumulativeProduct) {
      #expect(abs(a / b - 1) < 1e-10)
    }
  }

  @Test func respacingTwiceStillTellsTheNetworkTheOriginalSteps() throws {
    #expect(try linear.respaced(100).respaced(2).timesteps == [0, 999])
  }
}

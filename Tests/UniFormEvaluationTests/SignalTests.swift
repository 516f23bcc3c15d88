import Media
import Testing
import UniFormEvaluation

@Suite struct FlowTests {
  /// A smooth pattern, moved to the right by `shift` pixels.
  private func picture(width: Int, height: Int, shift: Double) -> [UInt8] {
    (0..<height).flatMap { y in
      (0..<width).map { x in
        let u = Double(x) - shift
        return UInt8(128 + 50 * cosine(u / 5) * cosine(Double(y) / 6) + 40 * cosine(u / 11 + Double(y) / 9))
      }
    }
  }

  private func cosine(_ x: Double) -> Double {
    let turns = x / (2 * .pi)
    let angle = (turns - turns.rounded()) * 2 * .pi
    var (term, sum) = (1.0, 1.0)
    for k in 1...10 {
      term *= -angle * angle / Double((2 * k - 1) * 2 * k)
      sum += term
    }
    return sum
  }

  @Test func aShiftIsFound() {
    let (width, height) = (64, 40)
    let frames = GrayFrames(
      width: width, height: height, frameRate: 10,
      pixels: picture(width: width, height: height, shift: 0)
        + picture(width: width, height: height, shift: 1.5))
    let (dx, dy) = FarnebackFlow().flow(in: frames, from: 0, to: 1)
    let middle = (height / 2) * width + width / 2
    #expect(abs(dx[middle] - 1.5) < 0.15 && abs(dy[middle]) < 0.15, "\(dx[middle]), \(dy[middle])")
  }

  @Test func threadsChangeNothing() {
    let frames = GrayFrames(
      width: 36, height: 34, frameRate: 10,
      pixels: (0..<4).flatMap { picture(width: 36, height: 34, shift: Double($0 * $0) * 0.4) })
    let one = FarnebackFlow().meanMagnitudes(frames)
    #expect(one.count == 3 && one == FarnebackFlow().meanMagnitudes(frames, threads: 3))
    #expect(one[0] < one[1] && one[1] < one[2])
  }

  @Test func tinyAndStillPicturesHaveNoMotion() {
    for (width, height) in [(1, 1), (3, 2), (11, 40)] {
      let still = GrayFrames(
        width: width, height: height, frameRate: 5, pixels: .init(repeating: 90, count: 2 * width * height))
      #expect(FarnebackFlow().meanMagnitudes(still).allSatisfy { $0 < 1e-6 })
    }
    #expect(
      FarnebackFlow().meanMagnitudes(GrayFrames(width: 2, height: 2, frameRate: 5, pixels: [])).isEmpty)
  }

  @Test func grayIsRoundedAsOpenCVRoundsIt() {
    let frames = VideoFrames(
      width: 4, height: 1, frameRate: 1, pixels: [255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    #expect(GrayFrames(frames).pixels == [255, 76, 150, 29])
  }
}

@Suite struct OnsetTests {
  private func sound(_ count: Int, _ value: (Int) -> Float) -> Waveform {
    Waveform(sampleRate: 22_050, samples: (0..<count).map(value))
  }

  @Test func silenceHasNoOnsets() {
    #expect(OnsetDetection().times(sound(22_050) { _ in 0 }).isEmpty)
    #expect(OnsetDetection().times(sound(0) { _ in 0 }).isEmpty)
    #expect(OnsetDetection().times(sound(1) { _ in 0.5 }).isEmpty)
  }

  @Test func aClickIsAnOnset() {
    let times = OnsetDetection().times(sound(22_050) { (11_025..<11_100).contains($0) ? 0.8 : 0 })
    #expect(times.count == 1 && abs(times[0] - 0.5) < 0.06, "\(times)")
  }

  @Test func peaksNeedAMarginAndADistance() {
    let picking = PeakPicking(before: 1, after: 1, meanBefore: 2, meanAfter: 2, margin: 0.1, wait: 1)
    #expect(picking([0, 1, 0, 1, 0]) == [1, 3])
    #expect(picking([0, 0.1, 0, 0, 1, 0.99]) == [4])
    // The first value has no left neighbours; a plateau is one peak.
    #expect(picking([1, 0, 0, 0, 0, 0]) == [0])
    #expect(picking([]) == [])
    #expect(picking([0.5, 0.5, 0.5]) == [])
  }
}

@Suite struct AVAlignTests {
  private func peaks(audio: [Double], video: [Int], count: Int = 20) -> AVAlign.Peaks {
    var motion = [Double](repeating: 1, count: count)
    for index in video { motion[index] = 2 }
    return AVAlign.Peaks(audio: audio, motion: motion, frameRate: 10)
  }

  @Test func theDefinitionsDiffer() throws {
    // Two onsets near one maximum, and a maximum alone.
    let clip = peaks(audio: [0.45, 0.55], video: [5, 12])
    #expect(try #require(AVAlign.old.score(clip)) == 2.0 / (2 + 2 - 2))
    #expect(try #require(AVAlign.v2025.score(clip)) == 1.0 / (2 + 2 - 1))
    // Precision 1, recall 1/2.
    #expect(try #require(AVAlign.svg.score(clip)) == 0.5 / (1 + 0.5 - 0.5))
  }

  @Test func weakMotionCountsOnlyInTheOldDefinition() throws {
    let weak = AVAlign.Peaks(audio: [0.2], motion: [0, 0, 0.05, 0, 0], frameRate: 10)
    #expect(AVAlign.old.score(weak) == 1)
    #expect(AVAlign.v2025.score(weak) == 0)
  }

  @Test func theWindowIsOpen() {
    #expect(AVAlign.old.score(peaks(audio: [0.625], video: [5])) == 0)
    #expect(AVAlign.old.score(AVAlign.Peaks(audio: [0.5], motion: [0, 1, 0], frameRate: 2)) == 1)
    #expect(AVAlign.old.score(AVAlign.Peaks(audio: [1], motion: [0, 1, 0], frameRate: 2)) == 0)
  }

  @Test func aClipWithoutPeaksHasNoScoreAndOneSidedClipsHaveZero() {
    for definition in AVAlign.allCases {
      #expect(definition.score(peaks(audio: [], video: [])) == nil)
      #expect(definition.score(peaks(audio: [0.3], video: [])) == 0)
      #expect(definition.score(peaks(audio: [], video: [4])) == 0)
    }
  }

  /// The first value stands twice, so the second is never a maximum, and neither is the last.
  @Test func theEndsAreNoMaxima() {
    let clip = AVAlign.Peaks(audio: [], motion: [3, 3, 1, 2, 5], frameRate: 10)
    #expect(clip.video(.old).isEmpty)
  }
}

@Suite struct EventMatchingTests {
  @Test func eachEventIsMatchedOnce() {
    let double = EventMatching(found: [1.0, 1.02], truth: [1.01], tolerance: 0.05)
    #expect(double.hits == 1 && double.f1 == 2.0 / 3)
    #expect(EventMatching(found: [1.1, 1.0], truth: [1.05, 1.2], tolerance: 0.1).hits == 2)
    #expect(EventMatching(found: [1.3], truth: [1.2], tolerance: 0.1).hits == 1)
    #expect(EventMatching(found: [1.3], truth: [1.199], tolerance: 0.1).hits == 0)
  }

  @Test func nothingAgreesWithNothing() {
    #expect(EventMatching(found: [], truth: [], tolerance: 0.1).f1 == 1)
    #expect(EventMatching(found: [1], truth: [], tolerance: 0.1).f1 == 0)
    #expect(EventMatching(found: [], truth: [1], tolerance: 0.1).f1 == 0)
  }

  @Test func widerTolerancesNeverMatchLess() {
    let (found, truth) = ([0.1, 0.4, 0.45, 1.0, 1.7, 2.2], [0.15, 0.5, 0.9, 1.15, 2.3])
    let hits = EventMatching.tolerances.map { EventMatching(found: found, truth: truth, tolerance: $0).hits }
    #expect(hits == hits.sorted() && hits.first! < hits.last!)
  }
}

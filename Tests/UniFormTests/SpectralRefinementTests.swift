import Foundation
import Testing
import Torch

@testable import UniForm

@Suite struct SpectralRefinementTests {
  private static let rate = 16_000.0

  private static func tone(_ hertz: Double, _ count: Int = 8000, gain: Double = 0.3) -> Tensor {
    Tensor((0..<count).map { Float(gain * sin(2 * .pi * hertz * Double($0) / rate)) }, shape: [1, count])
  }

  private static func mel(_ variant: MelSpectrogram.Variant = .hopAligned) throws -> MelSpectrogram {
    var configuration = MelSpectrogram.Configuration()
    configuration.variant = variant
    return try MelSpectrogram(configuration)
  }

  /// The frequency that is loudest in the middle second, to 2 Hz.
  private static func loudest(_ sound: Tensor) -> Double {
    let part = sound.narrowed(1, start: 0, length: 8000)
    let magnitudes = (part * Tensor.hannWindow(8000)).realFFT().complexMagnitude.floats
    return Double(magnitudes.indices.max { magnitudes[$0] < magnitudes[$1] }!) * rate / 8000
  }

  /// What a vocoder makes of constant frames repeats 100 times a second: 400 and 500 Hz where 460 were meant.
  @Test(arguments: MelSpectrogram.Variant.allCases)
  func aToneThatTheVocoderCannotMakeIsThereAfterwards(variant: MelSpectrogram.Variant) throws {
    let mel = try Self.mel(variant)
    let wanted = Self.tone(460)
    let vocoded = Self.tone(500, gain: 0.02) + Self.tone(400, gain: 0.02)
    let target = mel(wanted).narrowed(1, start: 0, length: 50)
    let refined = SpectralRefinement(mel, steps: 32)(vocoded, toward: target)
    #expect(refined.shape == [1, 8000])
    #expect(abs(Self.loudest(refined) - 460) < 30)
    let before = mel(vocoded).meanAbsoluteError(mel(wanted)).item
    #expect(mel(refined).meanAbsoluteError(mel(wanted)).item < before / 4)
    let level = (refined.squared.mean / wanted.squared.mean).sqrt.item
    #expect(abs(level - 1) < 0.2)
  }

  /// Noise that repeats with every frame, as a vocoder makes it, and where in a second it is loud.
  @Test func aBuzzBecomesNoiseAndAClickStaysWhereItIs() throws {
    let mel = try Self.mel()
    let pattern = Tensor.randn([1, 160], generator: Generator(seed: 3)) * 0.1
    let buzz = Tensor.concatenate(Array(repeating: pattern, count: 50), axis: 1)  // [1, 8000]
    let refinement = SpectralRefinement(mel, steps: 32)
    let noise = refinement(buzz, toward: mel(Tensor.randn([1, 8000], generator: Generator(seed: 4)) * 0.1))
    func repetition(_ sound: Tensor) -> Double {
      let later = sound.narrowed(1, start: 160, length: 7840)
      return (sound.narrowed(1, start: 0, length: 7840) * later).sum.item / sound.squared.sum.item
    }
    #expect(repetition(buzz) > 0.9)
    #expect(abs(repetition(noise)) < 0.4)

    let click = pattern.padded([4000, 3840])
    let refined = refinement(click, toward: mel(click)).squared
    let all = refined.sum.item
    #expect(refined.narrowed(1, start: 3920, length: 320).sum.item > 0.9 * all)
    #expect(refined.narrowed(1, start: 0, length: 3840).sum.item < 0.01 * all)
  }

  @Test func silenceBecomesSilent() throws {
    let mel = try Self.mel()
    let hiss = Tensor.randn([1, 8000], generator: Generator(seed: 1)) * 1e-3
    let silence = Tensor.full([1, 50, 64], MelSpectrogram.silence)
    let refined = SpectralRefinement(mel, steps: 16)(hiss, toward: silence)
    #expect(refined.abs.floats.max()! < hiss.abs.floats.max()! / 10)
  }

  @Test func withoutStepsNothingChanges() throws {
    let sound = Self.tone(440)
    let refined = SpectralRefinement(try Self.mel(), steps: 0)(sound, toward: .zeros([1, 50, 64]))
    #expect(refined.floats == sound.floats)
  }

  @Test func framesAddUpWhereTheyOverlap() {
    let frames = Tensor((0..<6).map(Float.init), shape: [1, 2, 3])
    #expect(frames.overlapAdded(hop: 2).floats == [0, 1, 2 + 3, 4, 5])
    #expect(frames.overlapAdded(hop: 1).floats == [0, 1 + 3, 2 + 4, 5])
    #expect(frames.overlapAdded(hop: 3).floats == [0, 1, 2, 3, 4, 5])
  }

  @Test func spectraAndBackIsTheSound() throws {
    let sound = Tensor.randn([2, 5000], generator: Generator(seed: 2))
    for padding in [432, 512] {
      let spectrum = ShortTimeSpectrum(transformLength: 1024, hop: 160, windowLength: 1024, padding: padding)
      let spectra = spectrum.spectra(sound)
      let back = spectrum.waveform(spectra, coverage: spectrum.coverage(frames: spectra.size(1)), count: 4800)
      #expect((back - sound.narrowed(1, start: 0, length: 4800)).abs.floats.max()! < 1e-4)
    }
  }

  @Test func stepsBeyondReasonAreRefused() {
    var configuration = HiFiGAN.Configuration()
    configuration.refinementSteps = -1
    #expect(throws: ConfigurationError.self) { try configuration.validate() }
  }
}

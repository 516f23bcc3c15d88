public import Torch

/// The losses that train a vocoder: HiFi-GAN's least-squares game, feature matching and mel distance, and the
/// multi-resolution STFT loss.
public struct VocoderLoss {
  /// What each part weighs in the generator's loss; HiFi-GAN has 1, 2, 45 and no STFT part.
  public struct Configuration: Codable, Sendable, Equatable {
    public var adversarial = 1.0
    public var featureMatching = 2.0
    public var mel = 45.0
    public var spectrum = 1.0
    /// The log-mel below which hardly anything counts; HiFi-GAN has ``MelSpectrogram/silence``. Synthetic sound is so clean
    /// that most of its spectrogram lies at the floor, where the logarithm makes much of what nobody hears: a tone with a
    /// little dirt around it then costs more than no tone.
    public var floor = MelSpectrogram.silence

    public init() {}
  }

  public let configuration: Configuration
  private let mel: MelSpectrogram
  private let spectrum: SpectrumLoss

  public init(
    _ configuration: Configuration = Configuration(), mel: MelSpectrogram, spectrum: SpectrumLoss
  ) {
    self.configuration = configuration
    self.mel = mel
    self.spectrum = spectrum
  }

  /// Weighted mel and STFT distances of waveforms `[B, N]`, all there is before the discriminators join, and the mel
  /// distance by itself.
  public func reconstruction(_ generated: Tensor, _ real: Tensor) -> (loss: Tensor, melDistance: Tensor) {
    let distance = melDistance(generated, real)
    let loss = distance * configuration.mel + spectrum(generated, real) * configuration.spectrum
    return (loss, distance)
  }

  /// Mean absolute difference of log-mels, unweighted. With a floor the mean is over what lies above it in the real sound, clip by
  /// clip, so that a tick in silence counts as much as rain does.
  public func melDistance(_ generated: Tensor, _ real: Tensor) -> Tensor {
    let floor = configuration.floor
    guard floor > MelSpectrogram.silence else { return mel(generated).meanAbsoluteError(mel(real)) }
    let truth = mel(real)  // [B, F, M]
    let audible = (truth .> floor).to(.float32).mean([1, 2]).clamp(min: Self.leastAudible)  // [B]
    let error = (lifted(mel(generated)) - lifted(truth)).abs.mean([1, 2])  // [B]
    return (error / audible).mean
  }

  /// ln(e^mel + e^floor): the floor added, not cut off at. Silence where there should be sound would get no gradient from a cut, and stay.
  private func lifted(_ mel: Tensor) -> Tensor { (mel - configuration.floor).softplus + configuration.floor }

  /// Of a spectrogram: silence has no audible part to take the mean over.
  private static let leastAudible = 0.05

  /// Weighted game and feature parts of the generator's loss. `real` comes from a pass without gradients.
  public func adversarial(generated: [Judgement], real: [Judgement]) -> Tensor {
    Self.generatorGame(generated) * configuration.adversarial
      + Self.featureMatching(generated: generated, real: real) * configuration.featureMatching
  }

  /// The discriminators' own loss: real scores toward 1, generated ones toward 0. The generated waveform must
  /// be detached.
  public static func discriminator(generated: [Judgement], real: [Judgement]) -> Tensor {
    sum(zip(generated, real).map { ($1.scores - 1).squared.mean + $0.scores.squared.mean })
  }

  /// Generated scores toward 1.
  static func generatorGame(_ generated: [Judgement]) -> Tensor {
    sum(generated.map { ($0.scores - 1).squared.mean })
  }

  /// Distances of the discriminators' activations, summed over all layers.
  static func featureMatching(generated: [Judgement], real: [Judgement]) -> Tensor {
    sum(
      zip(generated, real).flatMap { generated, real in
        zip(generated.features, real.features).map { $0.meanAbsoluteError($1.detached) }
      })
  }

  private static func sum(_ losses: [Tensor]) -> Tensor {
    losses.dropFirst().reduce(losses[0]) { $0 + $1 }
  }
}

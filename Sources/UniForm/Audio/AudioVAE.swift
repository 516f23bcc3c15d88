public import Torch

/// The autoencoder of log-mel spectrograms: an ``AutoencoderKL`` whose height is time and whose width is the mel
/// axis, with latents scaled to about unit variance by `scaling_factor`.
///
/// Letters: B batch, T mel frames, M mel bands, z latent channels, t × f latent grid. T and M are multiples of
/// ``AutoencoderKL/Configuration/reduction``; the published model makes `[B, 8, T/4, M/4]`.
public struct AudioVAE {
  public typealias Configuration = AutoencoderKL.Configuration

  public let encoder: Encoder
  public let decoder: Decoder

  /// Throws `WeightError` where a file lacks a tensor or has another shape, ``ConfigurationError`` for a
  /// configuration that cannot work.
  public init(_ parameters: Parameters, _ configuration: Configuration) throws {
    encoder = try Encoder(parameters, configuration)
    decoder = try Decoder(parameters, configuration)
  }

  /// Log-mel `[B, 1, T, M]` to latents `[B, z, t, f]` in float32: a sample, or the mode without a generator.
  public func encode(_ mel: Tensor, generator: Generator? = nil) -> Tensor {
    encoder(mel).value(generator)
  }

  /// `[B, z, t, f]` to log-mel `[B, 1, T, M]`.
  public func decode(_ latents: Tensor) -> Tensor { decoder(latents) }
}

extension AudioVAE {
  /// The encoding half: loads without the other.
  public struct Encoder {
    public let autoencoder: AutoencoderKL.Encoder

    public init(_ parameters: Parameters, _ configuration: Configuration) throws {
      autoencoder = try AutoencoderKL.Encoder(parameters, configuration)
    }

    /// `[B, 1, T, M]` to a posterior over scaled latents `[B, z, t, f]`.
    public func callAsFunction(_ mel: Tensor) -> DiagonalGaussian {
      autoencoder(mel).normalized(
        shift: Tensor(Float(0)), scale: Tensor(Float(1 / autoencoder.configuration.scalingFactor)))
    }
  }

  /// The decoding half: loads without the other.
  public struct Decoder {
    public let autoencoder: AutoencoderKL.Decoder

    public init(_ parameters: Parameters, _ configuration: Configuration) throws {
      autoencoder = try AutoencoderKL.Decoder(parameters, configuration)
    }

    /// `[B, z, t, f]` to `[B, 1, T, M]`.
    public func callAsFunction(_ latents: Tensor) -> Tensor {
      autoencoder(latents / autoencoder.configuration.scalingFactor)
    }
  }
}

public import Torch

/// What a discriminator says of waveforms: scores of their parts, near 1 for real and 0 for generated sound,
/// and the activations on the way, for feature matching.
public struct Judgement {
  public let scores: Tensor
  public let features: [Tensor]

  public init(scores: Tensor, features: [Tensor]) {
    self.scores = scores
    self.features = features
  }
}

/// HiFi-GAN's multi-period discriminator: waveforms folded into pictures whose rows are one period long, so
/// that kernels `[k, 1]` see every p-th sample.
public struct MultiPeriodDiscriminator {
  public struct Configuration: Codable, Sendable, Equatable {
    public var periods = [2, 3, 5, 7, 11]
    /// Channels after each layer; all but the last layer shorten the picture to a third.
    public var channels = [32, 128, 512, 1024, 1024]

    public init(periods: [Int] = [2, 3, 5, 7, 11], channels: [Int] = [32, 128, 512, 1024, 1024]) {
      self.periods = periods
      self.channels = channels
    }
  }

  private let parts: [(period: Int, layers: DiscriminatorLayers)]

  public init(_ parameters: Parameters, _ configuration: Configuration = Configuration()) throws {
    guard configuration.periods.allSatisfy({ $0 > 0 }) else {
      throw ConfigurationError("discriminator periods must be positive, not \(configuration.periods)")
    }
    let last = configuration.channels.count - 1
    parts = try configuration.periods.enumerated().map { index, period in
      let layers = try DiscriminatorLayers(
        parameters["discriminators"][index], channels: configuration.channels, lastKernel: [3, 1]
      ) { (kernel: [5, 1], stride: [$0 < last ? 3 : 1, 1]) }
      return (period, layers)
    }
  }

  /// Waveforms `[B, N]` to one judgement per period.
  public func callAsFunction(_ waveform: Tensor) -> [Judgement] {
    let (batch, count) = (waveform.size(0), waveform.size(1))
    return parts.map { period, layers in
      let rows = (count + period - 1) / period
      let padded = waveform.padded([0, rows * period - count])  // [B, rows · p]
      return layers(padded.reshaped(batch, rows, period, 1).permuted(0, 3, 1, 2))  // from [B, 1, rows, p]
    }
  }
}

/// UnivNet's multi-resolution discriminator: magnitude spectra of several window lengths as pictures.
public struct MultiResolutionDiscriminator {
  public struct Configuration: Codable, Sendable, Equatable {
    public var resolutions = SpectrumResolution.published
    public var channels = 32

    public init(resolutions: [SpectrumResolution] = SpectrumResolution.published, channels: Int = 32) {
      self.resolutions = resolutions
      self.channels = channels
    }
  }

  private let parts: [(spectrum: ShortTimeSpectrum, layers: DiscriminatorLayers)]

  public init(_ parameters: Parameters, _ configuration: Configuration = Configuration()) throws {
    parts = try configuration.resolutions.enumerated().map { index, resolution in
      let layers = try DiscriminatorLayers(
        parameters["discriminators"][index], channels: Array(repeating: configuration.channels, count: 5),
        lastKernel: [3, 3]
      ) { layer in
        switch layer {
        case 0: (kernel: [3, 9], stride: [1, 1])
        case 1...3: (kernel: [3, 9], stride: [1, 2])
        default: (kernel: [3, 3], stride: [1, 1])
        }
      }
      return (try resolution.spectrum(), layers)
    }
  }

  /// Waveforms `[B, N]` to one judgement per resolution.
  public func callAsFunction(_ waveform: Tensor) -> [Judgement] {
    parts.map { spectrum, layers in
      let picture = spectrum(waveform).unsqueezed(3).permuted(0, 3, 1, 2)  // [B, 1, frames, bins]
      return layers(picture.to(waveform.dtype))
    }
  }
}

/// The layers of one discriminator: convolutions with LeakyReLU(0.1), then one to a single channel of scores.
private struct DiscriminatorLayers {
  let hidden: [PictureConvolution]
  let last: PictureConvolution

  init(
    _ p: Parameters, channels: [Int], lastKernel: [Int], _ shape: (Int) -> (kernel: [Int], stride: [Int])
  ) throws {
    guard let width = channels.last, channels.allSatisfy({ $0 > 0 }) else {
      throw ConfigurationError("discriminator channels must be positive and at least one, not \(channels)")
    }
    let inputs = [1] + channels.dropLast()
    hidden = try zip(inputs, channels).enumerated().map { index, width in
      let (kernel, stride) = shape(index)
      return try PictureConvolution(p["convs"][index], width.0, width.1, kernel: kernel, stride: stride)
    }
    last = try PictureConvolution(p["conv_post"], width, 1, kernel: lastKernel, stride: [1, 1])
  }

  /// `[B, 1, H, W]`, channels last in memory, which the convolutions keep.
  func callAsFunction(_ picture: Tensor) -> Judgement {
    var features: [Tensor] = []
    var x = picture  // [B, 1, H, W]
    for layer in hidden {
      x = layer(x).leakyReLU(slope: 0.1)  // [B, channels, H / stride, W / stride]
      features.append(x)
    }
    let scores = last(x)  // [B, 1, h, w]
    return Judgement(scores: scores, features: features + [scores])
  }
}

/// A convolution whose kernel need not be square, padded by half of it.
private struct PictureConvolution {
  let weight: Tensor  // [out, in, kH, kW]
  let bias: Tensor
  let stride: [Int]

  init(_ p: Parameters, _ inputs: Int, _ outputs: Int, kernel: [Int], stride: [Int]) throws {
    weight = try p("weight", outputs, inputs, kernel[0], kernel[1])
    bias = try p("bias", outputs, initialization: .bias(fanIn: inputs * kernel[0] * kernel[1]))
    self.stride = stride
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    x.conv2d(
      weight.to(x.dtype), bias.to(x.dtype), stride: stride,
      padding: [weight.size(2) / 2, weight.size(3) / 2])
  }
}

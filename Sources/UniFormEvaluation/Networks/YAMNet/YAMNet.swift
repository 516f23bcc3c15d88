public import Torch

/// YAMNet, a MobileNet over log-mels that knows 521 kinds of sound: 1024 features and as many logits for every 0.96 s,
/// two per second of sound.
///
/// Letters: N samples at 16 kHz, P patches.
public struct YAMNet: FeatureNetwork {
  public static let network = EvaluationNetwork(
    id: "yamnet", title: "YAMNet", file: "yamnet.safetensors",
    source: "a float32 export of google/yamnet with batch normalisation folded", licence: "Apache-2.0",
    inputs: [.sound(sampleRate: AudioSetLogMel.sampleRate)], featureWidth: 1024, classCount: 521)

  /// Frames from patch to patch: 0.48 s.
  private static let hop = 48

  private let first: Convolution
  private let layers: [(depthwise: Convolution, pointwise: Convolution)]
  private let dense: Linear
  private let mel: AudioSetLogMel

  public init(_ weights: Weights) throws { self = try weights.network { try YAMNet($0) } }

  init(_ parameters: Parameters) throws {
    first = try Convolution(parameters["layer1.conv"], 1, 32, kernel: 3, stride: 2)
    let widths = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
    let strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    layers = try strides.enumerated().map { index, stride in
      let p = parameters["layer\(index + 2)"]
      return (
        try Convolution(
          p["depthwise_conv"], widths[index], widths[index], kernel: 3, stride: stride, groups: widths[index]),
        try Convolution(p["pointwise_conv"], widths[index], widths[index + 1], kernel: 1)
      )
    }
    dense = try Linear(parameters["dense"], 1024, 521)
    mel = AudioSetLogMel(offset: 0.001)
  }

  /// Sound `[N]` of 15 600 samples or more to features `[P, 1024]` and logits `[P, 521]`, whose sigmoid is the score of
  /// each class.
  public func callAsFunction(_ sound: Tensor) throws -> (features: Tensor, logits: Tensor) {
    let sound = try checkedSound(sound, atLeast: AudioSetLogMel.patchSamples, for: "YAMNet")
    return withoutGradient {
      let features = features(mel.patches(sound, hop: Self.hop))
      return (features, dense(features))
    }
  }

  /// Patches `[P, 96, 64]` to `[P, 1024]`.
  func features(_ patches: Tensor) -> Tensor {
    var x = first(patches.unsqueezed(1).channelsLast)  // [P, 32, 48, 32]
    for layer in layers { x = layer.pointwise(layer.depthwise(x)) }  // [P, 1024, 3, 2]
    return x.mean([2, 3])  // [P, 1024]
  }

  /// A convolution with "SAME" padding, and ReLU.
  private struct Convolution {
    let weight, bias: Tensor
    let kernel, stride: [Int]
    let groups: Int

    init(
      _ p: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1
    ) throws {
      weight = try p("weight", outputs, inputs / groups, kernel, kernel)
      bias = try p("bias", outputs)
      self.kernel = [kernel, kernel]
      self.stride = [stride, stride]
      self.groups = groups
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      SamePadding.padded(x, kernel: kernel, stride: stride)
        .conv2d(weight, bias, stride: stride, groups: groups).relu
    }
  }
}

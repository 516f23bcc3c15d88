public import Torch

/// The inflated Inception network of "Quo Vadis, Action Recognition?" (arXiv 1705.07750) for RGB pictures, whose 400
/// Kinetics logits, averaged over time, are the features of FVD (arXiv 1812.01717).
///
/// Letters: B clips, C channels, T frames, H and W in pixels.
public struct I3D: FeatureNetwork {
  public static let network = EvaluationNetwork(
    id: "i3d-k400", title: "I3D (Kinetics-400)", file: "i3d_pretrained_400.safetensors",
    source: "VideoGPT's i3d_pretrained_400.pt, or another copy of deepmind/i3d-kinetics-400/1",
    licence: "Apache-2.0", inputs: [.frames(rate: nil)], featureWidth: 400, classCount: 400)

  /// Frames below which nothing is left in time to average.
  public static let minimumFrames = 9

  private let stem: [Unit]
  private let mixed: [[Mixed]]
  private let logits: (weight: Tensor, bias: Tensor)

  public init(_ weights: Weights) throws { try self.init(weights, epsilon: .hub) }

  /// Three spellings of names are known: VideoGPT's, hassony2's, and that of the original TensorFlow graph.
  public init(_ weights: Weights, epsilon: Epsilon) throws {
    self = try I3DKeys.current(weights).network { try I3D($0, epsilon: epsilon) }
  }

  init(_ parameters: Parameters, epsilon: Epsilon = .hub) throws {
    func unit(_ name: String, _ inputs: Int, _ outputs: Int, _ kernel: Int, _ stride: Int = 1) throws -> Unit
    {
      try Unit(parameters[name], inputs, outputs, kernel: kernel, stride: stride, epsilon: epsilon.value)
    }
    stem = [
      try unit("Conv3d_1a_7x7", 3, 64, 7, 2), try unit("Conv3d_2b_1x1", 64, 64, 1),
      try unit("Conv3d_2c_3x3", 64, 192, 3),
    ]
    var width = 192
    mixed = try Mixed.widths.map { stage in
      try stage.map { name, widths in
        defer { width = widths[0] + widths[2] + widths[4] + widths[5] }
        return try Mixed(parameters[name], width, widths, epsilon: epsilon.value)
      }
    }
    logits = (
      try parameters["logits.conv3d"]("weight", 400, width, 1, 1, 1),
      try parameters["logits.conv3d"]("bias", 400)
    )
  }

  /// Clips `[B, 3, T, 224, 224]` in −1…1 to logits `[B, 400]`. T is at least ``minimumFrames``; 16 is usual.
  public func logits(_ clips: Tensor) -> Tensor {
    withoutGradient {
      pooled(clips)  // [B, 1024, T', 1, 1]
        .conv3d(logits.weight, logits.bias)  // [B, 400, T', 1, 1]
        .mean([2, 3, 4])  // [B, 400]
    }
  }

  /// Clips to the 1024 channels before the logits, `[B, 1024, T', 1, 1]`.
  func pooled(_ clips: Tensor) -> Tensor {
    var x = stem[0](clips)  // [B, 64, T/2, 112, 112]
    x = Self.maximum(x, kernel: [1, 3, 3], stride: [1, 2, 2])  // [B, 64, T/2, 56, 56]
    x = stem[2](stem[1](x))  // [B, 192, T/2, 56, 56]
    x = Self.maximum(x, kernel: [1, 3, 3], stride: [1, 2, 2])  // [B, 192, T/2, 28, 28]
    for block in mixed[0] { x = block(x) }  // [B, 480, T/2, 28, 28]
    x = Self.maximum(x, kernel: [3, 3, 3], stride: [2, 2, 2])  // [B, 480, T/4, 14, 14]
    for block in mixed[1] { x = block(x) }  // [B, 832, T/4, 14, 14]
    x = Self.maximum(x, kernel: [2, 2, 2], stride: [2, 2, 2])  // [B, 832, T/8, 7, 7]
    for block in mixed[2] { x = block(x) }  // [B, 1024, T/8, 7, 7]
    return x.averagePool3d([2, 7, 7], stride: [1, 1, 1])  // [B, 1024, T/8 − 1, 1, 1]
  }

  /// What is added to the variance in batch normalisation: 1 % on the logits, so part of the protocol.
  public enum Epsilon: String, Sendable, CaseIterable {
    /// 1e-3, as in the graph of the hub.
    case hub = "1e-3"
    /// 1e-5, as in VideoGPT's port, which MM-Diffusion and JavisBench use.
    case videoGPT = "1e-5"

    var value: Double { self == .hub ? 1e-3 : 1e-5 }
  }
}

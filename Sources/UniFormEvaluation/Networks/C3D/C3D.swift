public import Torch

/// C3D (arXiv 1412.0767) as TGAN's authors fine-tuned it on UCF-101: 101 logits of 16 frames, behind the inception score
/// of video.
///
/// Letters: B clips.
public struct C3D: FeatureNetwork {
  public static let network = EvaluationNetwork(
    id: "c3d-ucf101", title: "C3D (UCF-101)", file: "c3d_ucf101.safetensors",
    source: "TGAN's conv3d_deepnetA_ucf.npz and mean2.npz, converted together",
    licence: "none stated", inputs: [.frames(rate: nil)], classCount: 101)

  public static let frameCount = 16
  private static let size = 112

  private let stages: [[(weight: Tensor, bias: Tensor)]]
  private let dense: [Linear]
  private let mean: Tensor?  // [3, 16, 112, 112], BGR in 0…255

  public init(_ weights: Weights) throws { self = try C3DKeys.current(weights).network { try C3D($0) } }

  init(_ parameters: Parameters) throws {
    func layer(_ name: String, _ inputs: Int, _ outputs: Int) throws -> (weight: Tensor, bias: Tensor) {
      let p = parameters[name]
      return (try p("weight", outputs, inputs, 3, 3, 3), try p("bias", outputs))
    }
    stages = [
      [try layer("conv1a", 3, 64)], [try layer("conv2a", 64, 128)],
      [try layer("conv3a", 128, 256), try layer("conv3b", 256, 256)],
      [try layer("conv4a", 256, 512), try layer("conv4b", 512, 512)],
      [try layer("conv5a", 512, 512), try layer("conv5b", 512, 512)],
    ]
    dense = [
      try Linear(parameters["fc6"], 8192, 4096), try Linear(parameters["fc7"], 4096, 4096),
      try Linear(parameters["fc8"], 4096, 101),
    ]
    let hasMean = parameters.contains(C3DKeys.mean)
    mean = hasMean ? try parameters.buffer(C3DKeys.mean, 3, Self.frameCount, Self.size, Self.size) : nil
  }

  /// Clips `[B, 3, 16, 112, 112]`, BGR with the mean removed, to logits `[B, 101]`.
  func logits(_ clips: Tensor) -> Tensor {
    var x = clips
    for (index, stage) in stages.enumerated() {
      for layer in stage { x = x.conv3d(layer.weight, layer.bias, padding: [1, 1, 1]).relu }
      x = x.maximumPool3d(index == 0 ? [1, 2, 2] : [2, 2, 2], coversAll: true)
    }  // [B, 512, 1, 4, 4]
    x = x.flattened(from: 1)  // [B, 8192]
    for layer in dense.dropLast() { x = layer(x).relu }  // [B, 4096]
    return dense[2](x)  // [B, 101]
  }

  /// The first 16 frames of a clip `[T, H, W, 3]` in 8 bits to logits `[101]`, prepared as TGAN2 does: stretched to
  /// 112 × 112 with the corners' centres on each other, less the mean clip of the weight file.
  public func logits(frames: Tensor) throws -> Tensor {
    guard let mean else { throw WeightError.missing(tensor: C3DKeys.mean, file: Self.network.file) }
    let frames = try checkedFrames(frames, atLeast: Self.frameCount, for: "C3D")
    return withoutGradient {
      let rgb = frames.narrowed(0, start: 0, length: Self.frameCount).channelsFirst  // [16, 3, H, W]
      let bgr = (rgb / 127.5 - 1).flipped(1) * 128
      let small = bgr.resizedBilinear(
        height: Self.size, width: Self.size, antialiased: false, alignsCorners: true)
      let clip = small.transposed(0, 1) + (128 - mean)  // [3, 16, 112, 112]
      return logits(clip.unsqueezed(0)).squeezed(0)
    }
  }
}

/// Names of the Chainer archives brought to those of ``C3D``.
enum C3DKeys {
  static let mean = "mean"

  /// `conv1a/W` becomes `conv1a.weight`; the mean clip, stored as 128 × 171 or 128 × 128, becomes its middle.
  static func current(_ weights: Weights) -> Weights {
    let leaves = ["W": "weight", "b": "bias"]
    var result = weights.renamed { name in
      name.split { "./".contains($0) }.map { leaves[String($0)] ?? String($0) }.joined(separator: ".")
    }
    if let item = result.items[mean], item.shape.count == 4, item.shape[2] == 128, item.shape[3] >= 128 {
      result.items[mean] = .init(shape: [item.shape[0], item.shape[1], 112, 112], origin: item.origin) {
        () throws(WeightError) in
        let whole = try item.load()
        // Columns 21 to 149 of 171, then 8 to 120 of both.
        let left = (whole.size(3) - 128) / 2 + 8
        return whole.narrowed(2, start: 8, length: 112).narrowed(3, start: left, length: 112).contiguous
      }
    }
    return result
  }
}

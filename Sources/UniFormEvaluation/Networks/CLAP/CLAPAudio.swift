internal import Torch

/// HTS-AT, a Swin transformer over a mel spectrogram that is folded into a square.
///
/// Letters: B sounds, C channels of a stage, H = W its side in patches.
struct CLAPAudio {
  private static let (side, patch, window) = (256, 4, 8)

  private let norm: BatchNorm
  private let embedding: Conv2d
  private let embeddingNorm, finalNorm: LayerNorm
  private let stages: [[SwinBlock]]
  private let mergers: [PatchMerging]

  init(_ p: Parameters, _ c: CLAP.Configuration) throws {
    norm = try BatchNorm(p["batch_norm"], 64)
    embedding = try Conv2d(
      p["patch_embed.proj"], 1, c.width, kernel: Self.patch, stride: [Self.patch, Self.patch])
    embeddingNorm = try LayerNorm(p["patch_embed.norm"], c.width)
    stages = try c.depths.enumerated().map { stage, depth in
      let side = (Self.side / Self.patch) >> stage
      return try (0..<depth).map { index in
        // A window as large as the picture has nowhere to shift to.
        let shift = index % 2 == 1 && side > Self.window ? Self.window / 2 : 0
        return try SwinBlock(
          p["layers"][stage]["blocks"][index], width: c.width << stage, heads: c.heads[stage], side: side,
          window: Self.window, shift: shift)
      }
    }
    mergers = try (0..<c.depths.count - 1).map {
      try PatchMerging(p["layers"][$0]["downsample"], width: c.width << $0)
    }
    finalNorm = try LayerNorm(p["norm"], c.audioWidth)
  }

  /// Decibels `[B, F, 64]` with at most 1024 frames to `[B, C]` of the last stage.
  func callAsFunction(_ logMels: Tensor) -> Tensor {
    let normalized = norm(logMels.transposed(1, 2)).transposed(1, 2)  // [B, F, 64]
    let patches = embedding(folded(normalized))  // [B, C, H, W]
    var x = embeddingNorm(patches.permuted(0, 2, 3, 1))  // [B, H, W, C]
    for (index, blocks) in stages.enumerated() {
      for block in blocks { x = block(x) }
      if index < mergers.count { x = mergers[index](x) }  // [B, H/2, W/2, 2C]
    }
    return finalNorm(x).mean([1, 2])  // [B, C]
  }

  /// `[B, F, 64]` stretched to 1024 frames, four pieces of 256 above each other: `[B, 1, 256, 256]`.
  private func folded(_ x: Tensor) -> Tensor {
    let mels = x.size(2)
    let ratio = Self.side / mels
    let frames = Self.side * ratio
    let stretched = x.unsqueezed(1)
      .resizedBicubic(height: frames, width: mels, antialiased: false, alignsCorners: true)
    return stretched.reshaped(x.size(0), ratio, Self.side, mels)  // [B, 4, 256, 64]
      .transposed(2, 3).reshaped(x.size(0), 1, Self.side, Self.side)
  }
}

/// Four neighbours become one with twice the channels.
struct PatchMerging {
  private let norm: LayerNorm
  private let reduction: Linear

  init(_ p: Parameters, width: Int) throws {
    norm = try LayerNorm(p["norm"], 4 * width)
    reduction = try Linear(p["reduction"], 4 * width, 2 * width, bias: false)
  }

  /// `[B, H, W, C]` to `[B, H/2, W/2, 2C]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let (b, h, w, c) = (x.size(0), x.size(1), x.size(2), x.size(3))
    let corners = x.reshaped(b, h / 2, 2, w / 2, 2, c)  // rows and columns of two
      .permuted(0, 1, 3, 4, 2, 5)  // columns before rows, as the reference stacks them
      .reshaped(b, h / 2, w / 2, 4 * c)
    return reduction(norm(corners))
  }
}

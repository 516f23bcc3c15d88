internal import Torch

extension ParityComponent {
  /// An image transformer after its import into an STDiT3 of one frame: what the file lacks must change nothing.
  public static let pixArt = ParityComponent("pixart") { run in
    let video = try run.metadata("stdit3", as: VideoSettings.self)
    guard [video.height, video.width, video.fps, video.squareSize].allSatisfy((1...65_536).contains) else {
      throw run.unusable("the numbers of its metadata \"stdit3\" must be positive")
    }
    let c = try run.configuration(PixArtConfiguration.self).stdit3(squareSize: video.squareSize)
    let weights = try PixArtKeys.transformer(run.weights).completed(for: c)
    let model = try weights.network(.transformer) { try UniFormDiT($0, c) }
    let images = try run.input("hidden_states", "B", .length(c.inputChannels), "H", "W")
    let states = try run.input("encoder_hidden_states", "B", "L", .length(c.captionChannels))
    let mask = try run.input("encoder_attention_mask", "B", "L", holding: .mask)
    let timesteps = try run.input("timestep", "B", holding: .numbers)
    let result = model.stdit3(
      images.unsqueezed(2), timesteps: timesteps, frameRate: .full([images.size(0)], Double(video.fps)),
      conditioning: model.conditioning(states: states, mask: mask), pixels: (video.height, video.width)
    )  // [B, 2C, 1, H, W]
    try run.compare(result.squeezed(2), "sample")
  }
}

/// What a video transformer is told about the images.
private struct VideoSettings: Decodable {
  let height, width, fps, squareSize: Int

  enum CodingKeys: String, CodingKey {
    case height, width, fps
    case squareSize = "input_sq_size"
  }
}

extension PixArtConfiguration {
  /// The STDiT3 without sound that takes these weights.
  fileprivate func stdit3(squareSize: Int) throws(ConfigurationError) -> UniFormDiT.Configuration {
    var c = UniFormDiT.Configuration()
    (c.depth, c.hiddenSize, c.heads, c.patchSize) = (layers, width, heads, [1, patchSize, patchSize])
    (c.inputChannels, c.predictsVariance) = (inputChannels, outputChannels == 2 * inputChannels)
    (c.captionChannels, c.inputSquareSize) = (captionChannels, squareSize)
    (c.qkNorm, c.audioChannels) = (false, 0)
    try c.validate()
    return c
  }
}

extension Weights {
  /// With zeros for what an image model lacks: temporal blocks that add nothing, a frame rate that says nothing, and a
  /// null caption that nobody asks for.
  fileprivate func completed(for c: UniFormDiT.Configuration) -> Weights {
    var result = self
    func add(_ name: String, _ shape: [Int]) {
      // One zero in memory, whatever the shape.
      result.items[name] = Item(shape: shape) { () throws(WeightError) in .zeros([]).expanded(shape) }
    }
    for (name, item) in items {
      for (image, video) in [("spatial_blocks.", "temporal_blocks."), ("t_embedder.", "fps_embedder.")]
      where name.hasPrefix(image) { add(video + name.dropFirst(image.count), item.shape) }
    }
    add("y_embedder.y_embedding", [c.maximumTextLength, c.captionChannels])
    return result
  }
}

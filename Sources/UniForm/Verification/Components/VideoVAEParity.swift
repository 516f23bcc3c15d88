internal import Torch

extension ParityComponent {
  /// Open-Sora's whole video autoencoder, with the modes of its posteriors.
  public static let videoVAE = ParityComponent("opensora-video-vae") { run in
    let c = try run.configuration(VideoVAE.Configuration.self)
    let count = try run.configured("num_frames", in: 1...10_000)
    let model = try run.weights.network(.videoVAE) { try VideoVAE($0, c) }
    let frames = try run.input("frames", "B", .length(c.spatial.inChannels), "F", "H", "W")
    let latents = try run.input(
      "latents", "B", .length(c.temporal.embedDim), .length(c.latentFrames(for: count)), "h", "w")
    try run.compare(model.encode(frames), "latents")
    try run.compare(model.decode(latents, frames: count), "frames")
  }
}

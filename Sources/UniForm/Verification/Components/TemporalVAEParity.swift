internal import Torch

extension ParityComponent {
  /// The temporal half of Open-Sora's video autoencoder by itself, its keys without `temporal_vae.`.
  public static let temporalVAE = ParityComponent("opensora-temporal-vae") { run in
    let c = try run.configuration(TemporalVAE.Configuration.self)
    let frames = try run.configured("num_frames", in: 1...10_000)
    let model = try run.weights.network { try TemporalVAE($0, c) }
    let x = try run.input("x", "B", .length(c.inOutChannels), "T", "H", "W")
    let z = try run.input("z", "B", .length(c.embedDim), .length(c.latentFrames(for: frames)), "H", "W")
    try run.compare(model.encode(x).moments, "moments")
    try run.compare(model.decode(z, frames: frames), "decoded")
  }
}

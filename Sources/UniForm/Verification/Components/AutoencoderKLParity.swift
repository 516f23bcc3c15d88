internal import Torch

extension ParityComponent {
  /// The two halves have unrelated inputs, so that each is checked alone.
  public static let autoencoderKL = ParityComponent("autoencoder-kl") { run in
    let c = try run.configuration(AutoencoderKL.Configuration.self)
    let model = try run.weights.network(.audioVAE) { try AutoencoderKL($0, c) }
    let sample = try run.input("sample", "B", .length(c.inChannels), "H", "W")
    let latent = try run.input("latent", "B", .length(c.latentChannels), "h", "w")
    try run.compare(model.encode(sample).moments, "moments")
    try run.compare(model.decode(latent), "decoded")
  }
}

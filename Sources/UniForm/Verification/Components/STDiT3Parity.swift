internal import Torch

extension ParityComponent {
  /// The video transformer as published, without the columns of sound.
  public static let stdit3 = ParityComponent("stdit3") { run in
    var c = try run.configuration(UniFormDiT.Configuration.self)
    c.audioChannels = 0
    let model = try run.weights.network(.transformer) { try UniFormDiT($0, c) }
    let x = try run.input("x", "B", .length(c.inputChannels), "T", "H", "W")
    let timesteps = try run.input("timestep", "B")
    let states = try run.input("y", "B", .length(1), "L", .length(c.captionChannels)).squeezed(1)
    let mask = try run.input("mask", "B", "L")
    let frameRate = try run.input("fps", "B")
    // The published code takes the first of a batch for all.
    let height = try run.values("height", "B", in: 1...1_000_000)[0]
    let width = try run.values("width", "B", in: 1...1_000_000)[0]
    let denoised = run.hasInput("x_mask") ? try run.input("x_mask", "B", "T").to(.bool) : nil
    let result = model.stdit3(
      x, timesteps: timesteps, frameRate: frameRate,
      conditioning: model.conditioning(states: states, mask: mask),
      pixels: (Int(height), Int(width)), denoised: denoised)  // [B, 2C, T, H, W]
    try run.compare(result, "out")
  }
}

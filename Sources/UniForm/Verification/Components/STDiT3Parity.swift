internal import Torch

extension ParityComponent {
  /// The video transformer as published, without the columns of sound.
  public static let stdit3 = ParityComponent("stdit3") { run in
    var c = try run.configuration(UniFormDiT.Configuration.self)
    c.audioChannels = 0
    let model = try run.weights.network(.transformer) { try UniFormDiT($0, c) }
    let x = try run.input("x", "B", .length(c.inputChannels), "T", "H", "W")
    let timesteps = try run.input("timestep", "B", holding: .numbers)
    let states = try run.input("y", "B", .length(1), "L", .length(c.captionChannels)).squeezed(1)
    let mask = try run.input("mask", "B", "L", holding: .mask)
    let frameRate = try run.input("fps", "B")
    let height = try pixels("height", run)
    let width = try pixels("width", run)
    let denoised = run.hasInput("x_mask") ? try run.input("x_mask", "B", "T", holding: .mask).to(.bool) : nil
    let result = model.stdit3(
      x, timesteps: timesteps, frameRate: frameRate,
      conditioning: model.conditioning(states: states, mask: mask),
      pixels: (height, width), denoised: denoised)  // [B, 2C, T, H, W]
    try run.compare(result, "out")
  }
}

/// The first of a batch, which the published code takes for all.
private func pixels(_ name: String, _ run: ParityRun) throws -> Int {
  let value = try run.input(name, "B").floats[0]
  guard (1...65_536).contains(value) else { throw run.unusable("inputs.\(name) must be in 1…65536") }
  return Int(value)
}

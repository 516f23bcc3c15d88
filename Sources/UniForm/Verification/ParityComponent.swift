/// A part of the system that has a published counterpart: its name in fixtures, and how to run it over one.
public struct ParityComponent: Sendable {
  public let name: String
  let run: @Sendable (ParityRun) throws -> Void

  /// - Parameter run: builds the part from the fixture's configuration and weights as a model directory does, and
  ///   compares each of its results with the reference.
  public init(_ name: String, run: @escaping @Sendable (ParityRun) throws -> Void) {
    self.name = name
    self.run = run
  }

  /// Networks, front ends and samplers.
  public static let system: [ParityComponent] = [
    .t5Encoder, .autoencoderKL, .temporalVAE, .videoVAE, .hifiGAN, .stdit3, .pixArt, .melSpectrogram,
    .tokenizer,
    .diffusionLoss, .sampler,
  ]
}

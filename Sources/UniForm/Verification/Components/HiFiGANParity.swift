internal import Torch

extension ParityComponent {
  /// Everything that the stages produce, not cropped to whole frames.
  public static let hifiGAN = ParityComponent("hifigan") { run in
    let c = try run.configuration(HiFiGAN.Configuration.self)
    let vocoder = try run.weights.network(.vocoder) { try HiFiGAN($0, c) }
    let mel = try run.input("mel", "B", "T", .length(c.melCount))
    try run.compare(vocoder(mel), "waveform")
  }
}

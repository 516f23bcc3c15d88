internal import Torch

extension ParityComponent {
  public static let melSpectrogram = ParityComponent("log-mel") { run in
    let mel = try MelSpectrogram(run.configuration())
    try run.compare(mel(run.input("waveform", "B", "N")), "log_mel")
  }
}

import Foundation

extension SoundSource {
  var streamIndex: Int {
    if case .original(_, let audio) = self { audio.index } else { 0 }
  }

  /// The track is AAC that starts with the pictures, and cutting between its packets is exact enough.
  /// - Parameter step: seconds that picture and sound may differ by.
  func canCopy(into format: OutputFormat, step: Double) -> Bool {
    guard format == .mp4, case .original(let span, let audio) = self else { return false }
    return span.start == 0 && audio.codec == "aac" && audio.profile == "LC"
      && span.information.container.contains("mp4")
      && abs(audio.start - span.information.origin) < 0.001 && 1024 / Double(audio.sampleRate) < step
  }

  /// Whether all of the track can be decoded. Damaged packets that are copied are left out by players, and what follows
  /// them is heard too early; encoded anew there is silence in their place.
  func isSound(for seconds: Double) async throws(MediaError) -> Bool {
    guard case .original(let span, let audio) = self else { return true }
    let outcome = try await FFmpeg.run(
      .ffmpeg,
      span.inputArguments + [
        "-map", "0:\(audio.index)", "-t", FFmpeg.time(seconds), "-f", "null", "-",
      ])
    return outcome.succeeded && outcome.messages.isEmpty
  }

  func inputArguments(copied: Bool, folder: WorkFolder, output: URL) throws(MediaError) -> [String] {
    switch self {
    case .waveform(let waveform):
      let file = try folder.write(waveform.data, to: "sound", for: output)
      return ["-f", "f32le", "-ar", "\(waveform.sampleRate)", "-ac", "1", "-i", FFmpeg.argument(file)]
    case .original(let span, _):
      return (copied ? span.copyingOffset : []) + span.inputArguments
    }
  }

  /// Channels of the output: mono, stereo and 5.1 as they are, all else mixed to stereo.
  fileprivate var channels: Int {
    guard case .original(_, let audio) = self else { return 1 }
    return [1, 2, 6].contains(audio.channels) ? audio.channels : 2
  }

  fileprivate func sampleRate(for format: OutputFormat) -> Int {
    switch (self, format) {
    case (.waveform(let waveform), .wav): waveform.sampleRate
    case (.original(_, let audio), .wav): audio.sampleRate
    // At the model's low rate the encoder's priming would be 64 ms, heard late by players without edit lists.
    case (.original(_, let audio), .mp4) where Self.aacRates.contains(audio.sampleRate): audio.sampleRate
    default: 48000
    }
  }

  private static let aacRates = [
    8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000,
  ]
}

extension Waveform {
  /// Little-endian floats; what is no number is silence.
  fileprivate var data: Data {
    samples.map { ($0.isFinite ? $0 : 0).bitPattern.littleEndian }.withUnsafeBytes { Data($0) }
  }
}

extension Encoding {
  /// Filters and encoder for sound that is not copied.
  func encodingArguments(_ sound: SoundSource) -> [String] {
    let rate = sound.sampleRate(for: format)
    let source =
      switch sound {
      case .waveform: "aresample=\(rate):filter_size=64:cutoff=0.98"
      case .original(let span, _):
        span.audioFilter(sampleRate: rate, layout: [1: "mono", 2: "stereo", 6: "5.1"][sound.channels])
      }
    let filter = "\(source),apad,atrim=end_sample=\(max(1, Int((seconds * Double(rate)).rounded())))"
    let bitRate = [1: "128k", 2: "192k"][sound.channels] ?? "384k"
    let encoder =
      switch format {
      case .mp4: ["-c:a", "aac", "-b:a", bitRate]
      case .webm: ["-c:a", "libopus", "-b:a", bitRate]
      case .wav: ["-c:a", "pcm_s16le"]
      case .gif: [String]()
      }
    return ["-af", filter] + encoder
  }
}

public import Foundation

/// Reads the sound of any file that ffmpeg decodes.
public enum AudioReader {
  /// `seconds` of sound from `start`, mixed down to one channel and resampled.
  ///
  /// Time zero is the file's first picture (or its first sound, without pictures), so a track that starts late
  /// begins with silence and sound stays in step with `VideoReader`. What the file lacks at the end is silence.
  /// Decoded peaks may exceed ±1 a little, as lossy codecs overshoot.
  /// - Parameters:
  ///   - lacking: the most seconds that may be missing at the end; as much as there is where nil.
  ///   - probed: what `MediaProbe` found in the file, where that is known already.
  /// - Returns: exactly `seconds · sampleRate` samples, rounded, at least one.
  /// - Throws: `MediaError`: `.noAudio`, `.startBeyondEnd`, `.tooShort`, `.damaged`, `.invalidRequest` and those of
  ///   `MediaProbe`. A silent track is no error here: see `Waveform.isSilent`.
  public static func read(
    _ url: URL, start: Double = 0, seconds: Double, sampleRate: Int, lacking: Double? = nil,
    probed: MediaInformation? = nil
  ) async throws(MediaError) -> Waveform {
    try MediaSpan.check(start: start)
    try MediaSpan.check(seconds: seconds)
    guard (1000...384_000).contains(sampleRate) else {
      throw .invalidRequest("a sample rate must lie between 1000 and 384000 Hz, not \(sampleRate)")
    }
    let information = if let probed { probed } else { try await MediaProbe.probe(url) }
    guard let audio = information.audio else { throw .noAudio(url) }
    let span = MediaSpan(url: url, information: information, start: start)
    try span.check(announced: information.audioSeconds)

    let count = max(1, Int((seconds * Double(sampleRate)).rounded()))
    let filter = span.audioFilter(sampleRate: sampleRate, layout: "mono") + ",atrim=end_sample=\(count)"
    let outcome = try await FFmpeg.run(
      .ffmpeg,
      span.inputArguments + [
        "-map", "0:\(audio.index)", "-af", filter, "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1",
      ],
      outputLimit: (count + sampleRate) * 4)

    var samples = outcome.standardOutput.withUnsafeBytes { bytes in
      (0..<min(count, bytes.count / 4)).map {
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
      }
    }
    try span.check(
      outcome, decoded: Double(samples.count) / Double(sampleRate), wanted: seconds,
      announced: information.audioSeconds, exact: audio.duration != nil)
    try span.check(
      decoded: Double(samples.count) / Double(sampleRate), wanted: seconds, lacking: lacking)
    samples.append(contentsOf: repeatElement(0, count: count - samples.count))
    return Waveform(sampleRate: sampleRate, samples: samples)
  }
}

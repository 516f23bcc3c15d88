import Foundation
import Media
import UniForm
import UniFormEvaluation

/// What a player needs to draw a clip's sound, small enough to send: `peaks.json`.
struct ClipPeaks: Encodable {
  /// The least and the greatest sample in each of equally long stretches, in 127ths.
  struct Envelope: Encodable {
    let minima: [Int]
    let maxima: [Int]
  }

  /// The log-mel spectrogram, 80 decibels in 255 levels.
  struct Mel: Encodable {
    let frames: Int
    let bins: Int
    /// One byte each, frame after frame, the lowest bin first; in base64.
    let levels: Data
  }

  let seconds: Double
  let waveform: Envelope
  let mel: Mel?
  /// Seconds at which something sets in.
  let onsets: [Double]

  private static let columns = 800

  /// - Parameter sound: the clip's, as a file.
  init(of clip: GeneratedClip, sound: URL) async throws {
    let detection = OnsetDetection()
    let waveform = try await AudioReader.read(
      sound, seconds: clip.settings.seconds, sampleRate: detection.strength.sampleRate)
    seconds = clip.settings.seconds
    onsets = detection.times(waveform).map { $0.rounded(to: 3) }
    self.waveform = Envelope(waveform.samples, columns: Self.columns)
    mel =
      clip.melFrames == 0
      ? nil
      : Mel(
        frames: clip.melFrames, bins: clip.melBins,
        levels: Data(
          Spectrogram(frameCount: clip.melFrames, binCount: clip.melBins, values: clip.mel).levels.map {
            UInt8(($0 * 255).rounded())
          }))
  }
}

extension ClipPeaks.Envelope {
  init(_ samples: [Float], columns: Int) {
    func level(_ sample: Float?) -> Int { Int((min(1, max(-1, sample ?? 0)) * 127).rounded()) }
    let columns = min(columns, samples.count)
    let stretches = (0..<columns).map { column in
      samples[(column * samples.count / columns)..<((column + 1) * samples.count / columns)]
    }
    minima = stretches.map { level($0.min()) }
    maxima = stretches.map { level($0.max()) }
  }
}

internal import Foundation
public import Media
internal import Torch

/// What the codecs change about one clip when nothing else does.
public struct CodecFidelity: Sendable, Codable, Equatable {
  /// Decibels of 255 over the root mean square difference of all pictures; at most ``exactPictures``.
  public var peakSignalToNoise: Double?
  /// Mean absolute difference of the log-mel spectrograms before and behind the autoencoder, in nats.
  public var logMelDistance: Double?
  /// Likewise of the sound before it and the sound that the vocoder makes.
  public var vocodedLogMelDistance: Double?

  /// What pictures without any difference count as.
  public static let exactPictures = 100.0

  enum CodingKeys: String, CodingKey {
    case peakSignalToNoise = "psnr_db"
    case logMelDistance = "log_mel_distance"
    case vocodedLogMelDistance = "log_mel_distance_vocoded"
  }

  /// Of two runs of frames of one size; what the longer has more does not count.
  public static func peakSignalToNoise(_ a: VideoFrames, _ b: VideoFrames) -> Double {
    precondition(a.width == b.width && a.height == b.height, "pictures of one size are compared")
    let count = min(a.pixels.count, b.pixels.count)
    var sum: UInt64 = 0
    a.pixels.withUnsafeBufferPointer { a in
      b.pixels.withUnsafeBufferPointer { b in
        for index in 0..<count {
          let difference = Int32(a[index]) &- Int32(b[index])
          sum &+= UInt64(truncatingIfNeeded: difference &* difference)
        }
      }
    }
    guard sum > 0 else { return exactPictures }
    return min(exactPictures, 10 * log10(255 * 255 * Double(count) / Double(sum)))
  }
}

extension UniFormPipeline {
  /// A clip through the codecs and back, and how far it is from itself. Arguments and errors are those of
  /// ``encode(video:audio:seconds:seed:progress:)``.
  public func reconstruct(
    video: VideoFrames? = nil, audio: Waveform? = nil, seconds: Double? = nil,
    progress: (GenerationProgress) -> Bool = { _ in true }
  ) throws -> (clip: DecodedClip, fidelity: CodecFidelity) {
    let latents = try encode(video: video, audio: audio, seconds: seconds, progress: progress)
    let clip = try decode(latents, progress: progress)
    var fidelity = CodecFidelity()
    if let video, let decoded = clip.video {
      fidelity.peakSignalToNoise = CodecFidelity.peakSignalToNoise(video, decoded)
    }
    if let audio, let decoded = clip.audio, let spectrogram = clip.codedSpectrogram {
      let geometry = latents.geometry
      withoutGradient {
        let kept = spectrogram.frameCount
        func mel(_ sound: Waveform) -> Tensor {
          logMel(of: sound, geometry).narrowed(1, start: 0, length: kept)
        }
        let given = mel(audio)  // [1, F, M]
        let coded = Tensor(spectrogram.values, shape: given.shape, device: given.device)
        fidelity.logMelDistance = given.meanAbsoluteError(coded).item
        fidelity.vocodedLogMelDistance = given.meanAbsoluteError(mel(decoded)).item
      }
    }
    return (clip, fidelity)
  }
}

public import Torch

extension Synchformer {
  /// What becomes of clips shorter than 4.8 s, which do not have 14 segments.
  public enum ShortClips: String, Sendable, CaseIterable {
    /// av-benchmark: they have no score.
    case refused
    /// JavisBench: their segments begin anew until there are 14.
    case repeated
  }

  /// How far apart sound and pictures are, in seconds from 0 to 2: the mean over the first and the last 4.8 s.
  ///
  /// - Parameters:
  ///   - frames: `[T, H, W, 3]` in 8 bits at ``frameRate``.
  ///   - sound: `[N]` at ``sampleRate``.
  public func desynchronization(
    frames: Tensor, sound: Tensor, shortClips: ShortClips = .repeated
  ) throws -> Double {
    let (pictures, sounds) = (try features(frames: frames), try features(sound: sound))
    let count = min(pictures.size(0), sounds.size(0))
    guard count >= Self.segments || shortClips == .repeated else {
      let needed = SynchformerVideo.segmentFrames + (Self.segments - 1) * SynchformerVideo.segmentHop
      throw NetworkInputError.tooFewFrames(network: "DeSync", found: frames.size(0), needed: needed)
    }
    let starts = count > Self.segments ? [0, count - Self.segments] : [0]
    let offsets = starts.map { start in
      let indices = Tensor((0..<Self.segments).map { (start + $0) % count })
      let scores = withoutGradient {
        logits(
          pictures: pictures.indexed(0, by: indices).unsqueezed(0),
          sounds: sounds.indexed(0, by: indices).unsqueezed(0))
      }
      return abs(Self.offset(ofClass: Int(scores.argmax(-1).item)))
    }
    return offsets.reduce(0, +) / Double(offsets.count)
  }

  /// Features of all segments of a clip, `[S, 8, 768]`; S = ⌊(T − 16) / 8⌋ + 1.
  public func features(frames: Tensor) throws -> Tensor {
    let frames = try checkedFrames(frames, atLeast: SynchformerVideo.segmentFrames, for: "Synchformer")
    let count = (frames.size(0) - SynchformerVideo.segmentFrames) / SynchformerVideo.segmentHop + 1
    return withoutGradient {
      let pictures = Self.prepared(frames)  // [T, 3, 224, 224]
      let segments = (0..<count).map { index in
        let segment = pictures.narrowed(
          0, start: index * SynchformerVideo.segmentHop, length: SynchformerVideo.segmentFrames)
        return picture(segment.transposed(0, 1).unsqueezed(0))  // [1, 8, D]
      }
      return .concatenate(segments, axis: 0)
    }
  }

  /// Features of all segments of a sound, `[S, 6, 768]`; S = ⌊(N − 10240) / 5120⌋ + 1.
  public func features(sound samples: Tensor) throws -> Tensor {
    let samples = try checkedSound(samples, atLeast: SynchformerAudio.segmentSamples, for: "Synchformer")
    return withoutGradient {
      sound(
        samples.to(.float32).unfolded(
          0, size: SynchformerAudio.segmentSamples, step: SynchformerAudio.segmentHop))
    }
  }

  /// The shorter side to 224, bicubic in 8 bits, the middle cut out, −1…1.
  private static func prepared(_ frames: Tensor) -> Tensor {
    let (height, width, size) = (frames.size(1), frames.size(2), SynchformerVideo.size)
    let short = min(height, width)
    return frames.channelsFirst
      .resizedBicubic(height: height * size / short, width: width * size / short)
      .rounded.clamp(min: 0, max: 255)
      .centerCropped(height: size, width: size, rounding: .toNearestOrEven) / 127.5 - 1
  }
}

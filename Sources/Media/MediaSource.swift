import Foundation

/// Pictures to write, with all that is needed to plan their encoding.
enum PictureSource {
  case frames(VideoFrames)
  case original(MediaSpan, MediaInformation.VideoStream)

  /// Seconds that are there to write; `nil` when the file does not say.
  var seconds: Double? {
    switch self {
    case .frames(let frames): frames.seconds
    case .original(let span, _): span.information.videoSeconds.map { $0 - span.start }
    }
  }

  var file: URL? {
    if case .original(let span, _) = self { span.url } else { nil }
  }

  /// Frames per second when encoded.
  func rate(for format: OutputFormat) -> (value: Double, text: String) {
    switch self {
    case .frames(let frames): return (frames.frameRate, "\(frames.frameRate)")
    case .original(_, let video):
      let rate = video.nominalFrameRate
      // Slow pictures are shown several times, so that the clip ends within a tenth of a second.
      let times = max(1, Int((10 / rate.value).rounded(.up)))
      switch rate.value {
      // Players slow a GIF down whose pictures last less than two hundredths of a second.
      case 50.0001... where format == .gif: return (50, "50")
      case ...120: return (rate.value * Double(times), "\(rate.numerator * times)/\(rate.denominator)")
      // Phones announce the tick of their clock as the rate of a variable stream: 60 shows every picture in time.
      default: return (60, "60")
      }
    }
  }

  /// Width and height in pixels as encoded: upright, before the sample aspect.
  var size: (width: Int, height: Int) {
    switch self {
    case .frames(let frames): (frames.width, frames.height)
    case .original(_, let video):
      video.rotation % 180 == 0
        ? (video.codedWidth, video.codedHeight) : (video.codedHeight, video.codedWidth)
    }
  }

  /// Bytes for ffmpeg's standard input.
  var bytes: [UInt8] {
    if case .frames(let frames) = self { frames.pixels } else { [] }
  }
}

/// Sound to write, with all that is needed to plan its encoding.
enum SoundSource {
  case waveform(Waveform)
  case original(MediaSpan, MediaInformation.AudioStream)

  var seconds: Double? {
    switch self {
    case .waveform(let waveform): waveform.seconds
    case .original(let span, _): span.information.audioSeconds.map { $0 - span.start }
    }
  }

  var file: URL? {
    if case .original(let span, _) = self { span.url } else { nil }
  }
}

extension MediaWriter.Picture? {
  func resolved() async throws(MediaError) -> PictureSource? {
    switch self {
    case nil: return nil
    case .frames(let frames):
      guard frames.count > 0 else { throw .invalidRequest("a clip needs at least one frame") }
      return .frames(frames)
    case .original(let url, let start):
      try MediaSpan.check(start: start)
      let information = try await MediaProbe.probe(url)
      guard let video = information.video else { throw .noVideo(url) }
      let span = MediaSpan(url: url, information: information, start: start)
      try span.check(announced: information.videoSeconds)
      return .original(span, video)
    }
  }
}

extension MediaWriter.Sound? {
  func resolved() async throws(MediaError) -> SoundSource? {
    switch self {
    case nil: return nil
    case .waveform(let waveform):
      guard !waveform.samples.isEmpty else {
        throw .invalidRequest("a clip needs at least one sample of sound")
      }
      return .waveform(waveform)
    case .original(let url, let start):
      try MediaSpan.check(start: start)
      let information = try await MediaProbe.probe(url)
      guard let audio = information.audio else { throw .noAudio(url) }
      let span = MediaSpan(url: url, information: information, start: start)
      try span.check(announced: information.audioSeconds)
      return .original(span, audio)
    }
  }
}

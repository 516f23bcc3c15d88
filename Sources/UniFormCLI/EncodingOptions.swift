import ArgumentParser
import Foundation
import Media
import UniForm

/// What of a media file is encoded, and how.
struct EncodingOptions: ParsableArguments {
  @Flag(help: "Encode the pictures alone.")
  var videoOnly = false
  @Flag(help: "Encode the sound alone.")
  var audioOnly = false
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Where to begin in the input.", valueName: "seconds"))
  var start = 0.0
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How much to encode, at most 10. Without it, up to the end.", valueName: "seconds"))
  var seconds: Double?
  @Option(
    help: ArgumentHelp("How a video fills the model's frame: cover cuts its edges, squash stretches it."))
  var fit = VideoReader.Fit.cover
  @OptionGroup var size: SizeOptions
  @Flag(help: "Draw a sample of what the encoders predict, instead of taking the most likely latents.")
  var sample = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The seed of the sample; the same seed gives the same latents.", valueName: "number"))
  var seed: UInt64?

  func validate() throws {
    if videoOnly && audioOnly {
      throw ValidationError(
        "--video-only and --audio-only contradict each other; give one of them or neither")
    }
    if audioOnly && (size.size ?? size.aspect) != nil {
      throw ValidationError("a size has no effect with --audio-only; leave one of them out")
    }
    if seed != nil && !sample { throw ValidationError("--seed has no effect without --sample; give both") }
    guard start >= 0, start.isFinite else {
      throw ValidationError("--start is \(start); use 0 or more seconds")
    }
    if let seconds, !(seconds > 0 && seconds <= Self.longest) {
      throw ValidationError(
        "--seconds is \(seconds); use more than 0 and at most \(Int(Self.longest)) seconds")
    }
  }

  fileprivate static let longest = GenerationRequest.allowedSeconds.upperBound
}

/// What is read from it.
struct EncodingInput: Sendable {
  var video: VideoFrames?
  var audio: Waveform?
  let seconds: Double
}

extension EncodingOptions {
  /// What the file has of what is wanted. Pictures rule the length; whole frames of it.
  func read(_ media: String, for model: ModelDirectory, _ reporter: Reporter) async throws -> EncodingInput {
    let url = URL(filePath: media)
    let information = try await MediaProbe.probe(url)
    var geometry = model.geometry
    if let pixels = try size.picture.pixels(of: model, for: information.video) {
      try model.check(pixels)
      geometry.size = pixels
    }
    let hasVideo = !audioOnly && information.video != nil
    var hasAudio = !videoOnly && information.audio != nil
    if hasVideo, hasAudio, let end = information.audioSeconds, end <= start {
      reporter.warn("the sound of '\(media)' ends before --start; only its pictures are encoded")
      hasAudio = false
    }
    if !hasVideo && !hasAudio { throw audioOnly ? MediaError.noAudio(url) : .noVideo(url) }
    let rate = Double(geometry.frameRate)
    let length = try length(
      of: url, end: hasVideo ? information.videoSeconds : information.audioSeconds, frame: 1 / rate, reporter)
    var input = EncodingInput(seconds: max(1, (length * rate).rounded()) / rate)
    if hasVideo {
      input.video = try await VideoReader.read(
        url, start: start, seconds: input.seconds, frameRate: rate, width: geometry.width,
        height: geometry.height, fit: fit)
    }
    if hasAudio {
      let sound = try await AudioReader.read(
        url, start: start, seconds: input.seconds, sampleRate: geometry.sampleRate)
      if sound.isSilent { reporter.warn("the sound of '\(media)' is silent") }
      input.audio = sound
    }
    return input
  }

  /// - Parameters:
  ///   - end: of the pictures or the sound that rule the length; nil where the file does not say.
  ///   - frame: what is too short to be missed, in seconds.
  private func length(of url: URL, end: Double?, frame: Double, _ reporter: Reporter) throws -> Double {
    let name = url.relativePath
    guard let end else {
      guard let seconds else {
        throw CommandFailure.usage("'\(name)' does not say how long it is; give --seconds")
      }
      return seconds
    }
    let rest = end - start
    guard rest > 0 else { throw MediaError.startBeyondEnd(url, start: start, seconds: end) }
    if let seconds, seconds - rest >= frame {
      reporter.warn("'\(name)' ends after \(rest.rounded(to: 2).formatted) s; so do the latents")
    } else if seconds == nil, rest - Self.longest >= frame {
      reporter.warn(
        "'\(name)' goes on after \(Self.longest.formatted) s, the most that is encoded at once; give --start "
          + "for the rest")
    }
    return min(seconds ?? Self.longest, rest)
  }
}

import ArgumentParser
import Foundation
import Media
import Torch
import UniForm

struct EncodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode",
    abstract: "Turn pictures and sound into the latents that the transformer sees.",
    discussion: """
      Any file that ffmpeg reads is brought to the model's size and rates, as 'generate' does with --video and \
      --audio, and encoded. The .safetensors file holds 'video' [1, 4, T, H, W] and 'audio' [1, 8, Ta, F], as far \
      as the input has them: normalised latents over whole seconds. Its metadata says where they come from, and \
      'uniform decode' makes a clip of them again.

      Example:

        uniform encode hammer.mp4 --seconds 4 --output hammer.safetensors
      """)

  @ArgumentParser.Argument(
    help: ArgumentHelp("A video or a sound.", valueName: "media"), completion: .file())
  var media: String
  @Option(
    help: ArgumentHelp("The .safetensors file to write.", valueName: "file"),
    completion: .file(extensions: ["safetensors"]))
  var output: String
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
  @Flag(help: "Draw a sample of what the encoders predict, instead of taking the most likely latents.")
  var sample = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The seed of the sample; the same seed gives the same latents.", valueName: "number"))
  var seed: UInt64?
  @OptionGroup(title: "Machine and report") var options: CodecOptions

  func validate() throws {
    if videoOnly && audioOnly {
      throw ValidationError(
        "--video-only and --audio-only contradict each other; give one of them or neither")
    }
    if seed != nil && !sample { throw ValidationError("--seed has no effect without --sample; give both") }
    guard start >= 0, start.isFinite else {
      throw ValidationError("--start is \(start); use 0 or more seconds")
    }
    if let seconds, !(seconds > 0 && seconds <= Self.longest) {
      throw ValidationError(
        "--seconds is \(seconds); use more than 0 and at most \(Int(Self.longest)) seconds")
    }
    try TensorOutput.check(output)
  }

  private static let longest = GenerationRequest.allowedSeconds.upperBound

  func run() async throws {
    try await options.reporting { reporter in
      try await MediaTools.check()
      let directory = try ModelLocation.open(options.model)
      let target = URL(filePath: output)
      try PNGWriter.checkWritable(target)
      let input = try await input(directory.geometry, reporter)
      let seed = sample ? self.seed ?? .randomSeed : nil
      let shapes = try await options.pipeline(directory).withPipeline { pipeline in
        var latents = try pipeline.encode(
          video: input.video, audio: input.audio, seconds: input.seconds, seed: seed
        ) { reporter.report($0, as: "encoding") }
        latents.origin.source = media
        latents.origin.start = start
        try latents.write(to: target)
        return latents.modalities.compactMap { modality in
          latents[modality].map { (name: modality.rawValue, shape: $0.shape) }
        }
      }
      reporter.wrote(
        target, shapes,
        note: " (\(input.seconds.rounded(to: 2).formatted) s" + (seed.map { ", seed \($0))" } ?? ")"))
    }
  }

  private struct Input: Sendable {
    var video: VideoFrames?
    var audio: Waveform?
    let seconds: Double
  }

  /// What the file has of what is wanted. Pictures rule the length; whole frames of it.
  private func input(_ geometry: ClipGeometry, _ reporter: Reporter) async throws -> Input {
    let url = URL(filePath: media)
    let information = try await MediaProbe.probe(url)
    let hasVideo = !audioOnly && information.video != nil
    let hasAudio = !videoOnly && information.audio != nil
    if !hasVideo && !hasAudio { throw audioOnly ? MediaError.noAudio(url) : .noVideo(url) }
    let length = try length(
      information, of: hasVideo ? information.videoSeconds : information.audioSeconds, reporter)
    let rate = Double(geometry.frameRate)
    var input = Input(seconds: max(1, (length * rate).rounded()) / rate)
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

  /// - Parameter end: of the pictures or the sound that rule the length; nil where the file does not say.
  private func length(_ information: MediaInformation, of end: Double?, _ reporter: Reporter) throws -> Double
  {
    guard let end else {
      guard let seconds else {
        throw CommandFailure.usage("'\(media)' does not say how long it is; give --seconds")
      }
      return seconds
    }
    let rest = end - start
    guard rest > 0 else { throw MediaError.startBeyondEnd(URL(filePath: media), start: start, seconds: end) }
    let wanted = seconds ?? Self.longest
    let frame = 0.06
    if let seconds, seconds - rest >= frame {
      reporter.warn("'\(media)' ends after \(rest.rounded(to: 2).formatted) s; so do the latents")
    } else if seconds == nil, rest - wanted >= frame {
      reporter.warn(
        "'\(media)' goes on after \(wanted.formatted) s, the most that is encoded at once; give --start for more"
      )
    }
    return min(wanted, rest)
  }
}

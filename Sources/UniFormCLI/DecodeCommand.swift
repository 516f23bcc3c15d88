import ArgumentParser
import Foundation
import Media
import UniForm

struct DecodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Turn latents back into pictures and sound.",
    discussion: """
      The latents are those of 'uniform encode', and the model is the one that made them: latents of other codecs \
      are refused. The ending of the output decides what is written: .mp4 and .webm hold both, .gif only pictures, \
      .wav only sound, and .png is a sheet of eight frames above the spectrogram of the sound.

      Example:

        uniform decode hammer.safetensors --output hammer.mp4
      """)

  @ArgumentParser.Argument(
    help: ArgumentHelp("A .safetensors file of latents.", valueName: "latents"),
    completion: .file(extensions: ["safetensors"]))
  var latents: String
  @OptionGroup(title: "Where to") var output: DecodedOutput
  @OptionGroup(title: "Machine and report") var options: CodecOptions

  func run() async throws {
    try await options.reporting { reporter in
      let output = try ClipOutput(output.output)
      try await MediaTools.check()
      let directory = try ModelLocation.open(options.model, isTrained: false)
      let source = URL(filePath: latents)
      let (clip, origin) = try await options.pipeline(directory).withPipeline { pipeline in
        let latents = try ClipLatents(contentsOf: source)
        try output.check(holding: latents.modalities)
        try directory.requireWeights(
          of: (latents.video == nil ? [] : [.videoVAE]) + (latents.audio == nil ? [] : [.audioVAE, .vocoder]))
        return (try pipeline.decode(latents) { reporter.report($0) }, latents.origin)
      }
      try await write(clip, origin, to: output, model: directory.name)
      reporter.endProgress()
      reporter.note("Wrote \(output.url.relativePath)")
      reporter.event(ReportEvent("written", output: output.url.relativePath))
    }
  }

  private func write(
    _ clip: DecodedClip, _ origin: ClipLatents.Origin, to output: ClipOutput, model: String
  ) async throws {
    switch output.kind {
    case .clip:
      try await MediaWriter.write(
        picture: clip.video.map { .frames($0) }, sound: clip.audio.map { .waveform($0) }, to: output.url)
    case .sheet:
      guard let frames = clip.video else { return }
      let source = origin.source.map { URL(filePath: $0).lastPathComponent.oneLine }
      let sheet = Sheet(
        frames: frames, spectrogram: clip.spectrogram ?? .none, title: source ?? "decoded latents",
        subtitle: "Decoded  ·  \(model)")
      try await sheet.write(to: output.url)
    }
  }
}

struct DecodedOutput: ParsableArguments {
  @Option(
    help: ArgumentHelp("The clip to write.", valueName: "file"),
    completion: .file(extensions: ["mp4", "webm", "gif", "wav", "png"]))
  var output: String
}

extension Spectrogram {
  /// Of no sound.
  static var none: Spectrogram { Spectrogram(frameCount: 1, binCount: 1, values: [-.infinity]) }
}

extension ClipOutput {
  /// - Throws: when this output would hold nothing of what there is, or cannot be written.
  func check(holding modalities: [Modality]) throws {
    let needed: Modality?
    switch kind {
    case .clip(.gif), .sheet: needed = .video
    case .clip(.wav): needed = .audio
    case .clip: needed = nil
    }
    if let needed, !modalities.contains(needed) {
      let (missing, ending) = needed == .video ? ("pictures", ".wav") : ("sound", ".mp4")
      throw CommandFailure.usage(
        "'\(url.relativePath)' would be empty, since the latents have no \(missing); use \(ending)")
    }
    try PNGWriter.checkWritable(url)
  }
}

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
  @OptionGroup(title: "What to encode") var content: EncodingOptions
  @OptionGroup(title: "Where to") var output: TensorOutput
  @OptionGroup(title: "Machine and report") var options: CodecOptions

  func run() async throws {
    try await options.reporting { reporter in
      try await MediaTools.check()
      let directory = try ModelLocation.open(options.model, isTrained: false)
      try output.check(input: media)
      let input = try await content.read(media, for: directory, reporter)
      // Nothing but the codecs of what there is.
      try directory.requireWeights(
        of: (input.video == nil ? [] : [.videoVAE]) + (input.audio == nil ? [] : [.audioVAE]))
      let target = output.url
      let seed = content.sample ? content.seed ?? .randomSeed : nil
      let shapes = try await options.pipeline(directory).withPipeline { pipeline in
        var latents = try pipeline.encode(
          video: input.video, audio: input.audio, seconds: input.seconds, seed: seed
        ) { reporter.report($0, as: "encoding") }
        latents.origin.source = media
        latents.origin.start = content.start
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
}

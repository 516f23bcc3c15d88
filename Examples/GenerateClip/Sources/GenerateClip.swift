import Foundation
import Media
import UniForm

/// Makes one clip from a prompt: `GenerateClip MODEL OUTPUT PROMPT`.
@main
enum GenerateClip {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.count == 3 else {
      print("usage: GenerateClip MODEL OUTPUT PROMPT")
      exit(64)
    }
    let (model, output, prompt) = (arguments[1], arguments[2], arguments[3])

    // Reads and checks the configuration; weights are loaded with the first request.
    let directory = try ModelDirectory(URL(filePath: model))
    let pipeline = PipelineActor(directory)

    // The same seed gives the same clip. For sound to a video, or video to a sound, set `condition`.
    let request = GenerationRequest(prompt: prompt, seed: 7)
    let clips = try await pipeline.generate(request) { progress in
      print("\(progress.stage.rawValue) \(progress.completed)/\(progress.total)")
      return true  // false stops
    }

    // A clip is plain values: RGB bytes, samples, and the settings that made it.
    for clip in clips {
      try await MediaWriter.write(
        picture: clip.video.map { .frames($0) }, sound: clip.audio.map { .waveform($0) },
        to: URL(filePath: output))
      print("wrote \(output), \(clip.settings.seconds) s, seed \(clip.settings.seed)")
    }
  }
}

import Foundation
import Media
import UniForm

extension ContentOptions {
  /// The one job of a command line without a list.
  func job(_ output: OutputOptions, _ sampling: SamplingOptions) throws -> GenerationJob {
    let seed = sampling.seed ?? .randomSeed
    return GenerationJob(
      prompt: prompt, negativePrompt: negativePrompt, video: video.map { URL(filePath: $0) },
      audio: audio.map { URL(filePath: $0) }, only: only, size: try size.picture, seed: seed,
      options: clipOptions(sampling),
      output: try ClipOutput(output.output ?? "uniform-\(seed).\(only == .audio ? "wav" : "mp4")"),
      sheet: output.sheet.map { URL(filePath: $0) })
  }
}

extension ContentOptions {
  func clipOptions(_ sampling: SamplingOptions) -> ClipOptions {
    ClipOptions(
      steps: sampling.steps, guidance: sampling.guidance, sampler: sampling.sampler, seconds: seconds,
      start: start, fit: fit, conditionGuidance: sampling.condition.conditionGuidance ?? 1,
      negativeCondition: sampling.condition.negativeCondition ?? .still)
  }
}

extension UInt64 {
  /// Short enough to be typed again, and exact in every JSON reader.
  static var randomSeed: UInt64 { random(in: 0..<1 << 32) }
}

extension GenerationJob {
  /// - Throws: when an output could not be written, or would replace what it is made from, or a seed is too large.
  func check(count: Int) throws {
    guard seed <= UInt64.max - UInt64(count - 1) else {
      throw CommandFailure.usage("there are not \(count) seeds from \(seed) on; use a smaller seed")
    }
    for index in 0..<count {
      let clip = output.url.numbered(index, of: count)
      let sheet = sheet?.numbered(index, of: count)
      for file in [clip, sheet].compactMap(\.self) {
        if let input = video ?? audio, input.isSameFile(as: file) {
          throw CommandFailure.usage("'\(file.relativePath)' is the input, too; choose another output")
        }
      }
      if let sheet, clip.isSameFile(as: sheet) {
        throw CommandFailure.usage("--output and --sheet name the same file; rename one")
      }
    }
    try output.check(for: task)
    if let sheet { try PNGWriter.checkWritable(sheet) }
  }
}

extension URL {
  fileprivate func isSameFile(as other: URL) -> Bool { canonicalPath == other.canonicalPath }

  /// The same for every way to write the name of a file.
  var canonicalPath: String { resolvingSymlinksInPath().standardizedFileURL.path }
}

extension GeneratedClip {
  /// What was given stays as it is.
  func picture(of job: GenerationJob) -> MediaWriter.Picture? {
    job.video.map { .original($0, start: job.options.start) } ?? video.map { .frames($0) }
  }

  func sound(of job: GenerationJob) -> MediaWriter.Sound? {
    job.audio.map { .original($0, start: job.options.start) } ?? audio.map { .waveform($0) }
  }

  /// Pictures to show the clip by; those that were given finer than the model sees them.
  func shownFrames(of job: GenerationJob) async throws -> VideoFrames {
    var frames = video
    if let video = job.video, let size = try await MediaProbe.probe(video).video?.displaySize {
      let width = 320
      frames = try await VideoReader.read(
        video, start: job.options.start, seconds: settings.seconds,
        frameRate: Double(settings.frameRate), width: width,
        height: min(4 * width, max(2, width * size.height / size.width)))
    }
    guard let frames else { throw CommandFailure("there are no frames to show", .software) }
    return frames
  }
}

extension Sheet {
  init(_ frames: VideoFrames, of clip: GeneratedClip, job: GenerationJob, model: String) {
    let settings = clip.settings
    self.init(
      frames: frames,
      spectrogram: clip.melFrames > 0
        ? Spectrogram(frameCount: clip.melFrames, binCount: clip.melBins, values: clip.mel) : .silent,
      title: job.sheetTitle,
      subtitle: "\(job.sheetTask)  ·  \(model)  ·  seed \(settings.seed)  ·  \(settings.steps) steps")
  }

  /// Of a clip that is still being denoised.
  init(_ content: ClipPreviewContent, of job: GenerationJob, step: Int, of steps: Int) {
    self.init(
      frames: content.frames, spectrogram: content.spectrogram ?? .silent, title: job.sheetTitle,
      subtitle: "\(job.sheetTask)  ·  seed \(job.seed)  ·  preview after step \(step) of \(steps)")
  }
}

extension Spectrogram {
  /// Where there is no sound to show.
  fileprivate static let silent = Spectrogram(frameCount: 1, binCount: 1, values: [-.infinity])
}

extension GenerationJob {
  fileprivate var sheetTitle: String { prompt.map { $0.oneLine } ?? "without text" }

  fileprivate var sheetTask: String {
    switch task {
    case .t2av: "Text to audio and video"
    case .a2v: "Audio to video from \((audio?.lastPathComponent).map { $0.oneLine } ?? "")"
    case .t2a: "Text to audio"
    case .t2v: "Text to video"
    case .v2a: "Video to audio for \((video?.lastPathComponent).map { $0.oneLine } ?? "")"
    }
  }
}

extension GeneratedClip {
  /// With what part of a file it was made for.
  func recording(_ job: GenerationJob) -> GeneratedClip {
    var clip = self
    if job.video != nil || job.audio != nil { clip.settings.start = job.options.start }
    if job.video != nil { clip.settings.fit = job.options.fit.rawValue }
    return clip
  }
}

extension ClipSettings {
  /// One line with sorted keys: the same settings are the same bytes.
  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}

enum MediaTools {
  /// - Throws: when ffmpeg or ffprobe is missing, before anything long begins.
  static func check() async throws {
    async let probe = FFmpeg.run(.ffprobe, ["-version"])
    _ = try await FFmpeg.run(.ffmpeg, ["-version"])
    _ = try await probe
  }
}

import ArgumentParser
import Foundation
import Media
import UniForm

/// One thing to make, as the user named it; `count` clips of it.
struct GenerationJob: Sendable {
  var prompt: String?
  var negativePrompt: String?
  var video: URL?
  var audio: URL?
  /// What alone is made from the text.
  var only: Modality?
  var size = PictureSize.trained
  var seed: UInt64
  var options = ClipOptions()
  var output: ClipOutput
  var sheet: URL?

  var task: GenerationTask {
    GenerationTask(given: video != nil ? .video : audio != nil ? .audio : nil, only: only)
  }

  /// The first line that the user sees: "Video to audio: hammer.mp4, "a hammer strikes"".
  var title: String {
    let name =
      switch task {
      case .t2av: "Text to audio and video"
      case .a2v: "Audio to video"
      case .v2a: "Video to audio"
      case .t2a: "Text to audio"
      case .t2v: "Text to video"
      }
    let words = prompt.map { "\"" + $0.oneLine.shortened(to: 100) + "\"" }
    let parts = [(video ?? audio)?.lastPathComponent.oneLine, words].compactMap(\.self)
    return "\(name): \(parts.isEmpty ? "without text" : parts.joined(separator: ", "))"
  }
}

/// How a clip is made; what is nil is left to the model.
struct ClipOptions: Equatable, Sendable {
  var steps: Int?
  var guidance: Double?
  var sampler: Sampler?
  var seconds: Double?
  /// Where to begin in what is given.
  var start = 0.0
  var fit = VideoReader.Fit.cover
  /// How closely to follow what is given, and what that leads away from.
  var conditionGuidance = 1.0
  var negativeCondition = GenerationRequest.NegativeCondition.still
}

/// A file to write and what its ending says it holds.
struct ClipOutput: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    case clip(OutputFormat)
    case sheet
  }

  let url: URL
  let kind: Kind

  init(_ path: String) throws {
    url = URL(filePath: path)
    if url.pathExtension.lowercased() == "png" {
      kind = .sheet
    } else if let format = OutputFormat(rawValue: url.pathExtension.lowercased()) {
      kind = .clip(format)
    } else {
      throw CommandFailure.usage(
        "'\(path)' has no ending this program writes; use .mp4, .webm, .gif, .wav or .png")
    }
  }

  /// - Throws: when this output would hold nothing that `task` makes, or cannot be written.
  func check(for task: GenerationTask) throws {
    switch (kind, task) {
    case (.clip(.gif), .v2a):
      throw CommandFailure.usage("'\(url.relativePath)' would hold no sound, which is what is made; use .mp4")
    case (.clip(.gif), .t2a), (.sheet, .t2a):
      throw CommandFailure.usage("'\(url.relativePath)' would hold no sound, which is what is made; use .wav")
    case (.clip(.wav), .a2v), (.clip(.wav), .t2v):
      throw CommandFailure.usage(
        "'\(url.relativePath)' would hold no pictures, which is what is made; use .mp4")
    default: try PNGWriter.checkWritable(url)
    }
  }
}

extension URL {
  /// `name-2.mp4` for the second of several; the name as it is where there is only one.
  func numbered(_ index: Int, of count: Int) -> URL {
    guard count > 1 else { return self }
    let name = deletingPathExtension().lastPathComponent
    return deletingLastPathComponent().appending(path: "\(name)-\(index + 1).\(pathExtension)")
  }
}

extension String {
  func shortened(to count: Int) -> String { self.count <= count ? self : prefix(count - 1) + "…" }
}

extension ContentOptions {
  /// What can be said about the arguments before any file is looked at.
  func check(_ output: OutputOptions) throws {
    if video != nil && audio != nil {
      throw ValidationError("--video and --audio cannot be combined; give the one that shall be kept")
    }
    if batch != nil {
      let others = [
        ("prompt", prompt), ("video", video), ("audio", audio), ("output", output.output),
        ("sheet", output.sheet),
      ]
      if let other = others.first(where: { $0.1 != nil })?.0 {
        throw ValidationError("--batch and --\(other) cannot be combined; the list names its own")
      }
    } else if prompt == nil && video == nil && audio == nil {
      throw ValidationError(
        "nothing to make a clip from; give --prompt, --video or --audio (or --prompt \"\" for a clip without text)"
      )
    }
    if negativePrompt != nil && batch == nil && (prompt ?? "").allSatisfy(\.isWhitespace) {
      throw ValidationError("--negative-prompt has no effect without a prompt; give --prompt too")
    }
    guard start >= 0, start.isFinite else {
      throw ValidationError("--start is \(start); use 0 or more seconds")
    }
    if start > 0 && video == nil && audio == nil && batch == nil {
      throw ValidationError("--start needs a video or a sound to begin in; give --video or --audio")
    }
    if only != nil && (video != nil || audio != nil) {
      throw ValidationError("--only is for clips from text alone; leave it out")
    }
    if only == .audio && output.sheet != nil {
      throw ValidationError("--sheet shows pictures, and --only audio makes none; leave out one of them")
    }
    if size.aspect == "input" && video == nil && batch == nil {
      throw ValidationError("--aspect input needs a video to take it from; give --video")
    }
    if let seconds, !GenerationRequest.allowedSeconds.contains(seconds) {
      let range = GenerationRequest.allowedSeconds
      throw ValidationError(
        "--seconds is \(seconds); use \(Int(range.lowerBound)) to \(Int(range.upperBound)) seconds")
    }
    if let sheet = output.sheet, URL(filePath: sheet).pathExtension.lowercased() != "png" {
      throw ValidationError("--sheet is '\(sheet)'; give a name that ends in .png")
    }
  }
}

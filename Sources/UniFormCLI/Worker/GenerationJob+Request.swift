import Foundation
import Media
import UniForm
import WorkerProtocol

extension GenerationJob {
  /// The job that a request of the worker's protocol describes, with its clip in `folder`.
  ///
  /// - Throws: what can be said about the request before any file is looked at.
  init(_ request: ClipRequest, files: FinishedClip.Files, in folder: URL) throws {
    func check(_ isAllowed: Bool, _ message: @autoclosure () -> String) throws {
      if !isAllowed { throw CommandFailure.usage(message()) }
    }
    try check(
      request.video == nil || request.audio == nil, "video and audio cannot be combined; give one of them")
    try check(
      request.prompt != nil || request.video != nil || request.audio != nil,
      "nothing to make a clip from; give a prompt, a video or an audio")
    try check(
      request.negativePrompt == nil || !(request.prompt ?? "").allSatisfy(\.isWhitespace),
      "negative_prompt has no effect without a prompt; give one, too")
    for path in [request.video, request.audio].compactMap(\.self) {
      try check(path.hasPrefix("/"), "'\(path)' is no absolute path")
    }
    let start = request.start ?? 0
    try check(start >= 0 && start.isFinite, "start is \(start); use 0 or more seconds")
    try check(
      start == 0 || request.video != nil || request.audio != nil,
      "start needs a video or a sound to begin in")
    if let seconds = request.seconds {
      try check(
        GenerationRequest.allowedSeconds.contains(seconds), "seconds is \(seconds); use 1 to 10")
    }
    if let steps = request.steps {
      try check(
        GenerationRequest.allowedSteps.contains(steps), "steps is \(steps); use a whole number from 1 to 1000"
      )
    }
    if let guidance = request.guidance {
      try check(guidance.isFinite && guidance >= 0, "guidance is \(guidance); use 0 or more")
    }
    let sampler = try request.sampler.map { name in
      guard let sampler = Sampler(rawValue: name) else {
        throw CommandFailure.usage("there is no sampler '\(name)'")
      }
      return sampler
    }
    let size: PictureSize
    do {
      size = try PictureSize(size: request.size, aspect: request.aspect)
    } catch let failure as SizeFailure {
      throw CommandFailure.usage("\(failure)")
    }
    try check(size != .input || request.video != nil, "aspect 'input' needs a video to take it from")
    self.init(
      prompt: request.prompt, negativePrompt: request.negativePrompt,
      video: request.video.map { URL(filePath: $0) }, audio: request.audio.map { URL(filePath: $0) },
      size: size, seed: request.seed,
      options: ClipOptions(
        steps: request.steps, guidance: request.guidance, sampler: sampler, seconds: request.seconds,
        start: start, fit: request.fit == .squash ? .squash : .cover),
      output: try ClipOutput(folder.appending(path: files.clip).path(percentEncoded: false)),
      sheet: folder.appending(path: files.sheet))
  }
}

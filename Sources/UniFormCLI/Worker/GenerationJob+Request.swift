import Foundation
import Media
import UniForm
import WorkerProtocol

extension GenerationJob {
  /// The job that a request of the worker's protocol describes, with its clip in `folder`.
  ///
  /// - Throws: what can be said about the request before any file is looked at.
  init(_ request: ClipRequest, files: FinishedClip.Files, in folder: URL) throws {
    func check(_ isAllowed: Bool, _ field: String, _ message: @autoclosure () -> String) throws {
      if !isAllowed { throw RequestProblem(field: field, message: message()) }
    }
    let hasInput = request.video != nil || request.audio != nil
    try check(
      request.video == nil || request.audio == nil, "audio",
      "video and audio cannot be combined; give one of them")
    try check(
      request.prompt != nil || hasInput, "prompt",
      "nothing to make a clip from; give a prompt, a video or an audio")
    try check(
      request.negativePrompt == nil || !(request.prompt ?? "").allSatisfy(\.isWhitespace), "negative_prompt",
      "negative_prompt has no effect without a prompt; give one, too")
    for (field, path) in [("video", request.video), ("audio", request.audio)] {
      if let path { try check(path.hasPrefix("/"), field, "'\(path)' is no absolute path") }
    }
    let start = request.start ?? 0
    try check(start >= 0 && start.isFinite, "start", "start is \(start); use 0 or more seconds")
    try check(start == 0 || hasInput, "start", "start needs a video or a sound to begin in")
    if let seconds = request.seconds {
      try check(
        GenerationRequest.allowedSeconds.contains(seconds), "seconds", "seconds is \(seconds); use 1 to 10")
    }
    if let steps = request.steps {
      try check(
        GenerationRequest.allowedSteps.contains(steps), "steps",
        "steps is \(steps); use a whole number from 1 to 1000")
    }
    for (field, scale) in [
      ("guidance", request.guidance), ("condition_guidance", request.conditionGuidance),
    ] {
      if let scale {
        try check(scale.isFinite && scale >= 0, field, "\(field) is \(scale); use 0 or more")
      }
    }
    try check(
      request.conditionGuidance == nil || hasInput, "condition_guidance",
      "condition_guidance needs a video or a sound to follow")
    try check(
      request.negativeCondition == nil || request.conditionGuidance != nil, "negative_condition",
      "negative_condition has no effect without condition_guidance; give it, too")
    try check(
      request.only == nil || !hasInput, "only", "only is for clips from text alone; leave it out")
    let sampler = try request.sampler.map { name in
      guard let sampler = Sampler(rawValue: name) else {
        throw RequestProblem(field: "sampler", message: "there is no sampler '\(name)'")
      }
      return sampler
    }
    let size: PictureSize
    do {
      size = try PictureSize(size: request.size, aspect: request.aspect)
    } catch let failure as SizeFailure {
      throw RequestProblem(field: request.aspect == nil ? "size" : "aspect", message: "\(failure)")
    }
    try check(
      size != .input || request.video != nil, "aspect", "aspect 'input' needs a video to take it from")
    var options = ClipOptions(
      steps: request.steps, guidance: request.guidance, sampler: sampler, seconds: request.seconds,
      start: start, fit: request.fit == .squash ? .squash : .cover)
    options.conditionGuidance = request.conditionGuidance ?? options.conditionGuidance
    if request.negativeCondition == .absent { options.negativeCondition = .absent }
    self.init(
      prompt: request.prompt, negativePrompt: request.negativePrompt,
      video: request.video.map { URL(filePath: $0) }, audio: request.audio.map { URL(filePath: $0) },
      only: request.only.map { $0 == .audio ? .audio : .video },
      size: size, seed: request.seed, options: options,
      output: try ClipOutput(folder.appending(path: files.clip).path(percentEncoded: false)),
      sheet: request.only == .audio ? nil : files.sheet.map { folder.appending(path: $0) })
  }
}

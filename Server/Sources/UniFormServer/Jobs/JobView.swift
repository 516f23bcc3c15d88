import Foundation
import Hummingbird
import WorkerProtocol

/// A job as it is shown: every key is there, with null where there is nothing to say.
struct JobView: Encodable, Sendable {
  let job: Job
  let progress: ClipProgress?
  /// The step of the latest preview.
  let preview: Int?
  /// Of those that wait, from 1.
  let position: Int?

  /// The files of a finished job; those of what its task does not make are missing.
  private var mediaNames: [String: String] {
    let sound = ["sound": "clip.wav", "peaks": "peaks.json"]
    let pictures = ["sheet": "sheet.png", "poster": "poster.png"]
    let others =
      switch job.task {
      case "t2a": sound
      case "t2v": pictures
      default: sound.merging(pictures) { name, _ in name }
      }
    return others.merging(["clip": "clip.mp4"]) { name, _ in name }
  }

  private enum Key: String, CodingKey {
    case id, status, task, request, progress, position, revision, attempts, error, media, settings, notes,
      pinned, parent
    case createdAt = "created_at"
    case startedAt = "started_at"
    case finishedAt = "finished_at"
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(job.id, forKey: .id)
    try fields.encode(job.status, forKey: .status)
    try fields.encode(job.task, forKey: .task)
    try fields.encode(RequestView(request: job.request, input: job.input), forKey: .request)
    try fields.encode(job.createdAt.timestamp, forKey: .createdAt)
    try fields.encode(job.startedAt?.timestamp, forKey: .startedAt)
    try fields.encode(job.finishedAt?.timestamp, forKey: .finishedAt)
    let shown = job.status == .running ? progress : nil
    try fields.encode(
      shown.map {
        ProgressView(progress: $0, preview: preview.map { url("\(JobFolder.preview)?step=\($0)") })
      },
      forKey: .progress)
    try fields.encode(job.status == .queued ? position : nil, forKey: .position)
    try fields.encode(job.revision, forKey: .revision)
    try fields.encode(job.attempts, forKey: .attempts)
    try fields.encode(job.error, forKey: .error)
    try fields.encode(media, forKey: .media)
    try fields.encode(job.settings, forKey: .settings)
    try fields.encode(job.notes, forKey: .notes)
    try fields.encode(job.pinned, forKey: .pinned)
    try fields.encode(job.parent, forKey: .parent)
  }

  private var media: [String: String]? {
    guard job.status == .succeeded else { return nil }
    return mediaNames.mapValues(url)
  }

  private func url(_ name: String) -> String { "/api/v1/jobs/\(job.id)/media/\(name)" }

  /// As an event that says what the job is like now.
  var event: ByteBuffer {
    var buffer = ByteBuffer(string: "id: \(job.revision)\nevent: job\ndata: ")
    buffer.writeBytes((try? JSONBody.encode(self)) ?? Data("{}".utf8))
    buffer.writeString("\n\n")
    return buffer
  }
}

/// What was asked for, and the file that was given for it.
private struct RequestView: Encodable {
  let request: ClipRequest
  let input: JobInput?

  private enum Key: String, CodingKey {
    case prompt, seconds, steps, guidance, sampler, seed, size, aspect, start, fit, only, input
    case negativePrompt = "negative_prompt"
    case conditionGuidance = "condition_guidance"
    case negativeCondition = "negative_condition"
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(request.prompt, forKey: .prompt)
    try fields.encode(request.negativePrompt, forKey: .negativePrompt)
    try fields.encode(request.seconds, forKey: .seconds)
    try fields.encode(request.steps, forKey: .steps)
    try fields.encode(request.guidance, forKey: .guidance)
    try fields.encode(request.sampler, forKey: .sampler)
    try fields.encode(request.seed, forKey: .seed)
    try fields.encode(request.size, forKey: .size)
    try fields.encode(request.aspect, forKey: .aspect)
    try fields.encode(request.start, forKey: .start)
    try fields.encode(request.fit, forKey: .fit)
    try fields.encode(request.only, forKey: .only)
    try fields.encode(request.conditionGuidance, forKey: .conditionGuidance)
    try fields.encode(request.negativeCondition, forKey: .negativeCondition)
    try fields.encode(input, forKey: .input)
  }
}

private struct ProgressView: Encodable {
  let progress: ClipProgress
  let preview: String?

  private enum Key: String, CodingKey {
    case stage, step, steps, rate
    case secondsLeft = "seconds_left"
    case previewURL = "preview_url"
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(progress.stage, forKey: .stage)
    try fields.encode(progress.step, forKey: .step)
    try fields.encode(progress.steps, forKey: .steps)
    try fields.encode(progress.rate, forKey: .rate)
    try fields.encode(progress.secondsLeft, forKey: .secondsLeft)
    try fields.encode(preview, forKey: .previewURL)
  }
}

extension Date {
  /// RFC 3339 with milliseconds, in UTC.
  var timestamp: String {
    formatted(
      .iso8601.year().month().day().timeZone(separator: .omitted).time(includingFractionalSeconds: true))
  }
}

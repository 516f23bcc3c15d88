internal import Foundation
internal import Media
internal import UniForm

/// Has the clips of a data set described by a vision-language model, several at a time; what is done stays done.
public struct Captioner: Sendable {
  public struct Options: Sendable {
    public var prompt = CaptionPrompt()
    /// Pictures per clip.
    public var frames = 8
    /// The longest side of each, in pixels.
    public var size = 448
    public var maximumTokens = 160
    public var temperature = 0.0
    /// Requests at a time.
    public var parallel = 4
    /// Of each clip, from its beginning.
    public var seconds = 4.0

    public init() {}
  }

  public struct Progress: Sendable, Equatable {
    /// Clips of this worker with a caption, those of earlier runs included.
    public var done: Int
    public var total: Int
    /// Of this run: clips without a caption, and tokens.
    public var failed = 0
    public var promptTokens = 0
    public var completionTokens = 0
    /// Clips that were described in this run.
    public var new = 0
    /// The output is there, with all that could be described, if anything could.
    public var isComplete = false
  }

  public let endpoint: ChatEndpoint
  public let model: String
  public let options: Options

  public init(endpoint: ChatEndpoint, model: String, _ options: Options = .init()) {
    self.endpoint = endpoint
    self.model = model
    self.options = options
  }

  /// So many requests failed in a row, and it is not for their clips; of refused ones, where none was ever accepted.
  private static let patience = 5

  /// Tells apart what is asked.
  var request: String {
    var hash = Hash64()
    let text = [
      model, options.prompt.template, "\(options.frames)", "\(options.size)", "\(options.maximumTokens)",
      "\(options.temperature)", "\(options.seconds)",
    ].joined(separator: "\0")
    Array(text.utf8).withUnsafeBytes { hash.combine($0) }
    return hash.digits
  }

  /// Goes on where an earlier run stopped; clips that failed then are tried again.
  ///
  /// - Throws: ``CaptionError``, `MediaError` where ffmpeg is missing, `CancellationError`.
  public func run(
    _ list: ClipList, to store: CaptionStore, progress report: (Progress) -> Void = { _ in }
  ) async throws -> Progress {
    let known = try store.records(request: request)
    let own = list.clips.indices.filter(store.share.owns).map { list.clips[$0] }
    let missing = own.filter { known[$0.id]?.caption == nil }
    var progress = Progress(done: own.count - missing.count, total: own.count)
    report(progress)
    if !missing.isEmpty {
      try await endpoint.check(model: model)
      let file = try store.open()
      defer { try? file.close() }
      var failures = 0
      var last: CaptionError?
      try await withThrowingTaskGroup(of: Answer.self) { group in
        var rest = missing.makeIterator()
        func start() {
          guard let clip = rest.next() else { return }
          group.addTask { try await describe(clip, path: list.path(of: clip)) }
        }
        for _ in 0..<options.parallel { start() }
        while let answer = try await group.next() {
          try store.append(answer.record, to: file)
          progress.add(answer.record)
          report(progress)
          last = answer.fault
          failures = answer.fault == nil ? 0 : failures + 1
          if let fault = answer.fault, failures >= Self.patience, progress.new == 0 || !fault.isRefusal {
            throw fault
          }
          start()
        }
      }
      // Few clips, none of which the server could answer.
      if let last, progress.new == 0, !last.isRefusal { throw last }
    }
    progress.isComplete = try store.merge(list.clips.map(\.id), request: request)
    return progress
  }

  private struct Answer: Sendable {
    var record: CaptionRecord
    /// Of the server.
    var fault: CaptionError?
  }

  private func describe(_ clip: SourceClip, path: String) async throws -> Answer {
    var record = CaptionRecord(id: clip.id, fileName: path, request: request)
    do {
      let frames = try await frames(of: clip)
      let text = options.prompt.text(frames: frames.count, seconds: options.seconds, label: clip.caption)
      let reply = try await endpoint.complete(
        ChatRequest(
          model: model, messages: [.init(content: [.text(text)] + frames.map { .jpeg($0) })],
          temperature: options.temperature, maximumTokens: options.maximumTokens))
      let choice = reply.choices[0]
      record.caption = CaptionPrompt.caption(in: choice.message.text, isCut: choice.finish_reason == "length")
      if record.caption == nil { record.failure = "the model said nothing" }
      record.promptTokens = reply.usage?.prompt
      record.completionTokens = reply.usage?.completion
    } catch let error as MediaError {
      guard SkipReason(error) != nil else { throw error }
      record.failure = "\(error)"
    } catch let refusal as RequestRefusal {
      record.failure = "\(refusal.error)"
      return Answer(record: record, fault: refusal.error)
    } catch let error as CaptionError where error.mayPass {
      record.failure = "\(error)"
      return Answer(record: record, fault: error)
    }
    return Answer(record: record)
  }

  private func frames(of clip: SourceClip) async throws -> [Data] {
    let information = try await MediaProbe.probe(clip.file)
    return try await JPEGReader.read(
      clip.file, start: clip.position.start(inFileLasting: information.duration), seconds: options.seconds,
      count: options.frames, longestSide: options.size)
  }
}

extension Captioner.Progress {
  fileprivate mutating func add(_ record: CaptionRecord) {
    if record.caption == nil { failed += 1 } else { (done, new) = (done + 1, new + 1) }
    promptTokens += record.promptTokens ?? 0
    completionTokens += record.completionTokens ?? 0
  }
}

extension CaptionStore {
  /// Class labels as captions, for the data sets whose captions they are.
  ///
  /// - Returns: how many clips have one.
  public func writeLabels(of list: ClipList) throws -> Int {
    let labelled = list.clips.filter { $0.caption != nil }
    guard !labelled.isEmpty else { throw CaptionError.noLabels(layout: list.layout.rawValue) }
    // Before anything is added to what belongs to a model.
    let known = try records(request: "labels")
    let file = try open()
    defer { try? file.close() }
    // Those that are there may have been edited.
    for clip in labelled where known[clip.id]?.caption == nil {
      try append(
        CaptionRecord(id: clip.id, fileName: list.path(of: clip), caption: clip.caption, request: "labels"),
        to: file)
    }
    _ = try merge(labelled.map(\.id), request: "labels")
    return labelled.count
  }
}

import Foundation
import Media
import Synchronization
import UniForm
import WorkerProtocol

/// What a clip leaves in its folder while it is denoised: where to go on from, and a picture of what it becomes.
final class DenoisingTrail: Sendable {
  private struct State {
    var saved = ContinuousClock.now
    var budget: PreviewBudget?
    var drawing: Task<Void, Never>?
    var isClosed = false
  }

  private let order: ClipOrder
  private let key: String
  private let channel: WorkerChannel
  private let state: Mutex<State>
  /// Seldom enough to cost nothing, often enough that nobody waits twice for much.
  private static let interval = Duration.seconds(1)

  /// - Parameters:
  ///   - key: says what is being made; only a state with the same one is gone on from.
  ///   - previewSeconds: that a preview is expected to take; nil for none.
  init(_ order: ClipOrder, key: String, previewSeconds: Double?, channel: WorkerChannel) {
    self.order = order
    self.key = key
    self.channel = channel
    state = Mutex(State(budget: previewSeconds.map { PreviewBudget(seconds: $0) }))
  }

  /// - Parameter draw: makes a preview a picture, with the steps that were done.
  func observer(
    _ pipeline: UniFormPipeline, _ request: GenerationRequest,
    draw: @escaping @Sendable (ClipPreviewContent, _ step: Int, _ steps: Int) async throws -> Void
  ) -> DenoisingObserver {
    let beginning = DenoisingState(contentsOf: order.file(JobFolder.state), key: key)
    state.withLock {
      $0.saved = .now
      $0.budget?.begin()
    }
    return DenoisingObserver(beginning: beginning) { [self] moment in
      save(moment.state)
      preview(moment, pipeline, request, draw)
    }
  }

  private func save(_ denoising: DenoisingState) {
    state.withLock { state in
      guard !state.isClosed, .now - state.saved >= Self.interval else { return }
      // A disk that is full now may not be when the clip is written; if it is, that will be said.
      try? denoising.write(to: order.file(JobFolder.state), key: key)
      state.saved = .now
    }
  }

  private func preview(
    _ moment: DenoisingObserver.Moment, _ pipeline: UniFormPipeline, _ request: GenerationRequest,
    _ draw: @escaping @Sendable (ClipPreviewContent, Int, Int) async throws -> Void
  ) {
    let (step, steps) = (moment.state.completed, moment.total)
    let isWanted = state.withLock {
      !$0.isClosed && $0.drawing == nil && $0.budget?.allows(step, of: steps) == true
    }
    guard isWanted else { return }
    let start = ContinuousClock.now
    // A clip is worth more than its preview, whatever that lacks.
    guard let content = try? ClipPreviewContent(moment.estimate, of: request, pipeline) else {
      return state.withLock { $0.budget = nil }
    }
    state.withLock { state in
      guard !state.isClosed else { return }
      state.drawing = Task { [self] in
        let isDrawn = (try? await draw(content, step, steps)) != nil
        self.state.withLock { state in
          state.drawing = nil
          state.budget?.took(ContinuousClock.now - start)
          guard isDrawn, !state.isClosed else { return }
          channel.send(.preview(ClipPreview(job: order.job, file: JobFolder.preview, step: step)))
        }
      }
    }
  }

  /// Nothing is written, and nothing said, from here on.
  func close() async {
    let drawing = state.withLock { state in
      state.isClosed = true
      return state.drawing
    }
    drawing?.cancel()
    await drawing?.value
  }
}

/// When to show a picture of a clip in the making: from a quarter of the steps on, and for a tenth of the time.
struct PreviewBudget {
  static let share = 0.1
  private var start = ContinuousClock.now
  /// That the next one is expected to take.
  private var next: Double
  private var spent = 0.0

  init(seconds: Double) { next = seconds }

  mutating func begin(now: ContinuousClock.Instant = .now) { (start, spent) = (now, 0) }

  func allows(_ step: Int, of steps: Int, now: ContinuousClock.Instant = .now) -> Bool {
    4 * step >= steps && spent + next <= Self.share * ((now - start) / .seconds(1))
  }

  mutating func took(_ duration: Duration) {
    next = duration / .seconds(1)
    spent += next
  }
}

/// What is seen and heard of a clip that is still being denoised, with what was given as it is.
struct ClipPreviewContent: Sendable {
  let frames: VideoFrames
  let spectrogram: Spectrogram?

  /// - Throws: where there are no pictures to show, or they cannot be decoded.
  init(_ estimate: AVLatents, of request: GenerationRequest, _ pipeline: UniFormPipeline) throws {
    let decoded = try pipeline.preview(of: estimate, request)
    spectrogram = decoded.spectrogram
    if let frames = decoded.frames {
      self.frames = frames
    } else if case .video(let frames) = request.condition {
      self.frames = frames
    } else {
      throw CommandFailure("there are no frames to show", .software)
    }
  }
}

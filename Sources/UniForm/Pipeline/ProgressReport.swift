/// Passes progress on for one clip of a request, and stops where the caller has had enough.
struct ProgressReport {
  let clipCount: Int
  /// Of the denoising, where somebody looks on.
  let observer: DenoisingObserver?
  private let index: Int
  private let progress: (GenerationProgress) -> Bool

  init(
    clipCount: Int, index: Int = 0, observer: DenoisingObserver? = nil,
    _ progress: @escaping (GenerationProgress) -> Bool
  ) {
    self.clipCount = clipCount
    self.observer = observer
    self.index = index
    self.progress = progress
  }

  func clip(_ index: Int) -> ProgressReport {
    ProgressReport(clipCount: clipCount, index: index, observer: observer, progress)
  }

  /// One of several passes of the same length that are told of as one stage.
  func pass(_ number: Int, of count: Int) -> ProgressReport {
    ProgressReport(clipCount: clipCount, index: index, observer: observer) { [progress] in
      progress(
        GenerationProgress(
          stage: $0.stage, completed: number * $0.total + $0.completed, total: count * $0.total,
          clip: $0.clip,
          clipCount: $0.clipCount))
    }
  }

  func isWanted(_ stage: GenerationProgress.Stage, _ completed: Int, of total: Int) -> Bool {
    progress(
      GenerationProgress(
        stage: stage, completed: completed, total: total, clip: index, clipCount: clipCount))
  }

  func callAsFunction(_ stage: GenerationProgress.Stage, _ completed: Int, of total: Int) throws {
    guard isWanted(stage, completed, of: total) else { throw CancellationError() }
  }
}

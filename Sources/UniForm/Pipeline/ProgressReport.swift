/// Passes progress on for one clip of a request, and stops where the caller has had enough.
struct ProgressReport {
  let clipCount: Int
  private let index: Int
  private let progress: (GenerationProgress) -> Bool

  init(clipCount: Int, index: Int = 0, _ progress: @escaping (GenerationProgress) -> Bool) {
    self.clipCount = clipCount
    self.index = index
    self.progress = progress
  }

  func clip(_ index: Int) -> ProgressReport { ProgressReport(clipCount: clipCount, index: index, progress) }

  func isWanted(_ stage: GenerationProgress.Stage, _ completed: Int, of total: Int) -> Bool {
    progress(
      GenerationProgress(
        stage: stage, completed: completed, total: total, clip: index, clipCount: clipCount))
  }

  func callAsFunction(_ stage: GenerationProgress.Stage, _ completed: Int, of total: Int) throws {
    guard isWanted(stage, completed, of: total) else { throw CancellationError() }
  }
}

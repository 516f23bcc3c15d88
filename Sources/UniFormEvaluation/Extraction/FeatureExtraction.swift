internal import Foundation
internal import Hub
internal import Media

/// Runs extractors over the clips of a folder, several clips at a time, and keeps what they find in the cache: a run that was
/// interrupted goes on where it stopped, and memory does not grow with the number of clips.
public struct FeatureExtraction: Sendable {
  public let cache: FeatureCache
  /// No more than this from the start of each clip counts; all of it where nil.
  public var seconds: Double?
  /// One for each clip at work; fewer clips than threads share them.
  public var threads: Int

  public init(cache: FeatureCache, seconds: Double? = nil, threads: Int) {
    self.cache = cache
    self.seconds = seconds
    self.threads = max(1, threads)
  }

  /// - Parameters:
  ///   - captions: by name of the clip.
  ///   - progress: told how many clips of how many are done; may be called on any thread.
  /// - Throws: `CancellationError`, and what makes the cache unusable. A clip that fails is no error: see
  ///   ``ExtractedSet/failures``.
  public func run(
    _ clips: [ClipFolder.Clip], _ extractors: [any ClipExtractor], captions: [String: String] = [:],
    progress: @Sendable (Int, Int) -> Void = { _, _ in }
  ) async throws -> ExtractedSet {
    var outcomes = [ClipOutcome?](repeating: nil, count: clips.count)
    let share = max(1, threads / max(1, clips.count))
    progress(0, clips.count)
    try await withThrowingTaskGroup(of: (Int, ClipOutcome).self) { group in
      var (started, finished) = (0, 0)
      while finished < clips.count {
        while started < clips.count && started - finished < threads {
          let index = started
          let clip = clips[index]
          group.addTask {
            (index, try await extract(clip, extractors, caption: captions[clip.name], threads: share))
          }
          started += 1
        }
        guard let (index, outcome) = try await group.next() else { break }
        outcomes[index] = outcome
        finished += 1
        progress(finished, clips.count)
      }
    }
    return ExtractedSet(cache: cache, clips: clips, outcomes: outcomes.compactMap(\.self))
  }

  private func extract(
    _ clip: ClipFolder.Clip, _ extractors: [any ClipExtractor], caption: String?, threads: Int
  ) async throws -> ClipOutcome {
    try Task.checkCancellation()
    var outcome = ClipOutcome()
    let media = ClipMedia(clip.url, limit: seconds, threads: threads)
    do {
      guard access(clip.url.path, R_OK) == 0 else {
        throw errno == ENOENT
          ? MediaError.fileMissing(clip.url)
          : .unreadable(clip.url, String(cString: strerror(errno)))
      }
      outcome.hash = try await FileDigest.sha256(of: clip.url)
      // Every other failure is one extractor's; a file that cannot be opened is useless for all.
      let needed = extractors.contains {
        !cache.contains(cache.key(clip: outcome.hash, $0, seconds: seconds, caption: caption))
      }
      if needed { _ = try await media.probe() }
    } catch {
      try rethrow(error)
      outcome.unreadable = reason(error)
      return outcome
    }
    for extractor in extractors {
      let key = cache.key(clip: outcome.hash, extractor, seconds: seconds, caption: caption)
      if cache.features(key) == nil {
        do {
          if extractor.needs.contains(.caption), caption == nil { throw MissingCaption() }
          let features = try await extractor.extract(media, caption: caption)
          for matrix in features.values where !matrix.values.allSatisfy(\.isFinite) {
            throw EvaluationError.notFinite
          }
          try Task.checkCancellation()
          do {
            try cache.store(features, key)
          } catch {
            throw EvaluationSetupError.cacheUnusable(cache.folder.relativePath)
          }
        } catch {
          try rethrow(error)
          outcome.failures[extractor.id] = (reason(error), isAbsent: isAbsence(error))
          continue
        }
      }
      outcome.keys[extractor.id] = key
    }
    return outcome
  }

  /// What is no fault of the clip.
  private func rethrow(_ error: any Error) throws {
    try Task.checkCancellation()
    if error is CancellationError || error is EvaluationSetupError { throw error }
    switch error as? MediaError {
    case .cancelled?: throw CancellationError()
    case .toolMissing?: throw error
    default: break
    }
  }

  private func reason(_ error: any Error) -> String { "\(error)" }

  private func isAbsence(_ error: any Error) -> Bool {
    switch error as? MediaError {
    case .noVideo?, .noAudio?: true
    default: error is MissingCaption
    }
  }
}

struct MissingCaption: Error, CustomStringConvertible {
  let description = "it has no caption; name one in the list of captions"
}

/// What became of one clip.
struct ClipOutcome: Sendable {
  var hash = ""
  /// Why nothing can be done with the file.
  var unreadable: String?
  /// Where features lie in the cache, by extractor.
  var keys: [String: String] = [:]
  /// Why there are none, by extractor; absent is what the clip simply does not have.
  var failures: [String: (reason: String, isAbsent: Bool)] = [:]
}

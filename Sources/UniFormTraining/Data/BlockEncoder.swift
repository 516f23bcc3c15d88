internal import Torch
internal import UniForm

/// The encoders of a model, at work on one block of clips after another.
struct BlockEncoder: Sendable {
  private let pipeline: PipelineActor
  private let captions: CaptionEncoder
  private let seconds: Double

  init(_ model: ModelDirectory, _ recipe: CacheRecipe, _ options: CachePreparation.Options) {
    pipeline = PipelineActor(model, device: options.device, dtype: .float32, threads: options.threads)
    captions = CaptionEncoder(model, hasStates: recipe.hasTextStates)
    seconds = recipe.geometry.seconds
  }

  /// - Parameter progress: told the share of the block that is done.
  /// - Returns: the block, and how many of its clips could be loaded but not encoded.
  func encode(
    _ outcomes: [ClipOutcome], progress: @Sendable (Double) -> Void
  ) async throws -> (value: EncodedBlock, skipped: Int) {
    var loaded: [LoadedClip] = []
    var skipped: [SkippedClip] = []
    for outcome in outcomes {
      switch outcome {
      case .loaded(let clip): loaded.append(clip)
      case .skipped(let clip): skipped.append(clip)
      }
    }
    guard !loaded.isEmpty else {
      return (EncodedBlock(clips: [], posteriors: [], texts: [], skipped: skipped), 0)
    }
    let result = try await pipeline.withPipeline { [loaded, skipped] pipeline in
      let posteriors = try pipeline.posteriors(
        of: loaded.map { ($0.video, $0.audio) }, seconds: seconds
      ) {
        progress(Double($0.completed) / Double($0.total))
        return !Task.isCancelled
      }
      let texts = try captions.texts(loaded.map(\.description.caption), pipeline)
      let usable = loaded.indices.filter {
        posteriors[$0].video.isStorable && posteriors[$0].audio.isStorable && texts[$0].isStorable
      }
      let unusable = loaded.indices.filter { !usable.contains($0) }.map { index in
        let clip = loaded[index].description
        return SkippedClip(
          id: clip.id, file: clip.file, reason: .notFinite, message: "its latents are no numbers")
      }
      let block = EncodedBlock(
        clips: usable.map { loaded[$0].description }, posteriors: usable.map { posteriors[$0] },
        texts: usable.map { texts[$0] }, skipped: skipped + unusable)
      return Unchecked(value: (block, unusable.count))
    }
    return (result.value.0, result.value.1)
  }
}

/// Turns captions into tokens and states; remembers those it has seen, since class labels return again and again.
///
/// Used by the pipeline's own thread alone.
private final class CaptionEncoder: @unchecked Sendable {
  private let model: ModelDirectory
  private let hasStates: Bool
  private var known: [String: EncodedBlock.Text] = [:]
  private var tokenizer: T5Tokenizer?
  private static let most = 2000

  init(_ model: ModelDirectory, hasStates: Bool) {
    self.model = model
    self.hasStates = hasStates
  }

  func texts(_ captions: [String?], _ pipeline: UniFormPipeline) throws -> [EncodedBlock.Text] {
    let captions = try captions.map { try Caption.cleaned($0, setting: "caption") ?? "" }
    if known.count > Self.most { known = [:] }
    let new = Set(captions).filter { known[$0] == nil }.sorted()
    if !new.isEmpty {
      for (caption, text) in zip(new, try encode(new, pipeline)) { known[caption] = text }
    }
    return captions.map { known[$0]! }
  }

  private func encode(_ captions: [String], _ pipeline: UniFormPipeline) throws -> [EncodedBlock.Text] {
    let tokenizer = try self.tokenizer ?? model.loadTokenizer()
    self.tokenizer = tokenizer
    let tokens = try tokenizer.encode(captions, maximumLength: model.transformer.maximumTextLength)
    let states =
      hasStates ? try pipeline.embed(captions) { _ in !Task.isCancelled }.states : nil  // [N, L, D]
    return captions.indices.map { index in
      let ids = tokens.row(index)
      return EncodedBlock.Text(
        ids: Tensor(ids),
        states: states?.selected(0, index).narrowed(0, start: 0, length: ids.count).to(.float16))
    }
  }
}

extension EncodedBlock.Text {
  fileprivate var isStorable: Bool { states.map { $0.isFinite.allTrue } ?? true }
}

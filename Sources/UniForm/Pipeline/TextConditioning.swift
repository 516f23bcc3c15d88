internal import Torch

/// Text states for the denoiser: one row for a single pass; two, captions before null caption, for guidance.
struct TextConditioning {
  /// `[R, L, caption width]` float32.
  let states: Tensor
  /// `[R, L]`, 1 for tokens.
  let mask: Tensor
  /// `[R]`: rows that become the null caption.
  let dropped: Tensor?
  /// Rows R.
  var rows: Int { states.size(0) }

  /// For guidance of the condition, whose last pass has the text of the one before.
  func repeatingLastRow() -> TextConditioning {
    func repeated(_ tensor: Tensor) -> Tensor {
      .concatenate([tensor, tensor.narrowed(0, start: rows - 1, length: 1)], axis: 0)
    }
    return TextConditioning(states: repeated(states), mask: repeated(mask), dropped: dropped.map(repeated))
  }

  /// Each row by itself.
  var separateRows: [TextConditioning] {
    (0..<rows).map { row in
      func only(_ tensor: Tensor) -> Tensor { tensor.narrowed(0, start: row, length: 1) }
      return TextConditioning(states: only(states), mask: only(mask), dropped: dropped.map(only))
    }
  }

  /// The null caption alone.
  static func null(length: Int, width: Int, device: Device) -> TextConditioning {
    TextConditioning(
      states: .zeros([1, length, width], device: device),
      mask: .ones([1, length], dtype: .int64, device: device), dropped: Tensor([true], device: device))
  }

  /// Captions, and null captions after them, without elements; see ``StageOutline``.
  static func outline(rows: Int, length: Int, width: Int) -> TextConditioning {
    TextConditioning(
      states: .empty([rows, length, width], device: .outline), mask: .ones([rows, length], dtype: .int64),
      dropped: .empty([rows], dtype: .bool, device: .outline))
  }

  /// A caption alone.
  init(caption: TextEmbeddings) {
    self.init(states: caption.hiddenStates, mask: caption.mask, dropped: nil)
  }

  /// A caption, then the null caption of the same length.
  init(guided caption: TextEmbeddings) {
    let (states, mask) = (caption.hiddenStates, caption.mask)
    self.init(
      states: .concatenate([states, states], axis: 0), mask: .concatenate([mask, mask], axis: 0),
      dropped: Tensor([false, true], device: states.device))
  }

  /// Both rows of a batch of two captions, the negative one second.
  init(pair captions: TextEmbeddings) { self.init(caption: captions) }

  private init(states: Tensor, mask: Tensor, dropped: Tensor?) {
    self.states = states
    self.mask = mask
    self.dropped = dropped
  }
}

extension UniFormPipeline {
  /// Encodes the captions of a request; without text no encoder is needed.
  func encodeText(_ request: ResolvedRequest, _ report: ProgressReport) throws -> TextConditioning {
    guard model.textEncoder.width > widestInOneThread else {
      return try independentPieces(
        1, on: device, progress: { try report(.encodingText, $0, of: 1) },
        compute: { _ in try self.encodedText(request) })[0]
    }
    try report(.encodingText, 0, of: 1)
    let conditioning = try encodedText(request)
    try report(.encodingText, 1, of: 1)
    return conditioning
  }

  private func encodedText(_ request: ResolvedRequest) throws -> TextConditioning {
    let rows = try textRows(request)
    return request.guidance?.guidesCondition == true ? rows.repeatingLastRow() : rows
  }

  /// The caption, and what stands in its place where text is guided.
  private func textRows(_ request: ResolvedRequest) throws -> TextConditioning {
    let c = model.transformer
    guard let prompt = request.prompt else {
      return .null(
        length: min(model.defaults.nullCaptionLength, c.maximumTextLength), width: c.captionChannels,
        device: device)
    }
    let isGuided = request.guidance?.guidesText == true
    let captions = isGuided ? [prompt, request.negativePrompt].compactMap(\.self) : [prompt]
    let tokens = try tokenizer().encode(captions, maximumLength: c.maximumTextLength)
    func tensor(_ values: [Int64]) -> Tensor {
      Tensor(values.map(Int.init), shape: [tokens.count, tokens.length], device: device)
    }
    let embeddings = try networks.loadedTextEncoder()(
      tensor(tokens.ids), mask: tensor(tokens.mask), dtype: .float32)
    return switch (isGuided, captions.count) {
    case (false, _): TextConditioning(caption: embeddings)
    case (_, 1): TextConditioning(guided: embeddings)
    default: TextConditioning(pair: embeddings)
    }
  }
}

public import Foundation
public import Torch
public import UniForm

/// Encodes the clips of a source into a cache for training: decoders run ahead of the encoders, what is done stays done
/// whatever happens, and a clip that cannot be used is left out with its reason.
public struct CachePreparation: Sendable {
  public struct Options: Sendable {
    /// Of the clips; the model's where nil.
    public var seconds: Double?
    /// Stores the states of the text encoder besides tokens; nil does where the model has weights for it.
    public var textStates: Bool?
    public var device = Device.cpu
    /// Of the encoders on the CPU; nil takes all.
    public var threads: Int?
    /// Clips that are decoded side by side.
    public var decoders = ProcessInfo.processInfo.activeProcessorCount
    /// Clips of the source per file.
    public var shardSize = 1000
    public var share = WorkShare.whole

    public init() {}
  }

  public struct Progress: Sendable, Equatable {
    /// Clips of this worker that are encoded or left out, those of earlier runs included.
    public let done: Int
    public let total: Int
    /// Of this run.
    public let skipped: Int
  }

  public struct Outcome: Sendable {
    /// Nil while other workers have not finished theirs.
    public let index: CacheIndex?
    /// Clips that were looked at in this run.
    public let done: Int
    public let skipped: Int
  }

  public let source: any ClipSource
  public let model: ModelDirectory
  public let options: Options
  public let recipe: CacheRecipe
  private let work: CacheWork

  public init(_ source: any ClipSource, model: ModelDirectory, to cache: URL, _ options: Options = .init()) {
    self.source = source
    self.model = model
    self.options = options
    work = CacheWork(cache: cache)
    let states = options.textStates ?? ((try? model.weightsURL(.textEncoder)) != nil)
    var geometry = model.geometry
    geometry.seconds = options.seconds ?? geometry.seconds
    recipe = CacheRecipe(
      model: model.name, encoders: .init(model, hasTextStates: states), geometry: geometry,
      hasTextStates: states, settings: source.settings, source: source.summary, shardSize: options.shardSize)
  }

  /// Goes on where an earlier run of the same recipe stopped.
  ///
  /// - Throws: ``DataError``; what is wrong with the model's files; `CancellationError`, after which the next run goes on.
  public func run(progress: @escaping @Sendable (Progress) -> Void = { _ in }) async throws -> Outcome {
    for part in [ModelDirectory.Part.videoVAE, .audioVAE] { _ = try model.weightsURL(part) }
    _ = try model.loadTokenizer()
    if let index = try work.begin(recipe) { return Outcome(index: index, done: 0, skipped: 0) }
    let lock = try work.lock(options.share)
    defer { withExtendedLifetime(lock) {} }
    let blocks = pendingBlocks
    let indices = blocks.flatMap(\.clips)
    let total = units.filter(options.share.owns).reduce(0) { $0 + clips(of: $1).count }
    let earlier = total - indices.count
    let encoder = BlockEncoder(model, recipe, options)
    var (done, skipped, next) = (0, 0, 0)
    var block: [ClipOutcome] = []
    progress(Progress(done: earlier, total: total, skipped: 0))
    try finishUnits()
    try await loadingAhead(
      indices.count, ahead: options.decoders + CacheWork.blockSize, atOnce: options.decoders,
      load: { [source] in try await source.load(indices[$0]) }
    ) { outcome in
      block.append(outcome)
      if case .skipped = outcome { skipped += 1 }
      let current = blocks[next]
      guard block.count == current.clips.count else { return }
      let before = Progress(done: earlier + done, total: total, skipped: skipped)
      let encoded = try await encoder.encode(block) { share in
        progress(
          Progress(
            done: before.done + Int(share * Double(current.clips.count)), total: total,
            skipped: before.skipped))
      }
      try work.write(encoded.value, number: current.number, unit: current.unit)
      skipped += encoded.skipped
      done += block.count
      next += 1
      block = []
      progress(Progress(done: earlier + done, total: total, skipped: skipped))
      if next == blocks.count || blocks[next].unit != current.unit {
        try finish(current.unit)
      }
    }
    let index = try work.merge(units: units.count, recipe)
    return Outcome(index: index, done: done, skipped: skipped)
  }

  // MARK: The division of the work

  private struct Block {
    let unit: Int
    let number: Int
    let clips: Range<Int>
  }

  private var units: Range<Int> { 0..<(source.count + options.shardSize - 1) / options.shardSize }

  private func clips(of unit: Int) -> Range<Int> {
    unit * options.shardSize..<min((unit + 1) * options.shardSize, source.count)
  }

  private func blocks(of unit: Int) -> [Block] {
    let clips = clips(of: unit)
    return stride(from: clips.lowerBound, to: clips.upperBound, by: CacheWork.blockSize).enumerated().map {
      Block(unit: unit, number: $0, clips: $1..<min($1 + CacheWork.blockSize, clips.upperBound))
    }
  }

  private var pendingBlocks: [Block] {
    units.filter { options.share.owns($0) && !work.isFinished(unit: $0) }.flatMap { unit in
      blocks(of: unit).filter { !work.hasBlock($0.number, unit: unit) }
    }
  }

  /// Units whose last block an earlier run wrote, but not their shard.
  private func finishUnits() throws {
    for unit in units where options.share.owns(unit) && !work.isFinished(unit: unit) {
      if blocks(of: unit).allSatisfy({ work.hasBlock($0.number, unit: unit) }) { try finish(unit) }
    }
  }

  private func finish(_ unit: Int) throws {
    try Task.checkCancellation()
    try work.finish(unit: unit, blocks: blocks(of: unit).count, recipe)
  }
}

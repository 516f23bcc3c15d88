internal import Foundation
internal import Torch

/// The weights of one part as they will be written: every tensor of the configuration, from the file or begun anew.
struct PartImport {
  let part: ModelDirectory.Part
  let tensors: [SafeTensors.Pending]
  let source: Weights
  let report: ImportReport

  /// What a format says about its weights.
  struct Recipe {
    var format: String
    var licence: String
    /// Under the names of the network, without what is ignored.
    var weights: Weights
    var ignored: [ImportReport.Group] = []
    /// What may be missing, and how it then starts.
    var initialised: [NamePattern] = []
    /// What may be missing altogether.
    var optional: [NamePattern] = []
    /// The name in the file of a tensor of the network.
    var published: (String) -> String = { $0 }
    var notes: [String] = []
  }

  /// - Parameters:
  ///   - outline: every tensor that the part's configuration asks for.
  ///   - dtype: of floating-point tensors; as stored where nil.
  /// - Throws: `WeightError` with the file and its own name of a tensor.
  init(
    _ part: ModelDirectory.Part, _ recipe: Recipe, outline: [ParameterStore.Entry], dtype: DType?,
    seed: UInt64
  ) throws {
    self.part = part
    let weights = recipe.weights
    source = weights
    var pending: [SafeTensors.Pending] = []
    var tally = NameTally(recipe.initialised)
    var unused = Set(weights.items.keys)
    var missing: [ParameterStore.Entry] = []
    for entry in outline {
      let shape = entry.tensor.shape
      if let item = weights.items[entry.name] {
        unused.remove(entry.name)
        guard item.shape == shape else {
          throw WeightError.wrongShape(
            tensor: item.origin ?? recipe.published(entry.name), expected: shape, found: item.shape,
            file: weights.source)
        }
        let stored = try item.load().dtype
        weights.releasePages()
        let written = stored.isFloatingPoint ? dtype ?? stored : stored
        pending.append(
          SafeTensors.Pending(name: entry.name, shape: shape, dtype: written) {
            try item.load().to(written)
          })
      } else if tally.count(entry.name) {
        missing.append(entry)
      } else if !recipe.optional.contains(where: { $0.matches(entry.name) }) {
        throw WeightError.missing(tensor: recipe.published(entry.name), file: weights.source)
      }
    }
    guard unused.isEmpty else {
      let names = unused.map { weights.items[$0]?.origin ?? recipe.published($0) }.sorted()
      throw WeightError.unexpected(tensors: names, file: weights.source)
    }
    let taken = pending.count
    // New tensors are of the type that most of the file has.
    let stored = Dictionary(grouping: pending, by: \.dtype).max { $0.value.count < $1.value.count }?.key
    let begun = dtype ?? stored ?? .float32
    pending += missing.map { .starting($0, dtype: begun, seed: seed) }
    tensors = pending
    report = ImportReport(
      part: part.rawValue, format: recipe.format, source: weights.source, licence: recipe.licence,
      taken: taken,
      initialised: tally.groups, ignored: recipe.ignored,
      parameters: pending.reduce(0) { $0 + $1.shape.reduce(1, *) },
      bytes: pending.reduce(0) { $0 + $1.byteCount }, notes: recipe.notes)
  }
}

extension PartImport {
  /// Every tensor begun anew.
  init(
    untrained part: ModelDirectory.Part, outline: [ParameterStore.Entry], licence: String, dtype: DType?,
    seed: UInt64
  ) throws {
    try self.init(
      part,
      Recipe(
        format: "untrained", licence: licence,
        weights: Weights(items: [:], source: "seed \(seed)"),
        initialised: [NamePattern("*", "random numbers")]),
      outline: outline, dtype: dtype, seed: seed)
  }
}

extension SafeTensors.Pending {
  /// A new tensor, the same for the same seed and name whatever else is written.
  fileprivate static func starting(
    _ entry: ParameterStore.Entry, dtype: DType, seed: UInt64
  ) -> SafeTensors.Pending {
    let hash = entry.name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    let shape = entry.tensor.shape
    return SafeTensors.Pending(name: entry.name, shape: shape, dtype: dtype) {
      entry.initialization.tensor(shape, generator: Generator(seed: seed ^ hash)).to(dtype)
    }
  }
}

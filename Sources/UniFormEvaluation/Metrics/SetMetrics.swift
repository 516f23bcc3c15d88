internal import Torch

/// What scores over features of a whole set need to know.
struct FeatureSource: Sendable {
  let extractor: String
  /// Which of its results.
  let key: String
  /// How clips are prepared, for the metric's id.
  let settings: String

  /// One matrix for each clip that has it.
  func matrices(_ entries: [MetricInput.Entry]) -> [FeatureMatrix] {
    entries.compactMap { $0.features[key] }
  }
}

/// ``FrechetDistance`` of features, with its floor and interval.
struct FrechetMetric: Metric {
  let name: String
  let family: String
  let source: FeatureSource
  /// 1 divides covariances by N − 1, as most implementations do.
  var correction = 1
  /// What the value is multiplied by.
  var scale = 1.0

  var id: String {
    "\(name)/\(source.extractor)-\(source.key)/\(source.settings)/"
      + (correction == 1 ? "cov-N-1" : "cov-N") + (scale == 1 ? "" : "/x\(scale)")
  }
  var better: Score.Direction { .lower }
  var extractors: [String] { [source.extractor] }
  var needsReference: Bool { true }

  func score(_ input: MetricInput) throws -> Score {
    let generated = source.matrices(try input.generated(source.extractor))
    let reference = source.matrices(try input.reference(source.extractor))
    let (a, b) = (generated.rows, reference.rows)
    let fewest = min(a.size(0), b.size(0))
    guard fewest > a.size(1) || input.allowsRankDeficiency else {
      throw MetricGap(
        "\(fewest) feature vectors of width \(a.size(1)) give a singular covariance; use more clips, or "
          + "--allow-rank-deficient")
    }
    func distance(_ x: Tensor, _ y: FeatureStatistics) throws(EvaluationError) -> Double {
      scale * (try FrechetDistance.between(FeatureStatistics(x, correction: correction), y))
    }
    let real = try FeatureStatistics(b, correction: correction)
    var score = Score(try distance(a, real), generated: generated.count, reference: reference.count)
    score.details = ["generated_vectors": Double(a.size(0)), "reference_vectors": Double(b.size(0))]
    let halves = halves(reference)
    if let halves, min(halves.0.size(0), halves.1.size(0)) > a.size(1) || input.allowsRankDeficiency {
      score.floor = try distance(halves.0, FeatureStatistics(halves.1, correction: correction))
    }
    score.interval = try Jackknife.interval(of: score.value, count: generated.count) {
      (indices) throws(EvaluationError) in
      try distance(indices.map { generated[$0] }.rows, real)
    }
    if a.size(0) >= ExtrapolatedDistance.fewest(width: a.size(1)) {
      let estimate = try ExtrapolatedDistance().between(a, real)
      score.details?["extrapolated_without_replacement"] = scale * estimate.distance
      score.details?["extrapolated_without_replacement_r2"] = estimate.determination
    }
    return score
  }
}

/// ``KernelDistance`` of features: over the full sets, or over subsets.
struct KernelMetric: Metric {
  let name: String
  let family: String
  let source: FeatureSource
  /// Over subsets and times 1000, as the kernel inception distance is; over the full sets otherwise.
  var overSubsets = false

  var id: String {
    "\(name)/\(source.extractor)-\(source.key)/\(source.settings)/poly3-unbiased/"
      + (overSubsets ? "100-subsets-of-1000/x1000" : "full-set")
  }
  var better: Score.Direction { .lower }
  var extractors: [String] { [source.extractor] }
  var needsReference: Bool { true }

  func score(_ input: MetricInput) throws -> Score {
    let generated = source.matrices(try input.generated(source.extractor))
    let reference = source.matrices(try input.reference(source.extractor))
    let (a, b) = (generated.rows, reference.rows)
    var score: Score
    if overSubsets {
      let subsets = try SubsetKernelDistance().between(a, b)
      score = Score(1000 * subsets.mean, generated: generated.count, reference: reference.count)
      score.deviation = 1000 * subsets.deviation
    } else {
      score = Score(
        try KernelDistance().between(a, b), generated: generated.count, reference: reference.count)
      if let halves = halves(reference) { score.floor = try KernelDistance().between(halves.0, halves.1) }
      score.interval = try Jackknife.interval(of: score.value, count: generated.count) {
        (indices) throws(EvaluationError) in
        try KernelDistance().between(indices.map { generated[$0] }.rows, b)
      }
    }
    return score
  }
}

/// ``InceptionScore`` of a classifier's logits, of generated clips alone.
struct InceptionMetric: Metric {
  let name: String
  let family: String
  let source: FeatureSource
  var inception = InceptionScore()

  var id: String {
    let shuffle =
      switch inception.shuffle {
      case .none: "unshuffled"
      case .numpy(let seed): "numpy-seed-\(seed)"
      }
    return
      "\(name)/\(source.extractor)-\(source.key)/\(source.settings)/\(inception.splits)-splits/\(shuffle)"
  }
  var better: Score.Direction { .higher }
  var extractors: [String] { [source.extractor] }
  var needsReference: Bool { false }

  func score(_ input: MetricInput) throws -> Score {
    let generated = source.matrices(try input.generated(source.extractor))
    let result = try inception(generated.rows)
    var score = Score(result.mean, generated: generated.count)
    score.deviation = result.deviation
    let entries = try input.referenceIfAny(source.extractor)
    if !entries.isEmpty {
      let real = source.matrices(entries).rows
      // Each split needs an opinion.
      score.reference = real.size(0) >= inception.splits ? try inception(real).mean : nil
      score.referenceCount = entries.count
    }
    return score
  }
}

/// ``PairedDivergence`` of a classifier's logits on clips of the same name.
struct DivergenceMetric: Metric {
  let name: String
  let family: String
  let source: FeatureSource
  var divergence = PairedDivergence()

  var id: String {
    let direction = divergence.direction == .fromTarget ? "target-generated" : "generated-target"
    let epsilon = divergence.epsilon > 0 ? "eps\(divergence.epsilon)" : "exact"
    return
      "\(name)/\(source.extractor)-\(source.key)/\(source.settings)/\(divergence.probabilities.rawValue)/"
      + "\(direction)/\(epsilon)"
  }
  var better: Score.Direction { .lower }
  var extractors: [String] { [source.extractor] }
  var needsReference: Bool { true }
  var needsPairs: Bool { true }

  func score(_ input: MetricInput) throws -> Score {
    let pairs = try input.pairs(source.extractor)
    // One opinion per clip: the mean over its parts.
    func logits(_ features: ClipFeatures) -> FeatureMatrix {
      FeatureMatrix(features[source.key]!.tensor.mean([0], keepingAxes: true))
    }
    let (a, b) = (pairs.map { logits($0.generated) }.rows, pairs.map { logits($0.reference) }.rows)
    let values = try divergence.perPair(generated: a, target: b)
    var score = Score(perClip: zip(pairs, values).map { ($0.name, $1) })
    score.referenceCount = pairs.count
    score.shuffled = try shuffledOrders(pairs.count).map {
      try divergence(generated: a, target: b.indexed(0, by: Tensor($0)))
    }.mean
    return score
  }
}

/// Clips of even and of odd places.
private func halves(_ clips: [FeatureMatrix]) -> (Tensor, Tensor)? {
  guard clips.count >= 4 else { return nil }
  let even = stride(from: 0, to: clips.count, by: 2).map { clips[$0] }
  let odd = stride(from: 1, to: clips.count, by: 2).map { clips[$0] }
  return (even.rows, odd.rows)
}

internal import Foundation

/// The mean of one number per clip that an extractor gives.
struct MeanMetric: Metric {
  let name: String
  let family: String
  let better: Score.Direction
  let source: FeatureSource

  var id: String { "\(name)/\(source.extractor)-\(source.key)/\(source.settings)/mean" }
  var extractors: [String] { [source.extractor] }
  var needsReference: Bool { false }

  func score(_ input: MetricInput) throws -> Score {
    func values(_ entries: [MetricInput.Entry]) -> [Named<Double>] {
      entries.compactMap { entry in entry.features[source.key]?.values.first.map { (entry.clip.name, $0) } }
    }
    let (clips, real) = MetricInput.paired(
      values(try input.generated(source.extractor)), values(try input.referenceIfAny(source.extractor)))
    return Score(perClip: clips, reference: real)
  }
}

/// What published networks score.
enum NetworkMetrics {
  /// - Parameter weights: nil lists the metrics all the same.
  static func all(_ weights: (EvaluationNetwork) async throws -> PublishedWeights?) async throws -> [(
    network: EvaluationNetwork, isPresent: Bool, extractors: [NetworkExtractor], metrics: [any Metric]
  )] {
    var entries: [(EvaluationNetwork, Bool, [NetworkExtractor], [any Metric])] = []
    func add(
      _ network: EvaluationNetwork,
      _ make: (PublishedWeights) -> [(
        extractor: NetworkExtractor, metrics: (NetworkExtractor) -> [any Metric]
      )]
    ) async throws {
      let found = try await weights(network)
      let parts = make(found ?? PublishedWeights(missing: network))
      entries.append(
        (network, found != nil, parts.map(\.extractor), parts.flatMap { $0.metrics($0.extractor) }))
    }
    func source(_ extractor: NetworkExtractor, _ key: String) -> FeatureSource {
      FeatureSource(extractor: extractor.id, key: key, settings: extractor.settings)
    }
    try await add(I3D.network) { w in
      let variants: [(NetworkExtractor, String)] = [
        (.i3d(w, .whole, .cropped, .hub, variant: "whole"), "fvd-whole"),
        (.i3d(w, .first(16), .cropped, .videoGPT, variant: "eps1e-5"), "fvd-eps1e-5"),
        (.i3d(w, .first(16), .stretched, .hub, variant: "stretched"), "fvd-stretched"),
        (.i3d(w, .first(16), .tensorFlow, .hub, variant: "tensorflow"), "fvd-tensorflow"),
      ]
      return [
        (
          .i3d(w, .first(16), .cropped, .hub),
          {
            [
              FrechetMetric(name: "FVD", family: "fvd", source: source($0, "logits")),
              KernelMetric(name: "KVD", family: "kvd", source: source($0, "logits")),
              KernelMetric(name: "KVD-KID", family: "kvd", source: source($0, "logits"), overSubsets: true),
              InceptionMetric(name: "IS-I3D-K400", family: "is-i3d", source: source($0, "logits")),
            ]
          }
        )
      ]
        + variants.map { extractor, family in
          (
            extractor,
            { [FrechetMetric(name: family.uppercased(), family: family, source: source($0, "logits"))] }
          )
        }
    }
    try await add(C3D.network) { w in
      [
        (
          .c3d(w),
          {
            [
              InceptionMetric(
                name: "IS-C3D-UCF101", family: "is-c3d", source: source($0, "logits"),
                inception: InceptionScore(splits: 10, shuffle: .none))
            ]
          }
        )
      ]
    }
    try await add(VGGish.network) { w in
      [
        (
          .vggish(w, .audioLDM),
          { [FrechetMetric(name: "FAD", family: "fad", source: source($0, "features"))] }
        ),
        (
          .vggish(w, .google, variant: "google"),
          { [FrechetMetric(name: "FAD-google", family: "fad-google", source: source($0, "features"))] }
        ),
      ]
    }
    func tagger(_ extractor: NetworkExtractor, _ suffix: String) -> [any Metric] {
      let (features, logits) = (source(extractor, "features"), source(extractor, "logits"))
      let low = suffix.lowercased()
      return [
        FrechetMetric(name: "FD\(suffix)", family: "fd\(low)", source: features),
        InceptionMetric(name: "IS\(suffix)", family: "is\(low)", source: logits),
        DivergenceMetric(
          name: "KL\(suffix)", family: "kl\(low)", source: logits, divergence: PairedDivergence(epsilon: 1e-6)
        ),
        DivergenceMetric(
          name: "KL-sigmoid\(suffix)", family: "kl\(low)", source: logits,
          divergence: PairedDivergence(.sigmoid, epsilon: 1e-6)),
        KernelMetric(name: "KID\(suffix)", family: "kid\(low)", source: features, overSubsets: true),
      ]
    }
    try await add(Cnn14.network) { [(.cnn14($0), { tagger($0, "") })] }
    try await add(PaSST.network) { [(.passt($0), { tagger($0, "-PaSST") })] }
    try await add(YAMNet.network) { [(.yamnet($0), { tagger($0, "-YAMNet") })] }
    func mean(
      _ name: String, _ family: String, _ better: Score.Direction, _ extractor: NetworkExtractor,
      _ key: String
    ) -> MeanMetric {
      MeanMetric(name: name, family: family, better: better, source: source(extractor, key))
    }
    try await add(Synchformer.network) { w in
      [
        (.synchformer(w, .repeated), { [mean("DeSync (repeated)", "desync", .lower, $0, "score")] }),
        (
          .synchformer(w, .refused, variant: "long"),
          { [mean("DeSync (4.8 s and longer)", "desync-long", .lower, $0, "score")] }
        ),
      ]
    }
    try await add(ImageBind.network) { w in
      [
        (
          .imageBind(w),
          {
            [
              mean("ImageBind", "imagebind", .higher, $0, "cosine"),
              mean("JavisScore", "javisscore", .higher, $0, "javis"),
              mean("AVHScore", "avhscore", .higher, $0, "avh"),
            ]
          }
        )
      ]
    }
    for family in CLAP.Family.allCases {
      try await add(family.network) { w in
        [
          (
            .clap(w, family),
            {
              [
                mean(
                  "CLAP (\(family.rawValue))", "clap-\(family.rawValue.lowercased())", .higher, $0, "score")
              ]
            }
          )
        ]
      }
    }
    try await add(MSCLAP.network) { w in
      [(.msCLAP(w), { [mean("MS-CLAP", "ms-clap", .higher, $0, "score")] })]
    }
    return entries
  }

  /// Metrics that are only computed when they are asked for by name: other readings of one that is.
  static let variants: Set<String> = [
    "fvd-whole", "fvd-eps1e-5", "fvd-stretched", "fvd-tensorflow", "fad-google", "desync-long",
  ]
}

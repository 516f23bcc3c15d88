public import Scenes
public import UniForm

/// Scenes that are rendered when their turn comes: no file is written or read.
public struct RenderedClips: ClipSource {
  public let count: Int
  public let seed: UInt64
  private let renderer: SceneRenderer

  /// - Parameter seed: of the whole set: clip 7 of a seed is always the same, whatever the count.
  public init(count: Int, seed: UInt64, geometry: SceneGeometry) {
    self.count = count
    self.seed = seed
    renderer = SceneRenderer(geometry: geometry)
  }

  public var summary: CacheRecipe.Source {
    .init(layout: "scenes", split: "seed \(seed), rendered", count: count, fingerprint: "rendered")
  }
  public var settings: [String: String] { [:] }

  public func load(_ index: Int) async throws -> ClipOutcome {
    try Task.checkCancellation()
    let clip = renderer.render(seed: SceneRenderer.clipSeed(datasetSeed: seed, index: index))
    return .loaded(
      LoadedClip(
        description: ClipDescription(
          id: "seed-\(seed)-\(index)", caption: clip.caption, file: nil, start: 0, split: nil),
        video: clip.video, audio: clip.audio))
  }
}

extension ClipGeometry {
  /// The scenes that fill such a clip.
  public var scenes: SceneGeometry {
    SceneGeometry(
      width: width, height: height, frameRate: Double(frameRate), seconds: seconds, sampleRate: sampleRate)
  }
}

public import Media

/// Renders sounding clips, the same clip for the same seed.
public struct SceneRenderer: Sendable {
  public let geometry: SceneGeometry

  /// - Parameter geometry: must pass `SceneGeometry.validate()`.
  public init(geometry: SceneGeometry) {
    precondition((try? geometry.validate()) != nil, "\(geometry) cannot be rendered; validate it first")
    self.geometry = geometry
  }

  /// The seed of clip `index` of a dataset: any clip can be rendered alone, in any order, on any thread.
  public static func clipSeed(datasetSeed: UInt64, index: Int) -> UInt64 {
    RandomSource.scramble(
      RandomSource.scramble(datasetSeed &+ 0x9E37_79B9_7F4A_7C15) &+ UInt64(bitPattern: Int64(index)))
  }

  /// - Parameter sceneClass: the kind of scene; drawn from the seed when `nil`.
  public func render(seed: UInt64, sceneClass: SceneClass? = nil) -> SceneClip {
    let sceneClass = sceneClass ?? Self.sceneClass(seed: seed)
    let scene = compose(seed: seed, sceneClass: sceneClass)
    return SceneClip(
      video: picture(of: scene), audio: sound(of: scene, seed: seed), caption: scene.caption,
      sceneClass: sceneClass, attributes: scene.attributes, seed: seed, seconds: geometry.seconds,
      events: scene.events)
  }

  /// The kind of scene that a seed draws.
  public static func sceneClass(seed: UInt64) -> SceneClass {
    var draw = RandomSource(seed: seed).fork(0)
    return draw.choice(of: SceneClass.self)
  }

  /// Only the pictures of ``render(seed:sceneClass:)``.
  public func pictures(seed: UInt64) -> VideoFrames {
    picture(of: compose(seed: seed, sceneClass: Self.sceneClass(seed: seed)))
  }

  /// Only the sound of ``render(seed:sceneClass:)``.
  public func sound(seed: UInt64) -> Waveform {
    sound(of: compose(seed: seed, sceneClass: Self.sceneClass(seed: seed)), seed: seed)
  }

  /// Only the caption of ``render(seed:sceneClass:)``.
  public func caption(seed: UInt64) -> String {
    compose(seed: seed, sceneClass: Self.sceneClass(seed: seed)).caption
  }

  func compose(seed: UInt64, sceneClass: SceneClass) -> any Scene {
    // Each class has its own stream, or one seed would give all of them the same background and colour.
    let stream = sceneClass.rawValue.utf8.reduce(1) { $0 &* 31 &+ UInt64($1) }
    var random = RandomSource(seed: seed).fork(stream)
    return sceneClass.scene.init(random: &random, seconds: geometry.seconds)
  }

  func picture(of scene: any Scene) -> VideoFrames {
    let backdrop = Canvas(width: geometry.width, height: geometry.height)
    scene.paintBackdrop(on: backdrop)
    let canvas = Canvas(width: geometry.width, height: geometry.height)
    let frameBytes = geometry.width * geometry.height * 3
    let pixels = [UInt8](unsafeUninitializedCapacity: frameBytes * geometry.frameCount) { bytes, count in
      for frame in 0..<geometry.frameCount {
        canvas.copy(backdrop)
        scene.paint(at: Moment(frame: frame, frameRate: geometry.frameRate), on: canvas)
        canvas.write(to: bytes.baseAddress! + frame * frameBytes)
      }
      count = frameBytes * geometry.frameCount
    }
    return VideoFrames(
      width: geometry.width, height: geometry.height, frameRate: geometry.frameRate, pixels: pixels)
  }

  func sound(of scene: any Scene, seed: UInt64) -> Waveform {
    var track = Soundtrack(
      sampleRate: geometry.sampleRate, sampleCount: geometry.sampleCount,
      random: RandomSource(seed: seed).fork(2))
    scene.play(into: &track)
    return Waveform(sampleRate: geometry.sampleRate, samples: track.mastered())
  }
}

public import Torch

/// The latents of one clip, as ``UniFormPipeline/encode(video:audio:seconds:seed:progress:)`` makes them: normalised
/// to about unit variance, as the transformer sees them.
///
/// Letters: T latent frames of H × W, Ta audio latent steps of F mel positions, both over whole seconds.
public struct ClipLatents {
  /// `[1, 4, T, H, W]`, float32; nil where the clip has no pictures.
  public var video: Tensor?
  /// `[1, 8, Ta, F]`, float32; nil where it has no sound.
  public var audio: Tensor?
  /// Of the clip, `seconds` included: what lies behind them in the latents is cut off again.
  public var geometry: ClipGeometry
  public var origin: Origin

  /// Where latents come from.
  public struct Origin: Sendable, Equatable {
    /// The model's name.
    public var model: String
    /// Of the codec of each modality, ``ModelDirectory/codecFingerprint(of:)``: another codec would decode them to
    /// something else. Empty for a modality that is not there.
    public var codecs: PerModality<String>
    /// The seed of a sample of the posterior; nil for its mode.
    public var seed: UInt64?
    /// The media file, where it is known, and the seconds at which the clip begins in it.
    public var source: String?
    public var start: Double

    public init(
      model: String, codecs: PerModality<String>, seed: UInt64? = nil, source: String? = nil,
      start: Double = 0
    ) {
      self.model = model
      self.codecs = codecs
      self.seed = seed
      self.source = source
      self.start = start
    }
  }

  public init(video: Tensor?, audio: Tensor?, geometry: ClipGeometry, origin: Origin) {
    self.video = video
    self.audio = audio
    self.geometry = geometry
    self.origin = origin
  }

  public subscript(modality: Modality) -> Tensor? { modality == .video ? video : audio }

  /// What the clip has.
  public var modalities: [Modality] { Modality.allCases.filter { self[$0] != nil } }
}

extension ClipLatents {
  /// - Throws: ``CodecError`` where these are no latents of the model's codecs.
  func check(against model: ModelDirectory) throws(CodecError) {
    if let difference = geometry.difference(from: model.geometry) {
      throw .otherGeometry(
        key: difference.key, found: difference.value, needed: difference.other, by: model.name)
    }
    if video != nil {
      do { try model.check(geometry.size) } catch {
        throw .notLatents(file: "latents", reason: "\(error)")
      }
    }
    try checkShapes(in: "latents")
    for modality in modalities {
      let (found, needed) = (origin.codecs[modality], model.codecFingerprint(of: modality))
      guard found == needed else {
        throw .otherCodec(
          modality: modality, model: origin.model, found: found, needed: needed, by: model.name)
      }
    }
  }

  /// - Parameter file: what the error names.
  func checkShapes(in file: String) throws(CodecError) {
    guard !modalities.isEmpty else {
      throw .notLatents(file: file, reason: "it has neither \"video\" nor \"audio\"")
    }
    guard Self.allowedSeconds(geometry.seconds) else {
      throw .notLatents(file: file, reason: "\(geometry.seconds) s are no length of a clip")
    }
    let shapes = PerModality(video: [1] + geometry.videoLatentShape, audio: [1] + geometry.audioLatentShape)
    for modality in modalities {
      guard let found = self[modality]?.shape, found != shapes[modality] else { continue }
      let name = modality.rawValue
      throw .notLatents(
        file: file, reason: "\"\(name)\" has shape \(found), its geometry needs \(shapes[modality])")
    }
  }

  /// More than none, and no more than a sound can be encoded at once.
  static func allowedSeconds(_ seconds: Double) -> Bool {
    seconds > 0 && seconds <= GenerationRequest.allowedSeconds.upperBound
  }

  static func checkLength(_ seconds: Double) throws(GenerationError) {
    guard allowedSeconds(seconds) else {
      throw .outOfRange(setting: "seconds", value: "\(seconds)", allowed: "above 0 and up to 10")
    }
  }
}

extension ClipGeometry {
  /// In what the codecs code; a clip's length and size are its own.
  package func difference(from other: ClipGeometry) -> (key: String, value: Int, other: Int)? {
    let fields: [(String, KeyPath<ClipGeometry, Int>)] = [
      ("frame_rate", \.frameRate), ("sample_rate", \.sampleRate),
      ("hop_length", \.hopLength), ("mel_bins", \.melBins), ("spatial_factor", \.spatialFactor),
      ("chunk_frames", \.chunkFrames), ("chunk_latents", \.chunkLatents),
      ("audio_time_factor", \.audioTimeFactor), ("audio_frequency_factor", \.audioFrequencyFactor),
      ("audio_channels", \.audioChannels), ("video_channels", \.videoChannels),
    ]
    let different = fields.first { self[keyPath: $0.1] != other[keyPath: $0.1] }
    return different.map { ($0.0, self[keyPath: $0.1], other[keyPath: $0.1]) }
  }
}

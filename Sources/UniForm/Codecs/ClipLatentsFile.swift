public import Foundation
internal import Media
internal import Torch

/// Latents in a safetensors file: the tensors `video` and `audio`, as many as there are, and in its metadata where
/// they come from.
extension ClipLatents {
  private static let format = "uniform-latents"

  public func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var metadata = [
      "format": Self.format, "version": UniFormVersion.current, "model": origin.model,
      "geometry": String(decoding: try encoder.encode(geometry), as: UTF8.self),
      "seconds": "\(geometry.seconds)", "start": "\(origin.start)", "units": "normalised",
      "posterior": origin.seed == nil ? "mode" : "sample",
    ]
    metadata["seed"] = origin.seed.map { "\($0)" }
    metadata["source"] = origin.source
    for modality in modalities { metadata["\(modality.rawValue)_codec"] = origin.codecs[modality] }
    let tensors = modalities.compactMap { modality in self[modality].map { (modality.rawValue, $0) } }
    try SafeTensors.write(tensors, metadata: metadata, to: url.linkTarget)
  }

  /// - Throws: `WeightError` for a file that is missing, cut off or no safetensors, ``CodecError`` for one that
  ///   holds something else.
  public init(contentsOf url: URL) throws {
    let file = try SafeTensors(contentsOf: url)
    func malformed(_ reason: String) -> CodecError { .notLatents(file: url.path, reason: reason) }
    func text(_ key: String) throws(CodecError) -> String {
      guard let value = file.metadata[key] else { throw malformed("its metadata lacks \"\(key)\"") }
      return value
    }
    guard file.metadata["format"] == Self.format else {
      throw malformed("its metadata does not say \"format\": \"\(Self.format)\"")
    }
    let geometry: ClipGeometry
    do {
      geometry = try ClipGeometry(json: Data(try text("geometry").utf8), source: "its \"geometry\"")
    } catch let error as ConfigurationError {
      throw malformed("\(error)")
    }
    guard let start = Double(try text("start")), start.isFinite else {
      throw malformed("its \"start\" is no number")
    }

    func tensor(_ name: String) throws -> Tensor? {
      guard file.entries[name] != nil else { return nil }
      let values = try file.tensor(name).to(.float32)
      guard values.isFinite.allTrue else { throw malformed("\"\(name)\" holds values that are no numbers") }
      return values
    }
    let (video, audio) = (try tensor("video"), try tensor("audio"))
    let codecs = PerModality(
      video: video == nil ? "" : try text("video_codec"), audio: audio == nil ? "" : try text("audio_codec"))
    self.init(
      video: video, audio: audio, geometry: geometry,
      origin: Origin(
        model: try text("model"), codecs: codecs, seed: file.metadata["seed"].flatMap(UInt64.init),
        source: file.metadata["source"], start: start))
    try checkShapes(in: url.path)
  }
}

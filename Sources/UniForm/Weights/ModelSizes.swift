internal import Foundation

/// The sizes of pictures that a model makes, whatever it was trained on.
extension ModelDirectory {
  /// Pixels of the smallest picture whose latents are whole patches of the transformer. Others are made, too; their
  /// last patches are filled with zeros, as STDiT3 does.
  public var wholePatch: FrameSize {
    let patches = transformer.patches
    return FrameSize(
      width: geometry.spatialFactor * patches.width, height: geometry.spatialFactor * patches.height)
  }

  /// - Throws: ``GenerationError/frameSizeNotMade(_:multiple:)`` for a size that the autoencoder cannot code.
  public func check(_ size: FrameSize) throws(GenerationError) {
    let multiple = geometry.spatialFactor
    let isMade = [size.width, size.height].allSatisfy {
      GenerationRequest.allowedSide.contains($0) && $0 % multiple == 0
    }
    guard isMade || size == geometry.size else { throw .frameSizeNotMade(size, multiple: multiple) }
  }

  /// What to know about pictures of a size that the model was not trained on; nil for its own.
  func note(on size: FrameSize) -> String? {
    guard size != geometry.size else { return nil }
    let patch = wholePatch
    let isWhole = size.width % patch.width == 0 && size.height % patch.height == 0
    let advice =
      patch.width == patch.height ? "multiples of \(patch.width)" : "multiples of \(patch) pixels"
    return "the model was trained on pictures of \(geometry.size) pixels; \(size) may be worse"
      + (isWhole ? "" : ", and would be better in \(advice), its patches")
  }

  /// The size of this aspect with about as many pixels as the model was trained on, in whole patches.
  ///
  /// The closest aspect counts most; the number of pixels may be half or twice as many where patches are large.
  ///
  /// - Throws: ``GenerationError/outOfRange(setting:value:allowed:)`` for an aspect beyond 1:4 or 4:1.
  public func size(for aspect: AspectRatio) throws(GenerationError) -> FrameSize {
    guard GenerationRequest.allowedAspect.contains(aspect.value) else {
      throw .outOfRange(setting: "aspect", value: "\(aspect)", allowed: "between 1:4 and 4:1")
    }
    let (patch, own) = (wholePatch, geometry.size)
    if own.width * aspect.height == own.height * aspect.width { return own }
    let area = Double(own.width * own.height)
    func sides(_ unit: Int, about length: Double) -> [Int] {
      let most = max(1, Int(length * 2) / unit)
      return (1...most).map { $0 * unit }.filter(GenerationRequest.allowedSide.contains)
    }
    /// In octaves: how far the shape is off, and a third of how far the number of pixels is.
    func distance(_ size: FrameSize) -> Double {
      let shape = Double(size.width) / Double(size.height) / aspect.value
      return abs(log2(shape)) + abs(log2(Double(size.width * size.height) / area)) / 3
    }
    let candidates = sides(patch.width, about: (area * aspect.value).squareRoot()).flatMap { width in
      sides(patch.height, about: (area / aspect.value).squareRoot()).map {
        FrameSize(width: width, height: $0)
      }
    }
    return candidates.min { distance($0) < distance($1) } ?? own
  }
}

public import Foundation
internal import Media
internal import Torch
internal import UniForm

/// Draws the clips with the best and the worst scores as sheets.
public struct ClipExhibits: Sendable {
  /// Of each metric, so many of the best and of the worst.
  public var count = 2
  /// Metrics that are shown, the first ones that score clips.
  public var metrics = 3

  public init() {}

  /// A clip that cannot be drawn is left out: it was scored, and that is what counts.
  ///
  /// - Parameter folder: a folder to draw in, which is left empty.
  /// - Throws: `CancellationError`.
  public func draw(_ report: EvaluationReport, of clips: ClipFolder, in folder: URL) async throws
    -> [HTMLReport.Exhibit]
  {
    let places = Dictionary(uniqueKeysWithValues: clips.clips.map { ($0.name, $0.url) })
    let seconds = min(Self.longest, report.clipSeconds ?? Self.longest)
    var exhibits: [HTMLReport.Exhibit] = []
    var families: Set<String> = []
    for score in report.scores where (score.clips?.count ?? 0) > 1 {
      guard families.count < metrics, families.insert(score.family).inserted else { continue }
      let ranked = (score.clips ?? [:]).sorted { a, b in
        a.value == b.value ? a.key < b.key : (a.value > b.value) == (score.better == .higher)
      }
      let best = ranked.prefix(min(count, ranked.count / 2))
      let worst = ranked.suffix(min(count, ranked.count / 2))
      for (kind, entries) in [("best", best), ("worst", worst)] {
        for (name, value) in entries {
          try Task.checkCancellation()
          guard let url = places[name] else { continue }
          let caption = "\(kind) \(score.name): \(name), \(value.shortText)"
          do {
            let png = try await sheet(url, seconds: seconds, title: name, subtitle: caption, in: folder)
            if let png { exhibits.append(HTMLReport.Exhibit(caption: caption, png: png)) }
          } catch {
            try Task.checkCancellation()
          }
        }
      }
    }
    return exhibits
  }

  /// Seconds of a clip that fit on a sheet.
  private static let longest = 10.0

  /// Nil for a clip without pictures.
  private func sheet(
    _ url: URL, seconds: Double, title: String, subtitle: String, in folder: URL
  ) async throws -> Data? {
    let media = ClipMedia(url, limit: seconds)
    let information = try await media.probe()
    guard let video = information.video else { return nil }
    let width = 160
    let height = min(320, max(2, width * video.displaySize.height / video.displaySize.width / 2 * 2))
    let frames = try await media.frames(rate: min(17, video.averageFrameRate.value), size: (width, height))
    var spectrogram = Spectrogram(frameCount: 1, binCount: 1, values: [-.infinity])
    if information.audio != nil {
      let sound = try await media.sound(sampleRate: SoundJudge.sampleRate)
      // Too short a sound has no spectrogram.
      let mel = try catchingTorchErrors {
        alone { withoutGradient { SoundJudge.makeMel()(sound.tensor.unsqueezed(0)) } }  // [1, T, 64]
      }
      guard mel.size(1) > 0 else { return nil }
      spectrogram = Spectrogram(frameCount: mel.size(1), binCount: mel.size(2), values: mel.floats)
    }
    let file = folder.appending(path: "\(UUID().uuidString).png")
    defer { try? FileManager.default.removeItem(at: file) }
    try await Sheet(frames: frames, spectrogram: spectrogram, title: title, subtitle: subtitle).write(
      to: file)
    return try Data(contentsOf: file)
  }
}

public import Foundation

/// A clip on one page, to be seen without playing it: eight frames above the mel spectrogram of its sound, both on
/// one time axis, so that each frame stands over the sound that is heard with it.
public struct Sheet: Sendable {
  public let frames: VideoFrames
  /// Of the same length as `frames`.
  public let spectrogram: Spectrogram
  /// The large line at the top, such as the prompt; cut where the page ends.
  public let title: String
  /// The small line below it.
  public let subtitle: String

  public init(frames: VideoFrames, spectrogram: Spectrogram, title: String, subtitle: String) {
    self.frames = frames
    self.spectrogram = spectrogram
    self.title = title
    self.subtitle = subtitle
  }

  /// Draws the sheet into a PNG file.
  /// - Throws: `MediaError` as `PNGWriter.write` does.
  public func write(to url: URL) async throws(MediaError) {
    guard frames.count > 0 else { throw .invalidRequest("a sheet needs at least one frame") }
    let page = draw()
    try await PNGWriter.write(
      width: page.width, height: page.height, pixels: page.pixels, labels: labels, to: url)
  }
}

// MARK: - Layout, in pixels

extension Sheet {
  static let tileCount = 8
  private static let margin = 28
  private static let tileWidth = 160
  private static let gap = 4
  private static let header = 84
  private static let spectrogramHeight = 192
  private static let axisHeight = 34

  private var contentWidth: Int { Self.tileCount * (Self.tileWidth + Self.gap) - Self.gap }
  private var tileHeight: Int {
    // Tall phone clips would otherwise leave the sound a strip at the bottom of the page.
    min(Self.tileWidth * 2, max(1, Self.tileWidth * frames.height / frames.width))
  }
  private var spectrogramTop: Int { Self.header + tileHeight + 2 * Self.gap }
  private var axisTop: Int { spectrogramTop + Self.spectrogramHeight }
  private var width: Int { contentWidth + 2 * Self.margin }
  private var height: Int { axisTop + Self.axisHeight + Self.margin / 2 }

  func draw() -> RGBPicture {
    var page = RGBPicture(width: width, height: height, fill: Self.paper)
    for tile in 0..<Self.tileCount {
      let picture = frame(tile).resized(width: Self.tileWidth, height: tileHeight)
      page.paste(picture, x: Self.margin + tile * (Self.tileWidth + Self.gap), y: Self.header)
    }
    page.paste(
      spectrogram.picture(width: contentWidth, height: Self.spectrogramHeight),
      x: Self.margin, y: spectrogramTop)
    for tick in ticks {
      page.fill(x: tick.x, y: axisTop, width: 1, height: 6, Self.faint)
    }
    return page
  }

  /// The picture in the middle of the `tile`-th eighth of the clip.
  private func frame(_ tile: Int) -> RGBPicture {
    let index = min(frames.count - 1, (2 * tile + 1) * frames.count / (2 * Self.tileCount))
    let bytes = frames.pixels[(index * frames.bytesPerFrame)..<((index + 1) * frames.bytesPerFrame)]
    return RGBPicture(width: frames.width, height: frames.height, pixels: Array(bytes))
  }

  private var ticks: [(x: Int, seconds: Double)] {
    let seconds = frames.seconds
    let steps = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600]
    let step = steps.first { seconds / $0 <= 10 } ?? seconds
    return (0...Int(seconds / step + 1e-6)).map { index in
      let time = Double(index) * step
      return (Self.margin + min(contentWidth - 1, Int(time / seconds * Double(contentWidth))), time)
    }
  }

  private static let paper: (UInt8, UInt8, UInt8) = (255, 255, 255)
  private static let ink = "0x1C1C22"
  private static let grey = "0x6C6C78"
  private static let faint: (UInt8, UInt8, UInt8) = (150, 150, 160)
}

// MARK: - Words

extension Sheet {
  private var labels: [PNGWriter.Label] {
    let left = Self.margin
    let top = [
      PNGWriter.Label(
        title.cut(to: 90), x: left, y: 22, size: 24, color: Self.ink, anchor: .left),
      PNGWriter.Label(
        subtitle.cut(to: 150), x: left, y: 56, size: 15, color: Self.grey, anchor: .left),
    ]
    let axis = ticks.map { tick in
      PNGWriter.Label(
        "\(tick.seconds.brief) s", x: tick.x, y: axisTop + 11, size: 14, color: Self.grey,
        anchor: tick.x < left + 12 ? .left : tick.x > left + contentWidth - 12 ? .right : .center)
    }
    return top + axis
  }
}

extension String {
  /// At most `count` characters, the last an ellipsis where some are missing.
  fileprivate func cut(to count: Int) -> String {
    self.count <= count ? oneLine : String(prefix(count - 1)).oneLine + "…"
  }
}

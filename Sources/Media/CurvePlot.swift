public import Foundation

/// Curves over a common axis, drawn into a PNG file: one panel for each, with its range and its last value.
public struct CurvePlot: Sendable {
  public struct Curve: Sendable {
    public let name: String
    /// In ascending order of x; only finite ones are drawn.
    public let points: [(x: Double, y: Double)]

    public init(name: String, points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
    }
  }

  public let title: String
  public let curves: [Curve]
  /// Below the horizontal axis.
  public let axis: String

  public init(title: String, curves: [Curve], axis: String) {
    self.title = title
    self.curves = curves
    self.axis = axis
  }

  /// - Throws: `MediaError` as `PNGWriter.write` does, and for a plot without points.
  public func write(to url: URL) async throws(MediaError) {
    guard curves.contains(where: { !$0.points.isEmpty }) else {
      throw .invalidRequest("a plot needs at least one curve with points")
    }
    let page = draw()
    try await PNGWriter.write(
      width: page.width, height: page.height, pixels: page.pixels, labels: labels, to: url)
  }
}

// MARK: - Layout, in pixels

extension CurvePlot {
  private static let panelWidth = 420
  private static let panelHeight = 190
  private static let gap = 26
  private static let margin = 28
  private static let header = 64
  /// Above each panel for its name, and below it for the axis.
  private static let caption = 26
  private static let footer = 20

  private var drawn: [Curve] { curves.filter { !$0.points.isEmpty } }
  private var columns: Int { min(3, drawn.count) }
  private var rows: Int { (drawn.count + columns - 1) / columns }
  private var cellHeight: Int { Self.caption + Self.panelHeight + Self.footer + Self.gap }
  private var width: Int { 2 * Self.margin + columns * (Self.panelWidth + Self.gap) - Self.gap }
  private var height: Int { Self.header + rows * cellHeight + Self.margin }

  /// The upper left corner of the panel itself.
  private func corner(_ index: Int) -> (x: Int, y: Int) {
    (
      Self.margin + index % columns * (Self.panelWidth + Self.gap),
      Self.header + index / columns * cellHeight + Self.caption
    )
  }

  private var range: ClosedRange<Double> {
    let xs = drawn.flatMap { [$0.points.first!.x, $0.points.last!.x] }
    return xs.min()!...max(xs.max()!, xs.min()! + 1)
  }

  func draw() -> RGBPicture {
    var page = RGBPicture(width: width, height: height, fill: (255, 255, 255))
    for (index, curve) in drawn.enumerated() {
      let (left, top) = corner(index)
      page.fill(x: left, y: top, width: Self.panelWidth, height: Self.panelHeight, (246, 246, 249))
      for quarter in 1...3 {
        page.fill(
          x: left, y: top + quarter * Self.panelHeight / 4, width: Self.panelWidth, height: 1, (226, 226, 232)
        )
      }
      draw(curve, left, top, on: &page)
    }
    return page
  }

  /// The points in grey, and their running mean over a twentieth of the axis on top.
  private func draw(_ curve: Curve, _ left: Int, _ top: Int, on page: inout RGBPicture) {
    let values = Self.bounds(curve)
    func place(_ point: (x: Double, y: Double)) -> (Double, Double) {
      let x = (point.x - range.lowerBound) / (range.upperBound - range.lowerBound)
      let y = (point.y - values.lowerBound) / (values.upperBound - values.lowerBound)
      return (
        Double(left) + x * Double(Self.panelWidth - 1), Double(top) + (1 - y) * Double(Self.panelHeight - 1)
      )
    }
    func line(_ points: [(x: Double, y: Double)], _ color: (UInt8, UInt8, UInt8), width: Int) {
      for (a, b) in zip(points, points.dropFirst()) {
        page.line(from: place(a), to: place(b), color, width: width)
      }
    }
    // One point alone is no line.
    if curve.points.count == 1 {
      let (x, y) = place(curve.points[0])
      page.line(from: (x - 2, y), to: (x + 2, y), (44, 72, 160), width: 4)
    }
    line(curve.points, (178, 184, 204), width: 1)
    line(
      Self.smoothed(curve.points, window: (range.upperBound - range.lowerBound) / 20), (44, 72, 160), width: 2
    )
  }

  private static func extremes(_ curve: Curve) -> (low: Double, high: Double) {
    (curve.points.map(\.y).min()!, curve.points.map(\.y).max()!)
  }

  /// Ends a little beyond the extremes, so that nothing is cut off, and is never empty.
  private static func bounds(_ curve: Curve) -> ClosedRange<Double> {
    let (low, high) = extremes(curve)
    let pad = high > low ? (high - low) * 0.04 : max(abs(low), 1) * 0.1
    return (low - pad)...(high + pad)
  }

  static func smoothed(_ points: [(x: Double, y: Double)], window: Double) -> [(x: Double, y: Double)] {
    var (first, sum) = (0, 0.0)
    return points.enumerated().map { index, point in
      sum += point.y
      while points[first].x < point.x - window {
        sum -= points[first].y
        first += 1
      }
      return (point.x, sum / Double(index - first + 1))
    }
  }
}

extension RGBPicture {
  /// A straight line, with both its ends.
  mutating func line(
    from a: (Double, Double), to b: (Double, Double), _ color: (UInt8, UInt8, UInt8), width: Int
  ) {
    let steps = max(1, Int(max(abs(b.0 - a.0), abs(b.1 - a.1)).rounded(.up)))
    for step in 0...steps {
      let t = Double(step) / Double(steps)
      let (x, y) = (Int((a.0 + (b.0 - a.0) * t).rounded()), Int((a.1 + (b.1 - a.1) * t).rounded()))
      for dy in 0..<width where (0..<height).contains(y + dy) && (0..<self.width).contains(x) {
        set(x: x, y: y + dy, color)
      }
    }
  }
}

// MARK: - Words

extension CurvePlot {
  private var labels: [PNGWriter.Label] {
    let (ink, grey) = ("0x1C1C22", "0x6C6C78")
    var labels = [PNGWriter.Label(title, x: Self.margin, y: 20, size: 24, color: ink, anchor: .left)]
    for (index, curve) in drawn.enumerated() {
      let (left, top) = corner(index)
      let right = left + Self.panelWidth
      let bottom = top + Self.panelHeight
      let (low, high) = Self.extremes(curve)
      let last = Self.smoothed(curve.points, window: (range.upperBound - range.lowerBound) / 20).last!.y
      labels += [
        .init(curve.name, x: left, y: top - 20, size: 15, color: ink, anchor: .left),
        .init(Self.brief(last), x: right, y: top - 20, size: 15, color: "0x2C48A0", anchor: .right),
        .init(
          low == high ? Self.brief(low) : "\(Self.brief(low)) … \(Self.brief(high))", x: (left + right) / 2,
          y: top - 17,
          size: 12, color: grey, anchor: .center),
        .init(Self.brief(range.lowerBound), x: left, y: bottom + 4, size: 12, color: grey, anchor: .left),
        .init(axis, x: (left + right) / 2, y: bottom + 4, size: 12, color: grey, anchor: .center),
        .init(Self.brief(range.upperBound), x: right, y: bottom + 4, size: 12, color: grey, anchor: .right),
      ]
    }
    return labels
  }

  /// Four digits that count; whole numbers as they are.
  static func brief(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : String(format: "%.4g", value)
  }
}

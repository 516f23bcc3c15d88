import Foundation
import Testing

@testable import Media

@Suite struct CurvePlotTests {
  private let curve = CurvePlot.Curve(
    name: "loss", points: [(0, 4), (1, 2), (2, .nan), (3, 3), (10, 1)])

  @Test func theMeanRunsOverAWindowOfTheAxis() {
    let smooth = CurvePlot.smoothed(curve.points, window: 2)
    #expect(smooth.map(\.x) == [0, 1, 3, 10])
    #expect(smooth.map(\.y) == [4, 3, 2.5, 1])
  }

  @Test func aPanelIsDrawnForEachCurveThatHasPoints() async throws {
    let folder = try Scratch()
    let plot = CurvePlot(
      title: "run",
      curves: [curve, .init(name: "flat", points: [(0, 0)]), .init(name: "none", points: [])], axis: "step")
    let page = plot.draw()
    #expect(page.width > 2 * 420 && page.width < 3 * 420)
    let blue = (0..<page.width * page.height).contains {
      page.pixels[3 * $0] == 44 && page.pixels[3 * $0 + 2] == 160
    }
    #expect(blue)
    try await plot.write(to: folder.file("curves.png"))
    #expect(try Data(contentsOf: folder.file("curves.png")).starts(with: [0x89, 0x50, 0x4E, 0x47]))
    await #expect(throws: MediaError.self) {
      try await CurvePlot(title: "", curves: [], axis: "").write(to: folder.file("none.png"))
    }
  }
}

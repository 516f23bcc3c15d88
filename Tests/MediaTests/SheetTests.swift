import Foundation
import Testing

@testable import Media

@Suite struct SheetTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// A sheet of a clip whose picture steps from dark to light, and whose sound is one tone.
  private func sheet(title: String, width: Int = 64, height: Int = 48, toneBin: Int = 10) -> Sheet {
    let frames = VideoFrames(
      width: width, height: height, frameRate: 4,
      pixels: (0..<16).flatMap { [UInt8](repeating: UInt8($0 * 16), count: width * height * 3) })
    var values = [Float](repeating: -11.5, count: 100 * 40)
    for frame in 0..<100 { values[frame * 40 + toneBin] = 1 }
    return Sheet(
      frames: frames, spectrogram: Spectrogram(frameCount: 100, binCount: 40, values: values), title: title,
      subtitle: "")
  }

  @Test func `shows the middle of every eighth of the clip, from left to right`() {
    let page = sheet(title: "").draw()
    let levels: [UInt8] = (0..<8).map { tile in page.pixels[(120 * page.width + 108 + tile * 164) * 3] }
    let expected: [UInt8] = [16, 48, 80, 112, 144, 176, 208, 240]
    #expect(levels == expected)
  }

  @Test func `draws low tones low and silence dark`() {
    let picture = sheet(title: "", toneBin: 10).spectrogram.picture(width: 60, height: 40)
    let brightness = (0..<40).map { row in Int(picture.pixels[(row * 60 + 30) * 3 + 1]) }
    #expect(brightness.indices.max { brightness[$0] < brightness[$1] } == 39 - 10)
    #expect(brightness[0] < 20)
  }

  @Test func `a silent clip stays dark`() {
    let silent = Spectrogram(frameCount: 8, binCount: 8, values: [Float](repeating: -11.5, count: 64))
    #expect(silent.picture(width: 8, height: 8).pixels.allSatisfy { $0 < 80 })
  }

  @Test func `colours rise evenly in lightness, so that they also read in grey`() {
    let linear = { (byte: UInt8) in pow((Double(byte) / 255 + 0.055) / 1.055, 2.4) }
    let luminance: [Double] = SheetColors.map.map { color in
      0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
    }
    for (darker, lighter) in zip(luminance, luminance.dropFirst()) { #expect(lighter > darker - 5e-4) }
    #expect(luminance[0] < 0.01)
    #expect(luminance[255] > 0.85)
  }

  @Test(arguments: [1, 3, 7, 8, 100, 333])
  func `resampling keeps a constant`(count: Int) {
    let result = Resampling(from: 20, to: count).apply([Float](repeating: 0.75, count: 20), stride: 1)
    #expect(result.count == count)
    #expect(result.allSatisfy { abs($0 - 0.75) < 1e-6 })
  }

  @Test(arguments: [
    "heavy rain on a tin roof", "", "it's 100% \\odd: [a,b];c='d' %{pts}", "Regen auf Blech — été",
    "two\nlines",
    String(repeating: "long ", count: 500),
  ])
  func `writes a picture with any caption`(title: String) async throws {
    let url = scratch.file("sheet.png")
    let plain = scratch.file("plain.png")
    let sheet = sheet(title: title)
    try await sheet.write(to: url)
    let page = sheet.draw()
    try await PNGWriter.write(width: page.width, height: page.height, pixels: page.pixels, to: plain)
    #expect(try await scratch.ask(url, "stream=width,height,pix_fmt") == "\(page.width),\(page.height),rgb24")
    // The words are there: the axis at least is labelled.
    #expect(try Data(contentsOf: url) != Data(contentsOf: plain))
    #expect(try scratch.names == ["plain.png", "sheet.png"])
  }

  @Test(arguments: [(1, 1), (2, 300), (300, 2)])
  func `takes frames of any shape`(width: Int, height: Int) {
    let page = sheet(title: "", width: width, height: height).draw()
    #expect(page.pixels.count == page.width * page.height * 3)
  }
}

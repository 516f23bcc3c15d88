import Foundation
import Media
import Testing

@Suite struct VideoReaderTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private let encode = "-c:v libx264 -crf 8 -pix_fmt yuv420p -bf 2 -g 12"

  @Test(arguments: ["mp4", "mkv"], [0, 1.27])
  func picksThePictureOnShowInAVariableRateClip(container: String, start: Double) async throws {
    // Of 30 pictures a second only those whose squared number mod 5 is 0 or 1 are kept, with their times.
    let url = try await scratch.clip(
      "variable.\(container)", "-f lavfi -i", Numbered.source(rate: "30", seconds: 4),
      "-vf select=lt(mod(n*n\\,5)\\,2) -vsync vfr", encode)
    let kept = (0..<120).filter { $0 * $0 % 5 < 2 }

    let frames = try await VideoReader.read(
      url, start: start, seconds: 2.5, frameRate: 17, width: 64, height: 48)

    #expect(frames.count == 43)  // 2.5 · 17 = 42.5
    let expected = (0..<43).map { k in kept.last { Double($0) / 30 <= start + Double(k) / 17 + 0.001 }! }
    #expect(Numbered.numbers(of: frames) == expected)
  }

  @Test func takesEveryPictureOnceAtTheFilesOwnRate() async throws {
    // Matroska rounds times to milliseconds; no picture may be doubled or lost by that.
    let url = try await scratch.clip(
      "film.mkv", "-f lavfi -i", Numbered.source(rate: "30000/1001", seconds: 3), encode)
    let frames = try await VideoReader.read(url, seconds: 3, frameRate: 30000 / 1001, width: 64, height: 48)
    #expect(Numbered.numbers(of: frames) == Array(0..<90))
  }

  @Test func repeatsTheLastPictureOfAShortClip() async throws {
    let url = try await scratch.clip(
      "short.mp4", "-f lavfi -i", Numbered.source(rate: "10", seconds: 1), encode)
    let frames = try await VideoReader.read(url, seconds: 2, frameRate: 10, width: 64, height: 48)
    #expect(Numbered.numbers(of: frames) == Array(0..<10) + Array(repeating: 9, count: 10))
  }

  @Test func showsAStillPictureForTheWholeLength() async throws {
    let url = try await scratch.clip("still.png", "-f lavfi -i testsrc2=s=64x48:d=1:r=1 -frames:v 1")
    let frames = try await VideoReader.read(url, seconds: 1, frameRate: 5, width: 32, height: 32)
    #expect(frames.count == 5)
    #expect(frames.pixels.prefix(32 * 32 * 3) == frames.pixels.suffix(32 * 32 * 3))
  }

  /// A bright bar that moves on between the two moments of a picture has combs where lines are only woven.
  @Test func linesOfTwoMomentsAreNotWoven() async throws {
    let bar = "geq=lum='if(between(X,8+N,20+N),235,16)':cb=128:cr=128,format=yuv420p"
    let url = try await scratch.clip(
      "camera.mp4", "-f lavfi -i color=black:s=96x64:r=50:d=2",
      "-vf \(bar),tinterlace=interleave_top,setfield=tff",
      "-c:v libx264 -crf 8 -flags +ilme+ildct -x264-params tff=1")
    #expect(try await MediaProbe.probe(url).video?.isInterlaced == true)
    let frames = try await VideoReader.read(url, seconds: 1.5, frameRate: 25, width: 96, height: 64)
    #expect(frames.count == 38)
    for frame in [5, 20, 37] {
      let rows = (8..<56).map { row in
        (0..<96).reduce(0) { sum, x in
          sum + x * Int(frames.pixels[frame * frames.bytesPerFrame + (row * 96 + x) * 3])
        }
      }
      let combs = zip(rows, rows.dropFirst()).map { abs($0 - $1) }.reduce(0, +) / 47
      #expect(combs < 300, "picture \(frame): neighbouring lines differ by \(combs)")
    }
  }

  @Test func refusesAClipThatLacksMoreThanIsAllowed() async throws {
    let url = try await scratch.clip(
      "short.mkv", "-f lavfi -i", Numbered.source(rate: "10", seconds: 1), "-f lavfi -i sine=d=0.7", encode)
    let frames = try await VideoReader.read(
      url, seconds: 1.3, frameRate: 10, width: 8, height: 8, lacking: 0.25)
    #expect(frames.count == 13)
    await #expect(throws: MediaError.tooShort(url, seconds: 1, needed: 1.5)) {
      try await VideoReader.read(url, seconds: 1.5, frameRate: 10, width: 8, height: 8, lacking: 0.25)
    }
    #expect(try await AudioReader.read(url, seconds: 1, sampleRate: 8000, lacking: 0.4).samples.count == 8000)
    let error = await #expect(throws: MediaError.self) {
      try await AudioReader.read(url, seconds: 1, sampleRate: 8000, lacking: 0.1)
    }
    #expect(error?.description.contains("short.mkv' has 0.7") == true)
  }

  @Test func picturesAsJPEGComeFromTheMiddleOfEqualParts() async throws {
    let url = try await scratch.clip(
      "film.mp4", "-f lavfi -i", Numbered.source(rate: "10", seconds: 4), encode)
    let pictures = try await JPEGReader.read(url, start: 1, seconds: 2, count: 4, longestSide: 32)
    #expect(pictures.count == 4)
    for (index, data) in pictures.enumerated() {
      #expect(data.starts(with: [0xFF, 0xD8]) && data.suffix(2) == Data([0xFF, 0xD9]))
      let file = scratch.file("\(index).jpg")
      try data.write(to: file)
      #expect(try await scratch.ask(file, "stream=width,height") == "32,24")
      let frame = try await VideoReader.read(file, seconds: 0.1, frameRate: 10, width: 64, height: 48)
      #expect(Numbered.numbers(of: frame) == [12 + 5 * index])
    }
    // What ends early has fewer.
    #expect(try await JPEGReader.read(url, start: 3, seconds: 4, count: 4).count == 1)
    #expect(try await JPEGReader.read(url, start: 3.9, seconds: 4, count: 4).count == 1)
  }

  @Test func refusesAStartBeyondTheEnd() async throws {
    let url = try await scratch.clip(
      "short.mp4", "-f lavfi -i", Numbered.source(rate: "10", seconds: 1), encode)
    await #expect(throws: MediaError.startBeyondEnd(url, start: 1.5, seconds: 1)) {
      try await VideoReader.read(url, start: 1.5, seconds: 1, frameRate: 10, width: 8, height: 8)
    }
  }

  /// Left half red, right half green, a blue bar over the top quarter.
  private let flag =
    "-f lavfi -i color=red:s=80x60:d=0.2:r=10,drawbox=40:0:40:60:color=lime:t=fill,drawbox=0:0:80:15:color=blue:t=fill"

  private func colour(_ frames: VideoFrames, x: Int, y: Int) -> String {
    let at = (y * frames.width + x) * 3
    let (r, g, b) = (frames.pixels[at], frames.pixels[at + 1], frames.pixels[at + 2])
    return r > 180 && g < 90 && b < 90
      ? "red" : g > 180 && r < 90 ? "green" : b > 180 && r < 90 ? "blue" : "\(r),\(g),\(b)"
  }

  @Test func turnsPicturesUpright() async throws {
    let turned = try await scratch.clip("turned.mp4", flag, encode)
    try scratch.turn(turned)
    let information = try await MediaProbe.probe(turned)
    let video = try #require(information.video)
    #expect(video.rotation == 90)
    #expect(video.displaySize == (60, 80))

    let frames = try await VideoReader.read(turned, seconds: 0.1, frameRate: 10, width: 60, height: 80)
    #expect(colour(frames, x: 55, y: 20) == "blue")  // the top left corner went to the top right
    #expect(colour(frames, x: 20, y: 20) == "red")
    #expect(colour(frames, x: 20, y: 60) == "green")
  }

  @Test func coversAndCutsOrSquashes() async throws {
    // A 160×60 picture: red, green, red quarters from left to right.
    let wide = try await scratch.clip(
      "wide.mp4", "-f lavfi -i color=red:s=160x60:d=0.2:r=10,drawbox=40:0:80:60:color=lime:t=fill", encode)
    let cover = try await VideoReader.read(wide, seconds: 0.1, frameRate: 10, width: 60, height: 60)
    #expect(colour(cover, x: 2, y: 30) == "green" && colour(cover, x: 57, y: 30) == "green")
    let squash = try await VideoReader.read(
      wide, seconds: 0.1, frameRate: 10, width: 60, height: 60, fit: .squash)
    #expect(colour(squash, x: 5, y: 30) == "red" && colour(squash, x: 30, y: 30) == "green")
    #expect(colour(squash, x: 54, y: 30) == "red")
  }

  @Test func honoursTheSampleAspect() async throws {
    // Stored 60×60 with pixels 4:3 wide: shown as 80×60, so covering a square cuts an eighth on each side.
    let url = try await scratch.clip(
      "anamorphic.mp4",
      "-f lavfi -i color=red:s=60x60:d=0.2:r=10,drawbox=12:0:36:60:color=lime:t=fill,setsar=4/3", encode)
    let information = try await MediaProbe.probe(url)
    #expect(try #require(information.video).displaySize == (80, 60))
    let frames = try await VideoReader.read(url, seconds: 0.1, frameRate: 10, width: 60, height: 60)
    #expect(colour(frames, x: 2, y: 30) == "red" && colour(frames, x: 9, y: 30) == "green")
    #expect(colour(frames, x: 50, y: 30) == "green" && colour(frames, x: 57, y: 30) == "red")
  }

  @Test func readsTheSameBytesEveryTime() async throws {
    let url = try await scratch.clip(
      "clip.webm", "-f lavfi -i testsrc=s=161x121:r=30:d=0.5 -c:v libvpx-vp9 -deadline realtime")
    let first = try await VideoReader.read(url, seconds: 0.5, frameRate: 17, width: 96, height: 64)
    let second = try await VideoReader.read(url, seconds: 0.5, frameRate: 17, width: 96, height: 64)
    #expect(first == second)
  }

  @Test(arguments: [
    (-1.0, 1.0, 10.0, 8), (0, 0, 10, 8), (0, -3, 10, 8), (0, .nan, 10, 8), (.infinity, 1, 10, 8),
    (0, 1, 0, 8),
    (0, 1, .nan, 8), (0, 1, 10, 0), (0, 1, 10, 1 << 40), (0, 900_000, 1000, 16384),
  ])
  func refusesWhatCannotBeRead(start: Double, seconds: Double, rate: Double, size: Int) async throws {
    let url = scratch.file("never opened.mp4")
    let error = await #expect(throws: MediaError.self) {
      try await VideoReader.read(
        url, start: start, seconds: seconds, frameRate: rate, width: size, height: size)
    }
    guard case .invalidRequest = try #require(error) else { return #expect(Bool(false), "\(error!)") }
  }
}

import Foundation
import Media
import Testing

@Suite struct MediaWriterTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private let frames = Numbered.frames(count: 34, rate: 17)
  private let tone = Waveform.sine(440, seconds: 2, sampleRate: 16000)

  private func lengths(_ url: URL) async throws -> (video: Double, audio: Double) {
    let information = try await MediaProbe.probe(url)
    return (try #require(information.videoSeconds), try #require(information.audioSeconds))
  }

  @Test func writesAnMP4ForBrowsersAndQuickTime() async throws {
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(picture: .frames(frames), sound: .waveform(tone), to: url)

    #expect(
      try await scratch.ask(url, "stream=codec_name,profile,width,height,pix_fmt")
        == "h264,High,64,48,yuv420p")
    #expect(
      try await scratch.ask(url, "stream=color_range,color_space,color_transfer,color_primaries")
        == "tv,bt709,bt709,bt709")
    #expect(
      try await scratch.ask(url, "stream=codec_name,profile,sample_rate,channels", stream: "a:0")
        == "aac,LC,48000,1")
    #expect(try await scratch.ask(url, "stream=nb_frames,avg_frame_rate") == "17/1,34")
    let length = try await lengths(url)
    #expect(abs(length.video - 2) < 0.001 && abs(length.audio - 2) < 0.001)
    // The index comes first, so that playing starts while the file still loads.
    let bytes = try Data(contentsOf: url)
    let index = try #require(bytes.range(of: Data("moov".utf8)))
    let media = try #require(bytes.range(of: Data("mdat".utf8)))
    #expect(index.lowerBound < media.lowerBound)
    #expect(try scratch.names == ["clip.mp4"])
  }

  @Test func picturesSurviveTheRoundTrip() async throws {
    let source = try await scratch.clip(
      "source.mkv", "-f lavfi -i gradients=s=160x160:r=17:d=0.3:seed=7:nb_colors=6 -c:v ffv1")
    let original = try await VideoReader.read(source, seconds: 0.3, frameRate: 17, width: 160, height: 160)
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(picture: .frames(original), to: url)
    let read = try await VideoReader.read(url, seconds: 0.3, frameRate: 17, width: 160, height: 160)
    #expect(read.count == original.count)
    let squares = zip(read.pixels, original.pixels).reduce(0) { sum, pair in
      let difference = Int(pair.0) - Int(pair.1)
      return sum + difference * difference
    }
    let psnr = 10 * log10(255 * 255 / (Double(squares) / Double(read.pixels.count)))
    #expect(psnr > 40)
  }

  @Test(arguments: ["mp4", "webm", "wav"])
  func aClickStaysWhereItIs(ending: String) async throws {
    let url = scratch.file("click.\(ending)")
    let click = Waveform.click(at: 1.23, seconds: 2, sampleRate: 16000)
    try await MediaWriter.write(picture: .frames(frames), sound: .waveform(click), to: url)
    let heard = try await AudioReader.read(url, seconds: 2, sampleRate: 16000)
    // ffmpeg 5 counts the 6.5 ms delay of the Opus encoder twice when it writes Matroska.
    #expect(abs(heard.loudestTime - 1.23) < (ending == "webm" ? 0.007 : 0.001))
  }

  @Test func theLevelOfSoundSurvives() async throws {
    for ending in ["mp4", "webm"] {
      let url = scratch.file("tone.\(ending)")
      try await MediaWriter.write(sound: .waveform(tone), to: url)
      let heard = try await AudioReader.read(url, seconds: 2, sampleRate: 16000)
      #expect(abs(heard.rms(0.2..<1.8) / tone.rms(0.2..<1.8) - 1) < 0.02, "\(ending)")
    }
  }

  @Test func wavKeepsEverySample() async throws {
    let url = scratch.file("sound.wav")
    let loud = Waveform(sampleRate: 16000, samples: [0, 0.5, -0.5, 1, -1, 2, -2, .nan, .infinity, 1 / 32768])
    try await MediaWriter.write(sound: .waveform(loud), to: url)
    let bytes = [UInt8](try Data(contentsOf: url))
    let samples = stride(from: bytes.count - 20, to: bytes.count, by: 2).map {
      Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
    }
    #expect(samples == [0, 16384, -16384, 32767, -32768, 32767, -32768, 0, 0, 1])
    #expect(
      try await scratch.ask(url, "stream=codec_name,sample_rate,channels", stream: "a:0")
        == "pcm_s16le,16000,1")
  }

  @Test(arguments: ["mp4", "webm", "gif", "wav"])
  func theSameClipIsTheSameFile(ending: String) async throws {
    let (first, second) = (scratch.file("first.\(ending)"), scratch.file("second.\(ending)"))
    try await MediaWriter.write(
      picture: .frames(frames), sound: .waveform(tone), comment: "{\"seed\":1}", to: first)
    try await Task.sleep(for: .milliseconds(1100))  // containers keep times in seconds
    try await MediaWriter.write(
      picture: .frames(frames), sound: .waveform(tone), comment: "{\"seed\":1}", to: second)
    #expect(try Data(contentsOf: first) == Data(contentsOf: second))
  }

  @Test(arguments: ["mp4", "webm"])
  func keepsTheCommentThroughARemux(ending: String) async throws {
    let comment =
      #"{"prompt": "a = b; # \"c\" \\ back", "more": "línea 雨\nnext", "rest": ""#
      + String(repeating: "x", count: 150_000) + "\"}"
    let url = scratch.file("clip.\(ending)")
    try await MediaWriter.write(picture: .frames(frames), sound: .waveform(tone), comment: comment, to: url)
    #expect(try await MediaProbe.probe(url).comment == comment)
    let copy = try await scratch.clip("copy.\(ending)", "-i", url.path(percentEncoded: false), "-c copy")
    #expect(try await MediaProbe.probe(copy).comment == comment)
  }

  @Test func leavesNoTagsWithoutAComment() async throws {
    let source = try await scratch.clip(
      "source.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=1 -c:v libx264 -pix_fmt yuv420p",
      "-metadata title=secret -metadata comment=secret -metadata creation_time=2001-02-03T04:05:06Z -metadata:s:v handler_name=secret"
    )
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(picture: .original(source), sound: .waveform(tone), to: url)
    let bytes = try Data(contentsOf: url)
    #expect(bytes.range(of: Data("secret".utf8)) == nil)
    #expect(bytes.range(of: Data("Lavf".utf8)) == nil)
    #expect(try await MediaProbe.probe(url).tags["creation_time"] == nil)
  }

  @Test func endsWithTheShorterOfPictureAndSound() async throws {
    let url = scratch.file("clip.mp4")
    for (seconds, limit) in [(1.3, nil), (5, nil), (5, 1.71)] as [(Double, Double?)] {
      let sound = Waveform.sine(440, seconds: seconds, sampleRate: 16000)
      try await MediaWriter.write(picture: .frames(frames), sound: .waveform(sound), seconds: limit, to: url)
      let length = try await lengths(url)
      #expect(abs(length.video - length.audio) < 1 / 17)
      #expect(abs(length.video - min(2, seconds, limit ?? 2)) < 0.5 / 17 + 0.001)
    }
  }

  @Test func pictureAloneAndSoundAlone() async throws {
    let silent = scratch.file("silent.mp4")
    try await MediaWriter.write(picture: .frames(frames), to: silent)
    #expect(try await MediaProbe.probe(silent).audio == nil)
    let blind = scratch.file("blind.mp4")
    try await MediaWriter.write(sound: .waveform(tone), to: blind)
    #expect(try await MediaProbe.probe(blind).video == nil)
    #expect(abs(try #require(try await MediaProbe.probe(blind).audioSeconds) - 2) < 0.025)
  }

  @Test func gifPlaysAtItsRate() async throws {
    let url = scratch.file("clip.gif")
    try await MediaWriter.write(picture: .frames(frames), sound: .waveform(tone), to: url)
    let information = try await MediaProbe.probe(url)
    #expect(information.audio == nil)
    #expect(abs(try #require(information.videoSeconds) - 2) < 0.06)
    let read = try await VideoReader.read(url, seconds: 2, frameRate: 17, width: 64, height: 48)
    let numbers = Numbered.framesNumbers(of: read)
    #expect(zip(numbers, 0..<34).allSatisfy { abs($0 - $1) <= 1 })  // a GIF counts in hundredths of a second
  }

  @Test(arguments: ["mp4", "webm"])
  func oddSizesLoseNothing(ending: String) async throws {
    let odd = Numbered.frames(count: 5, rate: 10, width: 61, height: 47)
    let url = scratch.file("odd.\(ending)")
    try await MediaWriter.write(picture: .frames(odd), to: url)
    let size = try #require(try await MediaProbe.probe(url).video).displaySize
    #expect(size == (ending == "mp4" ? (62, 48) : (61, 47)))
    let read = try await VideoReader.read(
      url, seconds: 0.5, frameRate: 10, width: size.width, height: size.height)
    #expect(Numbered.framesNumbers(of: read) == Array(0..<5))
    // The added column and row repeat their neighbours instead of showing a black line.
    let corner = read.pixels[(4 * read.height * read.width + read.height * read.width - 1) * 3 - 3]
    #expect(corner < 30)  // number 4: the right half is dark
    let bottomLeft = read.pixels[(4 * read.height * read.width + (read.height - 1) * read.width) * 3]
    #expect(abs(Int(bottomLeft) - 68) < 8)
  }
}

import Foundation
import Media
import Testing

/// Clips that keep the pictures or the sound of a file.
@Suite struct OriginalTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private let encode = "-c:v libx264 -crf 8 -pix_fmt yuv420p -bf 2 -g 12"
  private let tone = Waveform.sine(440, seconds: 10, sampleRate: 16000)

  /// A hash of the compressed pictures alone.
  private func packets(_ url: URL, _ stream: String = "v") async throws -> String {
    let outcome = try await FFmpeg.run(
      .ffmpeg,
      [
        "-i", "file:" + url.path(percentEncoded: false), "-map", "0:\(stream)", "-c", "copy", "-f", "md5",
        "-",
      ])
    return String(decoding: outcome.standardOutput, as: UTF8.self)
  }

  @Test(arguments: ["mp4", "mkv"])
  func copiesPicturesThatNeedNoChange(container: String) async throws {
    let source = try await scratch.clip(
      "source.\(container)", "-f lavfi -i", Numbered.source(rate: "25", seconds: 2),
      "-f lavfi -i sine=d=2 -c:a libopus", encode)
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(picture: .original(source), sound: .waveform(tone), to: url)
    let again = try await scratch.clip("again.mp4", "-i", source.path(percentEncoded: false), "-an -c copy")
    #expect(try await packets(url) == packets(again))
    #expect(try await scratch.ask(url, "stream=nb_frames") == "50")
    let information = try await MediaProbe.probe(url)
    #expect(try abs(#require(information.videoSeconds) - #require(information.audioSeconds)) < 0.04)
    let frames = try await VideoReader.read(url, seconds: 2, frameRate: 25, width: 64, height: 48)
    #expect(Numbered.numbers(of: frames) == Array(0..<50))
  }

  /// Players leave damaged packets out, and the rest would be heard too early.
  @Test func aDamagedTrackIsEncodedAnewWithSilenceInItsPlace() async throws {
    let source = try await scratch.clip("source.m4a", "-f lavfi -i sine=d=4:sample_rate=16000 -c:a aac")
    let frames = try await VideoReader.read(
      scratch.clip("pictures.mp4", "-f lavfi -i", Numbered.source(rate: "25", seconds: 4), encode),
      seconds: 4,
      frameRate: 25, width: 64, height: 48)
    var bytes = try Data(contentsOf: source)
    // The sound lies between the beginning of `mdat` and the index behind it.
    let sound = try #require(bytes.range(of: Data("mdat".utf8))).upperBound
    for index in sound + 6000..<sound + 9000 { bytes[index] = 0x5A }
    let damaged = scratch.file("damaged.m4a")
    try bytes.write(to: damaged)
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(picture: .frames(frames), sound: .original(damaged), to: url)
    let check = try await FFmpeg.run(.ffmpeg, ["-i", url.path(percentEncoded: false), "-f", "null", "-"])
    #expect(check.messages.isEmpty, "\(check.messages)")
    let decoded = try await AudioReader.read(url, seconds: 4, sampleRate: 16000)
    #expect(decoded.samples.suffix(8000).map(abs).max() ?? 0 > 0.05, "the end is still at the end")
  }

  @Test func aCopyKeepsTurnAndVariableRate() async throws {
    let source = try await scratch.clip(
      "phone.mp4", "-f lavfi -i", Numbered.source(rate: "30", seconds: 3),
      "-vf select=lt(mod(n*n\\,5)\\,2) -vsync vfr", encode)
    try scratch.turn(source)
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(picture: .original(source), sound: .waveform(tone), to: url)
    let video = try #require(try await MediaProbe.probe(url).video)
    #expect(video.rotation == 90 && video.displaySize == (48, 64))
    let before = try await VideoReader.read(source, seconds: 3, frameRate: 30, width: 48, height: 64)
    #expect(try await VideoReader.read(url, seconds: 3, frameRate: 30, width: 48, height: 64) == before)
  }

  @Test func aLatePictureBeginsWithTheNewSound() async throws {
    let source = try await scratch.clip(
      "late.mp4", "-itsoffset 0.4 -f lavfi -i", Numbered.source(rate: "25", seconds: 2),
      "-f lavfi -i sine=d=2 -map 0:v -map 1:a -vsync vfr -c:a aac", encode)
    #expect(abs(try await MediaProbe.probe(source).origin - 0.4) < 0.001)
    for start in [0, 0.2] {
      let url = scratch.file("clip.mp4")
      try await MediaWriter.write(picture: .original(source, start: start), sound: .waveform(tone), to: url)
      #expect(abs(try await MediaProbe.probe(url).origin) < 0.001)
      let frames = try await VideoReader.read(url, seconds: 1, frameRate: 25, width: 64, height: 48)
      #expect(Numbered.numbers(of: frames) == Array(Int(start * 25)..<Int(start * 25) + 25))
    }
  }

  @Test func continuesPicturesThatEndBeforeTheirContainer() async throws {
    // Matroska without statistics says only how long its longest stream is: the sound.
    let source = try await scratch.clip(
      "tagless.mkv", "-f lavfi -i", Numbered.source(rate: "25", seconds: 1),
      "-f lavfi -i sine=d=2 -c:a libopus -map_metadata -1 -fflags +bitexact", encode)
    var bytes = try Data(contentsOf: source)
    while let tag = bytes.range(of: Data("DURATION".utf8)) {
      bytes.replaceSubrange(tag, with: Data("NOTHINGS".utf8))
    }
    try bytes.write(to: source)
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(picture: .original(source), sound: .waveform(tone), to: url)
    let frames = try await VideoReader.read(url, seconds: 2, frameRate: 25, width: 64, height: 48)
    #expect(Numbered.numbers(of: frames) == Array(0..<25) + Array(repeating: 24, count: 25))
  }

  @Test func cutsPicturesExactly() async throws {
    let source = try await scratch.clip(
      "source.mp4", "-f lavfi -i", Numbered.source(rate: "25", seconds: 4), encode)
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(
      picture: .original(source, start: 1.4), sound: .waveform(tone), seconds: 1.2, to: url)
    let frames = try await VideoReader.read(url, seconds: 1.2, frameRate: 25, width: 64, height: 48)
    #expect(Numbered.numbers(of: frames) == Array(35..<65))
    let information = try await MediaProbe.probe(url)
    #expect(abs(try #require(information.videoSeconds) - 1.2) < 0.001)
    #expect(abs(try #require(information.audioSeconds) - 1.2) < 0.001)
  }

  @Test func aCutKeepsTheTurnAndTheTimes() async throws {
    let source = try await scratch.clip(
      "phone.mp4", "-f lavfi -i", Numbered.source(rate: "30", seconds: 3),
      "-vf select=lt(mod(n*n\\,5)\\,2) -vsync vfr", encode)
    try scratch.turn(source)
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(picture: .original(source, start: 1), seconds: 1, to: url)
    let video = try #require(try await MediaProbe.probe(url).video)
    #expect(video.rotation == 0 && video.displaySize == (48, 64))
    let before = try await VideoReader.read(
      source, start: 1, seconds: 1, frameRate: 20, width: 48, height: 64)
    let after = try await VideoReader.read(url, seconds: 1, frameRate: 20, width: 48, height: 64)
    let worst =
      zip(before.pixels, after.pixels).map { abs(Int($0) - Int($1)) }.reduce(0, +) / before.pixels.count
    #expect(worst < 3)
  }

  @Test(arguments: [("1/10", 4.0), ("1", 1.4)])
  func slowPicturesEndInTime(rate: String, seconds: Double) async throws {
    let source = try await scratch.clip(
      "slow.mp4", "-f lavfi -i testsrc2=s=64x48:r=\(rate):d=30 -c:v libx264")
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(
      picture: .original(source), sound: .waveform(tone), seconds: seconds, to: url)
    let information = try await MediaProbe.probe(url)
    #expect(abs(try #require(information.videoSeconds) - seconds) < 0.01)
    #expect(abs(try #require(information.audioSeconds) - seconds) < 0.01)
  }

  @Test(arguments: ["ffv1", "mpeg4"])
  func encodesWhatPlayersCannotShow(codec: String) async throws {
    let source = try await scratch.clip(
      "source.mkv", "-f lavfi -i testsrc=s=61x47:r=24:d=1 -pix_fmt yuv420p -c:v", codec)
    let url = scratch.file("clip.mp4")
    try await MediaWriter.write(picture: .original(source), sound: .waveform(tone), to: url)
    #expect(try await scratch.ask(url, "stream=codec_name,width,height,nb_frames") == "h264,62,48,24")
  }

  @Test func vp9IsCopiedIntoWebM() async throws {
    let source = try await scratch.clip(
      "source.webm", "-f lavfi -i testsrc=s=61x47:r=24:d=1 -c:v libvpx-vp9 -deadline realtime")
    let url = scratch.file("clip.webm")
    try await MediaWriter.write(picture: .original(source), sound: .waveform(tone), to: url)
    #expect(try await packets(url) == packets(source))
    #expect(try await scratch.ask(url, "stream=codec_name", stream: "a:0") == "opus")
  }

  @Test func copiesAACThatNeedsNoChange() async throws {
    let source = try await scratch.clip(
      "source.mp4", "-f lavfi -i testsrc2=s=32x32:r=10:d=2 -f lavfi -i",
      "aevalsrc=if(between(t\\,0.8\\,0.81)\\,0.8*sin(6283*t)\\,0)|0:s=44100:d=2", "-c:v libx264 -c:a aac")
    let url = scratch.file("clip.mp4")
    let frames = Numbered.frames(count: 34, rate: 17)
    try await MediaWriter.write(picture: .frames(frames), sound: .original(source), to: url)
    #expect(try await packets(url, "a") == packets(source, "a"))
    let heard = try await AudioReader.read(url, seconds: 2, sampleRate: 16000)
    let before = try await AudioReader.read(source, seconds: 2, sampleRate: 16000)
    #expect(heard == before)
  }

  @Test(arguments: [
    ("mp4", "aac", 44100, 2), ("wav", "pcm_s16le", 96000, 1), ("mkv", "libopus", 48000, 6),
    ("wav", "pcm_s16le", 96000, 1),
  ])
  func cutsSoundExactlyAtItsOwnRate(container: String, codec: String, rate: Int, channels: Int) async throws {
    let burst = "if(between(t\\,1.6\\,1.61)\\,0.8*sin(6283*t)\\,0)"
    let layout = [1: "mono", 2: "stereo", 6: "5.1"][channels]!
    let source = try await scratch.clip(
      "source.\(container)", "-f lavfi -i",
      "aevalsrc=\(Array(repeating: burst, count: channels).joined(separator: "|")):s=\(rate):d=3:c=\(layout)",
      "-c:a", codec)
    let url = scratch.file("clip.mp4")
    let frames = Numbered.frames(count: 17, rate: 17)
    try await MediaWriter.write(picture: .frames(frames), sound: .original(source, start: 1.2), to: url)
    #expect(
      try await scratch.ask(url, "stream=codec_name,sample_rate,channels", stream: "a:0")
        == "aac,\(rate),\(channels)")
    let heard = try await AudioReader.read(url, seconds: 1, sampleRate: 48000)
    let onset = Double(heard.samples.firstIndex { abs($0) > 0.1 } ?? -1) / 48000
    #expect(abs(onset - 0.4) < 0.002)
    #expect(abs(try #require(try await MediaProbe.probe(url).audioSeconds) - 1) < 0.001)
  }

  @Test func theSameCutIsTheSameFile() async throws {
    let source = try await scratch.clip(
      "source.mp4", "-f lavfi -i testsrc2=s=320x240:r=30:d=2 -f lavfi -i sine=d=2", encode, "-c:a aac")
    let (first, second) = (scratch.file("first.mp4"), scratch.file("second.mp4"))
    for url in [first, second] {
      try await MediaWriter.write(
        picture: .original(source, start: 0.5), sound: .original(source, start: 0.5), to: url)
    }
    #expect(try Data(contentsOf: first) == Data(contentsOf: second))
  }

  @Test func refusesOriginalsThatLackTheStream() async throws {
    let mute = try await scratch.clip("mute.mp4", "-f lavfi -i testsrc2=s=32x32:r=10:d=1 -c:v libx264")
    let blind = try await scratch.clip("blind.wav", "-f lavfi -i sine=d=1")
    let url = scratch.file("clip.mp4")
    await #expect(throws: MediaError.noAudio(mute)) {
      try await MediaWriter.write(sound: .original(mute), to: url)
    }
    await #expect(throws: MediaError.noVideo(blind)) {
      try await MediaWriter.write(picture: .original(blind), to: url)
    }
    await #expect(throws: MediaError.startBeyondEnd(mute, start: 1, seconds: 1)) {
      try await MediaWriter.write(picture: .original(mute, start: 1), to: url)
    }
    #expect(try scratch.names == ["blind.wav", "mute.mp4"])
  }
}

import Foundation
import Media
import Testing

@Suite struct MediaProbeTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func describesAClip() async throws {
    let url = try await scratch.clip(
      "clip.mp4", "-f lavfi -i testsrc2=s=96x64:r=30000/1001:d=2 -f lavfi -i sine=r=44100:d=2",
      "-c:v libx264 -pix_fmt yuv420p -c:a aac -ac 2 -metadata comment=hello")
    let information = try await MediaProbe.probe(url)
    #expect(information.container.contains("mp4"))
    #expect(abs(try #require(information.duration) - 2) < 0.05)
    #expect(information.comment == "hello")
    let video = try #require(information.video)
    #expect(video.codec == "h264" && video.pixelFormat == "yuv420p" && video.rotation == 0)
    #expect(video.displaySize == (96, 64))
    #expect(video.averageFrameRate.description == "30000/1001" && !video.isVariableRate)
    let audio = try #require(information.audio)
    #expect(audio.codec == "aac" && audio.sampleRate == 44100 && audio.channels == 2)
  }

  @Test func noticesAVariableRate() async throws {
    let url = try await scratch.clip(
      "variable.mp4",
      "-f lavfi -i testsrc2=s=32x32:r=30:d=2 -vf select=lt(mod(n*n\\,5)\\,2) -vsync vfr -c:v libx264")
    #expect(try #require(try await MediaProbe.probe(url).video).isVariableRate)
  }

  @Test(arguments: ["mkv", "webm", "mp4"])
  func aLateStreamIsAsLongAsItIs(container: String) async throws {
    let codecs = container == "webm" ? "-c:v libvpx -c:a libopus" : "-c:v libx264 -c:a aac"
    for (video, audio) in [(3, 3), (3, 0), (0, 3)] {
      let url = try await scratch.clip(
        "late.\(container)", "-itsoffset \(video) -f lavfi -i testsrc2=s=64x48:r=25:d=2",
        "-itsoffset \(audio) -f lavfi -i sine=d=2 -map 0:v -map 1:a -vsync vfr", codecs)
      let information = try await MediaProbe.probe(url)
      let audioEnd = Double(audio - video + 2)
      #expect(abs(information.origin - Double(video)) < 0.06)
      #expect(abs(try #require(information.videoSeconds) - 2) < 0.06)
      #expect(abs(try #require(information.audioSeconds) - audioEnd) < 0.06)
      #expect(abs(try #require(information.duration) - max(2, audioEnd)) < 0.06)
      _ = try await VideoReader.read(url, seconds: 8, frameRate: 10, width: 8, height: 8)
      if audioEnd > 0 { _ = try await AudioReader.read(url, seconds: 8, sampleRate: 16000) }
    }
  }

  /// mkvmerge writes the length where ffmpeg writes the end.
  @Test func aLateStreamIsAsLongAsItIsWhoeverWroteTheFile() async throws {
    let url = try await scratch.clip(
      "late.mkv", "-itsoffset 3 -f lavfi -i testsrc2=s=64x48:r=25:d=2 -c:v libx264")
    var data = try Data(contentsOf: url)
    let tag = try #require(data.range(of: Data("00:00:05".utf8)))
    data.replaceSubrange(tag, with: Data("00:00:02".utf8))
    try data.write(to: url)
    #expect(abs(try #require(try await MediaProbe.probe(url).videoSeconds) - 2) < 0.01)
  }

  @Test(arguments: [
    ("live.webm", "-f lavfi -i sine=d=2 -c:v libvpx -c:a libopus -f webm -live 1"),
    ("live.mkv", "-f lavfi -i sine=d=2 -c:v libx264 -c:a aac -f matroska -live 1"),
    ("bare.h264", "-c:v libx264"),
  ])
  func measuresWhatDoesNotSayHowLongItIs(name: String, options: String) async throws {
    let url = try await scratch.clip(name, "-f lavfi -i testsrc2=s=64x48:r=25:d=2", options)
    let information = try await MediaProbe.probe(url)
    #expect(abs(try #require(information.videoSeconds) - 2) < 0.01)
    #expect(abs(try #require(information.duration) - 2) < 0.06)
    if name != "bare.h264" { #expect(abs(try #require(information.audioSeconds) - 2) < 0.06) }
    let clip = scratch.file("clip.mp4")
    try await MediaWriter.write(
      picture: .original(url), sound: .waveform(.sine(440, seconds: 4, sampleRate: 16000)), to: clip)
    #expect(abs(try #require(try await MediaProbe.probe(clip).audioSeconds) - 2) < 0.06)
  }

  @Test(arguments: ["still.png", "still.jpg"])
  func aStillPictureIsHeld(name: String) async throws {
    let url = try await scratch.clip(name, "-f lavfi -i testsrc2=s=64x48:r=1:d=1 -frames:v 1")
    let information = try await MediaProbe.probe(url)
    #expect(information.isStill && information.duration == nil && information.videoSeconds == nil)
    let frames = try await VideoReader.read(
      url, start: 3, seconds: 1, frameRate: 10, width: 64, height: 48)
    #expect(frames.count == 10)
    let clip = scratch.file("clip.mp4")
    try await MediaWriter.write(
      picture: .original(url), sound: .waveform(.sine(440, seconds: 1, sampleRate: 16000)), to: clip)
    #expect(abs(try #require(try await MediaProbe.probe(clip).videoSeconds) - 1) < 0.05)
  }

  @Test func refusesWhatIsNoClip() async throws {
    let html = scratch.file("page.mp4")
    try Data("<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>".utf8).write(to: html)
    let text = scratch.file("notes.txt")
    try Data("hello\n".utf8).write(to: text)
    let empty = scratch.file("empty.mp4")
    try Data().write(to: empty)
    let missing = scratch.file("missing.mp4")

    await #expect(throws: MediaError.fileMissing(missing)) { try await MediaProbe.probe(missing) }
    await #expect(throws: MediaError.emptyFile(empty)) { try await MediaProbe.probe(empty) }
    await #expect(throws: MediaError.notAFile(scratch.folder)) { try await MediaProbe.probe(scratch.folder) }
    let device = URL(filePath: "/dev/zero")
    await #expect(throws: MediaError.notAFile(device)) { try await MediaProbe.probe(device) }
    for url in [html, text] {
      let error = await #expect(throws: MediaError.self) { try await MediaProbe.probe(url) }
      guard case .unreadable = try #require(error) else { return #expect(Bool(false), "\(error!)") }
    }
    let remote = URL(string: "https://example.com/clip.mp4")!
    await #expect(throws: MediaError.self) { try await MediaProbe.probe(remote) }
  }

  @Test(arguments: ["index at the end", "index at the front", "matroska"])
  func aTruncatedClipIsAnError(kind: String) async throws {
    let name = kind == "matroska" ? "clip.mkv" : "clip.mp4"
    let flags = kind == "index at the front" ? "-movflags +faststart" : ""
    let url = try await scratch.clip(
      name, "-f lavfi -i testsrc2=s=128x96:r=25:d=4 -f lavfi -i sine=d=4 -c:v libx264 -c:a aac", flags)
    let bytes = try Data(contentsOf: url)
    try bytes.prefix(bytes.count * 6 / 10).write(to: url)

    let video = await #expect(throws: MediaError.self) {
      try await VideoReader.read(url, seconds: 4, frameRate: 17, width: 32, height: 32)
    }
    let audio = await #expect(throws: MediaError.self) {
      try await AudioReader.read(url, seconds: 4, sampleRate: 16000)
    }
    let written = await #expect(throws: MediaError.self) {
      try await MediaWriter.write(
        picture: .original(url), sound: .waveform(.sine(440, seconds: 4, sampleRate: 16000)),
        to: scratch.file("out.mp4"))
    }
    #expect(try scratch.names == [name])
    for error in [video, audio, written] {
      let line = try #require(error).description
      #expect(line.contains("damaged") || line.contains("not a readable clip"), "\(line)")
      #expect(line.contains("clip.m") && !line.contains("\n"))
    }
  }

  @Test(arguments: [
    "-100%d [x]*?.mp4", "http:it's a \"quote\" \\,;=#.mp4", "line\nbreak  Grüße 雨 🌧.mp4",
  ])
  func opensAndWritesFilesOfAnyName(name: String) async throws {
    let url = scratch.file(name)
    try await MediaWriter.write(
      picture: .frames(Numbered.frames(count: 10, rate: 10)),
      sound: .waveform(.sine(440, seconds: 1, sampleRate: 16000)), comment: name, to: url)
    #expect(try scratch.names == [name])
    let frames = try await VideoReader.read(url, seconds: 1, frameRate: 10, width: 64, height: 48)
    #expect(Numbered.framesNumbers(of: frames) == Array(0..<10))
    #expect(try await AudioReader.read(url, seconds: 1, sampleRate: 16000).peak > 0.3)
    #expect(try await MediaProbe.probe(url).comment == name)
  }

  @Test func messagesAreOneLine() {
    let url = URL(filePath: "/tmp/line\nbreak\u{1b}[2J.mp4")
    let errors: [MediaError] = [
      .toolMissing("ffmpeg"), .fileMissing(url), .notAFile(url), .emptyFile(url), .unreadable(url, "why"),
      .damaged(url, "why"), .noVideo(url), .noAudio(url), .silent(url), .unknownEnding(url),
      .folderMissing(url),
      .startBeyondEnd(url, start: 3, seconds: 2.5), .nothingToWrite(url, "why"), .outputIsFolder(url),
      .notWritable(url, "why"), .diskFull(url), .writeFailed(url, "why"),
    ]
    for error in errors {
      #expect(!error.description.unicodeScalars.contains { $0.properties.generalCategory == .control })
    }
    #expect(
      "\(MediaError.startBeyondEnd(url, start: 10, seconds: 2.5))".hasPrefix(
        "start 10 s lies beyond the end of"))
  }
}

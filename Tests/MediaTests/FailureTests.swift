import Foundation
import Media
import Testing

/// What must end in one clear line and leave nothing behind.
@Suite struct FailureTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private let frames = Numbered.frames(count: 17, rate: 17)
  private let tone = Waveform.sine(440, seconds: 1, sampleRate: 16000)

  @Test func namesThePackageWhenFFmpegIsMissing() async throws {
    try await FFmpeg.$searchPath.withValue(scratch.folder.path(percentEncoded: false)) {
      let url = scratch.file("clip.mp4")
      let error = await #expect(throws: MediaError.toolMissing("ffmpeg")) {
        try await MediaWriter.write(picture: .frames(frames), to: url)
      }
      #expect(error?.description == "ffmpeg was not found; install it with `apt-get install ffmpeg`")
      try Data([1]).write(to: url)
      await #expect(throws: MediaError.toolMissing("ffprobe")) { try await MediaProbe.probe(url) }
      #expect(try scratch.names == ["clip.mp4"])
    }
  }

  @Test func checksTheOutputBeforeTheWork() throws {
    let missing = scratch.file("no/such/clip.mp4")
    #expect(throws: MediaError.folderMissing(scratch.file("no/such"))) {
      try MediaWriter.checkWritable(missing)
    }
    let folder = scratch.file("folder.mp4")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    #expect(throws: MediaError.outputIsFolder(folder)) { try MediaWriter.checkWritable(folder) }
    for name in ["clip", "clip.avi", "clip.png"] {
      #expect(throws: MediaError.unknownEnding(scratch.file(name))) {
        try MediaWriter.checkWritable(scratch.file(name))
      }
    }
    let plain = scratch.file("plain")
    try Data().write(to: plain)
    #expect(throws: MediaError.notWritable(plain, "Not a directory")) {
      try MediaWriter.checkWritable(plain.appending(path: "clip.mp4"))
    }
    #expect(throws: MediaError.notWritable(scratch.folder, "File name too long")) {
      try MediaWriter.checkWritable(scratch.file(String(repeating: "x", count: 300) + ".mp4"))
    }
    #expect(throws: MediaError.self) { try MediaWriter.checkWritable(URL(filePath: "/proc/clip.mp4")) }
    try MediaWriter.checkWritable(scratch.file("Clip.MP4"))
    try PNGWriter.checkWritable(scratch.file("sheet.png"))
    #expect(try scratch.names == ["folder.mp4", "plain"])
  }

  @Test(.enabled(if: getuid() != 0, "the superuser may write everywhere"))
  func refusesAReadOnlyFolder() throws {
    let path = scratch.folder.path(percentEncoded: false)
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: path)
    defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path) }
    #expect(throws: MediaError.notWritable(scratch.folder, "Permission denied")) {
      try MediaWriter.checkWritable(scratch.file("clip.mp4"))
    }
  }

  /// A search path on which ffmpeg may write only `blocks` of 512 bytes per file, or does what `body` says.
  private func tools(_ body: String) throws -> String {
    let bin = scratch.file("bin")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: false)
    for tool in ["ffmpeg", "ffprobe"] {
      let script = bin.appending(path: tool)
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      try Data("#!/bin/sh\nPATH='\(path)'\n\(tool == "ffmpeg" ? body : "")\nexec \(tool) \"$@\"\n".utf8)
        .write(to: script)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: script.path(percentEncoded: false))
    }
    return bin.path(percentEncoded: false)
  }

  @Test(arguments: ["mp4", "webm", "gif", "wav"])
  func aFullDiskIsOneLineAndLeavesNothing(ending: String) async throws {
    let noise = VideoFrames(
      width: 96, height: 96, frameRate: 17,
      pixels: (0..<96 * 96 * 3 * 5).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) })
    let url = scratch.file("clip.\(ending)")
    try await FFmpeg.$searchPath.withValue(tools("trap '' XFSZ\nulimit -f 8")) {
      await #expect(throws: MediaError.diskFull(url)) {
        try await MediaWriter.write(
          picture: .frames(noise), sound: .waveform(.sine(300, seconds: 2, sampleRate: 48000)), to: url)
      }
    }
    #expect(try scratch.names == ["bin"])
  }

  @Test func aToolThatDiesEarlyIsAnErrorNotASignal() async throws {
    let url = scratch.file("clip.mp4")
    let many = Numbered.frames(count: 255, rate: 17)  // more than a pipe holds
    try await FFmpeg.$searchPath.withValue(tools("echo 'Encoder broke' >&2; exit 3")) {
      await #expect(throws: MediaError.writeFailed(url, "Encoder broke")) {
        try await MediaWriter.write(picture: .frames(many), to: url)
      }
    }
    #expect(try scratch.names == ["bin"])
  }

  @Test func anExistingFileSurvivesAFailure() async throws {
    let url = scratch.file("clip.mp4")
    try Data("precious".utf8).write(to: url)
    try await FFmpeg.$searchPath.withValue(tools("exit 1")) {
      await #expect(throws: MediaError.self) {
        try await MediaWriter.write(picture: .frames(frames), to: url)
      }
    }
    #expect(try Data(contentsOf: url) == Data("precious".utf8))
    try await MediaWriter.write(picture: .frames(frames), to: url)
    #expect(try await MediaProbe.probe(url).video != nil)
  }

  @Test func aLinkStaysAndWhatItLeadsToIsWritten() async throws {
    let folder = scratch.file("folder")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    let (link, next) = (scratch.file("link.mp4"), folder.appending(path: "next.mp4"))
    for (file, target) in [(link, "folder/next.mp4"), (next, "../clip.mp4")] {
      try FileManager.default.createSymbolicLink(
        atPath: file.path(percentEncoded: false), withDestinationPath: target)
    }
    // At first nothing is there; then it is replaced.
    for count in [17, 34] {
      try MediaWriter.checkWritable(link)
      try await MediaWriter.write(picture: .frames(Numbered.frames(count: count, rate: 17)), to: link)
      #expect(try scratch.names == ["clip.mp4", "folder", "link.mp4"])
      #expect(try await scratch.ask(scratch.file("clip.mp4"), "stream=nb_frames") == "\(count)")
      for file in [link, next] {
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path(percentEncoded: false))
        #expect(attributes[.type] as? FileAttributeType == .typeSymbolicLink)
      }
    }
  }

  @Test func refusesToReplaceAPipe() async throws {
    let pipe = scratch.file("pipe.mp4")
    try #require(mkfifo(pipe.path(percentEncoded: false), 0o600) == 0)
    try FileManager.default.createSymbolicLink(at: scratch.file("link.mp4"), withDestinationURL: pipe)
    for name in ["pipe.mp4", "link.mp4"] {
      let url = scratch.file(name)
      let error = #expect(throws: MediaError.self) { try MediaWriter.checkWritable(url) }
      #expect(try #require(error).description.contains("\(name)' is not a regular file"))
      await #expect(throws: MediaError.self) {
        try await MediaWriter.write(picture: .frames(frames), to: url)
      }
    }
    #expect(try scratch.names == ["link.mp4", "pipe.mp4"])
  }

  @Test func refusesAClipOfNothing() async throws {
    let url = scratch.file("clip.mp4")
    let none = VideoFrames(width: 2, height: 2, frameRate: 10, pixels: [])
    for (picture, sound, seconds) in [
      (nil, nil, nil), (.frames(none), nil, nil),
      (nil, .waveform(Waveform(sampleRate: 16000, samples: [])), nil),
      (.frames(frames), nil, -1), (.frames(frames), nil, 0), (.frames(frames), nil, .nan),
    ] as [(MediaWriter.Picture?, MediaWriter.Sound?, Double?)] {
      await #expect(throws: MediaError.self) {
        try await MediaWriter.write(picture: picture, sound: sound, seconds: seconds, to: url)
      }
    }
    await #expect(throws: MediaError.self) {
      try await MediaWriter.write(sound: .waveform(tone), to: scratch.file("clip.gif"))
    }
    await #expect(throws: MediaError.self) {
      try await MediaWriter.write(picture: .frames(frames), to: scratch.file("clip.wav"))
    }
    #expect(try scratch.names == [])
  }

  @Test(arguments: ["exec sleep 60", "trap '' TERM; sleep 60"])
  func cancellingEndsTheChildAtOnce(behaviour: String) async throws {
    let mark = scratch.file("pid")
    let path = try tools("echo $$ > '\(mark.path(percentEncoded: false))'\n\(behaviour)")
    let url = scratch.file("clip.mp4")
    let task = Task { [frames] in
      try await FFmpeg.$searchPath.withValue(path) {
        try await MediaWriter.write(picture: .frames(frames), to: url)
      }
    }
    var child: pid_t = 0
    while child == 0 {
      try await Task.sleep(for: .milliseconds(20))
      child =
        (try? String(contentsOf: mark, encoding: .utf8)).flatMap {
          pid_t($0.trimmingCharacters(in: .newlines))
        } ?? 0
    }
    let start = ContinuousClock.now
    task.cancel()
    await #expect(throws: MediaError.cancelled) { try await task.value }
    #expect(ContinuousClock.now - start < .seconds(20))  // a busy machine; the child would last a minute
    #expect(kill(child, 0) == -1)
    #expect(try scratch.names == ["bin", "pid"])
  }

  @Test func cancellingStopsARealEncoder() async throws {
    let source = try await scratch.clip(
      "long.mkv", "-f lavfi -i testsrc2=s=320x240:r=30:d=30 -c:v mpeg4 -q:v 5")
    let url = scratch.file("clip.webm")
    let task = Task { try await MediaWriter.write(picture: .original(source), to: url) }
    while try scratch.names.count < 2 { try await Task.sleep(for: .milliseconds(20)) }
    try await Task.sleep(for: .milliseconds(300))
    let start = ContinuousClock.now
    task.cancel()
    await #expect(throws: MediaError.cancelled) { try await task.value }
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(try scratch.names == ["long.mkv"])
  }

  @Test func aPNGHoldsExactlyItsPixels() async throws {
    let url = scratch.file("100%d picture.png")
    let pixels = (0..<31 * 17 * 3).map { UInt8(truncatingIfNeeded: $0 * 37) }
    try await PNGWriter.write(width: 31, height: 17, pixels: pixels, to: url)
    let bytes = try Data(contentsOf: url)
    try await PNGWriter.write(width: 31, height: 17, pixels: pixels, to: url)
    #expect(try Data(contentsOf: url) == bytes)
    #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    await #expect(throws: MediaError.self) {
      try await PNGWriter.write(width: 4, height: 4, pixels: [0], to: url)
    }
    #expect(try scratch.names == ["100%d picture.png"])
    let plain = scratch.file("plain.png")  // ffmpeg itself reads `%d` as a series of pictures
    try FileManager.default.moveItem(at: url, to: plain)
    #expect(
      try await VideoReader.read(plain, seconds: 0.1, frameRate: 10, width: 31, height: 17).pixels == pixels)
  }
}

import Foundation
import Media
import Testing
import UniForm

/// The program as a user runs it, with a tiny model of random weights.
@Suite(.serialized) struct GenerateRunTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  private func generate(_ arguments: String...) async throws -> Program.Result {
    try await place.program.run(["generate", "--model", "tiny"] + arguments)
  }

  private func settings(_ name: String) async throws -> ClipSettings {
    let comment = try #require(try await MediaProbe.probe(place.file(name)).comment)
    return try JSONDecoder().decode(ClipSettings.self, from: Data(comment.utf8))
  }

  @Test func `makes picture and sound from words, and says so first`() async throws {
    let result = try await generate(
      "--prompt", "rain on a roof", "--seed", "4", "--output", "a.mp4", "--sheet", "a.png")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.outputLines.first == "Text to audio and video: \"rain on a roof\"")
    #expect(result.errors == "")
    #expect(try place.names == ["a.mp4", "a.png"])
    let clip = try await MediaProbe.probe(place.file("a.mp4"))
    #expect(clip.video?.codedWidth == 32)
    #expect(abs(try #require(clip.videoSeconds) - 1) < 0.06)
    #expect(abs(try #require(clip.audioSeconds) - 1) < 0.06)
    let settings = try await settings("a.mp4")
    #expect(settings.seed == 4)
    #expect(settings.prompt == "rain on a roof")
    #expect(settings.task == .t2av)
  }

  @Test(arguments: ["wav", "mp4"]) func `makes sound alone`(ending: String) async throws {
    let result = try await generate("--prompt", "rain", "--only", "audio", "--output", "a.\(ending)")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.outputLines.first == "Text to audio: \"rain\"")
    #expect(result.errors.contains("trained for the task t2a"))
    let clip = try await MediaProbe.probe(place.file("a.\(ending)"))
    let seconds = try #require(clip.audioSeconds)
    #expect(clip.video == nil && abs(seconds - 1) < 0.06)
    #expect(try await settings("a.\(ending)").task == .t2a)
  }

  @Test func `makes pictures alone, in a mute clip with a sheet`() async throws {
    let result = try await generate(
      "--prompt", "rain", "--only", "video", "--output", "a.mp4", "--sheet", "a.png")
    #expect(result.status == 0, "\(result.errors)")
    let clip = try await MediaProbe.probe(place.file("a.mp4"))
    #expect(clip.audio == nil && clip.video?.codedWidth == 32)
    #expect(try await settings("a.mp4").task == .t2v)
  }

  @Test func `follows what is given more closely, and records it`() async throws {
    try await place.clip("in.wav", video: false)
    let result = try await generate(
      "--audio", "in.wav", "--condition-guidance", "2.5", "--negative-condition", "absent", "--output",
      "a.mp4")
    #expect(result.status == 0, "\(result.errors)")
    let settings = try await settings("a.mp4")
    #expect(settings.conditionGuidanceScale == 2.5 && settings.negativeCondition == .absent)
    #expect(settings.start == 0 && settings.fit == nil && settings.adapters == nil)
    #expect(result.errors.contains("warning: guidance against an absent condition is good only from a model"))
  }

  @Test func `records which part of a video it was made for`() async throws {
    try await place.clip("in.mp4", audio: false)
    let result = try await generate(
      "--video", "in.mp4", "--start", "0.5", "--fit", "squash", "--output", "a.mp4")
    #expect(result.status == 0, "\(result.errors)")
    let settings = try await settings("a.mp4")
    #expect(settings.start == 0.5 && settings.fit == "squash")
    let inspected = try await place.program.run(["inspect", "a.mp4"])
    #expect(inspected.output.contains("the input from 0.5 s on, fit squash"))
  }

  @Test func `keeps the pictures of a video as they are and adds sound`() async throws {
    try await place.clip("in.mp4", audio: false)
    let result = try await generate("--video", "in.mp4", "--output", "out.mp4")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.outputLines.first == "Video to audio: in.mp4")
    let clip = try await MediaProbe.probe(place.file("out.mp4"))
    #expect(clip.video?.codedWidth == 48)
    #expect(clip.video?.nominalFrameRate.value == 20)
    #expect(clip.audio != nil)
  }

  @Test func `keeps the sound it is given and adds pictures`() async throws {
    try await place.clip("in.wav", video: false)
    let result = try await generate(
      "--audio", "in.wav", "--prompt", "a bell", "--output", "out.mp4", "--no-metadata")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.outputLines.first == "Audio to video: in.wav, \"a bell\"")
    let clip = try await MediaProbe.probe(place.file("out.mp4"))
    #expect(clip.video?.codedWidth == 32)
    #expect(clip.comment == nil)
    let (given, kept) = (
      try await AudioReader.read(place.file("in.wav"), seconds: 1, sampleRate: 16_000),
      try await AudioReader.read(place.file("out.mp4"), seconds: 1, sampleRate: 16_000)
    )
    let difference = zip(given.samples, kept.samples).map { abs($0 - $1) }.dropFirst(2000).prefix(12_000)
    #expect(difference.reduce(0, +) / Float(difference.count) < 0.05)
  }

  @Test(arguments: ["mp4", "webm", "gif", "wav", "png"])
  func `writes what the ending says`(ending: String) async throws {
    let result = try await generate("--prompt", "rain", "--seed", "1", "--output", "x.\(ending)", "--quiet")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output == "")
    #expect(try place.names == ["x.\(ending)"])
    let clip = try await MediaProbe.probe(place.file("x.\(ending)"))
    #expect((clip.video != nil) == (ending != "wav"))
    #expect((clip.audio != nil) == ["mp4", "webm", "wav"].contains(ending))
  }

  @Test func `the same seed is the same file, alone or among others`() async throws {
    _ = try await generate("--prompt", "rain", "--seed", "7", "--count", "2", "--output", "many.mp4")
    _ = try await generate("--prompt", "rain", "--seed", "8", "--output", "one.mp4")
    #expect(try place.names == ["many-1.mp4", "many-2.mp4", "one.mp4"])
    let second = try Data(contentsOf: place.file("many-2.mp4"))
    #expect(try second == Data(contentsOf: place.file("one.mp4")))
    #expect(try second != Data(contentsOf: place.file("many-1.mp4")))
  }

  @Test func `draws a seed and prints it`() async throws {
    let result = try await generate("--prompt", "rain")
    let name = try #require(try place.names.first)
    let seed = try #require(name.wholeMatch(of: #/uniform-(\d+)\.mp4/#)?.1)
    #expect(result.output.contains("(seed \(seed))"))
  }

  @Test func `warns when the model knows none of the words`() async throws {
    let result = try await place.program(
      "generate", "--model", "narrow", "--prompt", "zebra", "--output", "x.mp4")
    #expect(result.status == 0)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.hasPrefix("uniform: warning: "))
    #expect(result.errors.contains("rain"))
  }

  @Test func `no prompt that a model gives as an example is warned of`() async throws {
    var prompts = try Workplace.knownClasses.map(\.example)
    prompts += ["A bell rings twice", "waves on a beach", "a red ball bounces"]
    let lines = prompts.enumerated().map { "\($1),\($0).wav\n" }
    try place.write("prompt,output\n" + lines.joined() + "the ukulele on a table,no.wav\n", to: "list.csv")
    let result = try await place.program(
      "generate", "--model", "narrow", "--batch", "list.csv", "--steps", "1", "--json")
    #expect(result.status == 0)
    #expect(result.errorLines.count == 1, "\(result.errors)")
    let last = try #require(result.outputLines.lastIndex { $0.contains("\"warning\"") })
    #expect(result.outputLines[last - 1].contains("ukulele"))
  }

  @Test func `the clip is made although nobody reads the report`() async throws {
    let (process, output, errors) = place.program.process([
      "generate", "--model", "tiny", "--prompt", "rain", "--output", "x.mp4",
    ])
    try process.run()
    try output.fileHandleForReading.close()
    try errors.fileHandleForReading.close()
    while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 0)
    #expect(try place.names == ["x.mp4"])
  }

  @Test(arguments: [0.5, 1.5])
  func `what is given rules the length where it ends first`(seconds: Double) async throws {
    try await place.clip("in.mp4", seconds: seconds)
    for (option, name) in [("--video", "video"), ("--audio", "sound")] {
      let result = try await generate(option, "in.mp4", "--seconds", "3", "--output", "\(name).mp4")
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("the \(name) ends after \(seconds)"), "\(result.errors)")
      #expect(abs(try await settings("\(name).mp4").seconds - seconds) < 0.06)
    }
    _ = try await generate("--video", "in.mp4", "--seconds", "3", "--output", "sound.wav")
    let length = try #require(try await MediaProbe.probe(place.file("sound.wav")).audioSeconds)
    #expect(abs(length - seconds) < 0.06)
  }

  @Test func `what does not say how long it is rules the length, too`() async throws {
    try await place.clip("in.mp4", seconds: 1.5)
    try await place.live("live.mkv", from: "in.mp4")
    let result = try await generate("--video", "live.mkv", "--seconds", "3", "--output", "out.mp4")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("the video ends after 1.5 s"), "\(result.errors)")
    #expect(abs(try await settings("out.mp4").seconds - 1.5) < 0.06)
  }

  @Test func `a pipe is no output`() async throws {
    try #require(mkfifo(place.file("x.mp4").path, 0o600) == 0)
    let result = try await generate("--prompt", "rain", "--output", "x.mp4")
    #expect(result.status == 73, "\(result.errors)")
    #expect(result.errorLines.count == 1 && result.errors.contains("x.mp4' is not a regular file"))
    #expect(try place.names == ["x.mp4"])
  }

  @Test func `makes pictures of the size or the aspect that is asked for`() async throws {
    for (options, size) in [
      (["--size", "64x48"], (64, 48)), (["--size", "48"], (48, 48)), (["--aspect", "16:9"], (48, 32)),
      (["--aspect", "1:1"], (32, 32)),
    ] {
      let result = try await place.program.run(
        ["generate", "--model", "tiny", "--prompt", "rain", "--output", "x.mp4"] + options)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("was trained on pictures of 32x32 pixels") == (size != (32, 32)))
      let video = try #require(try await MediaProbe.probe(place.file("x.mp4")).video)
      #expect((video.codedWidth, video.codedHeight) == size)
      let settings = try await settings("x.mp4")
      #expect((settings.width, settings.height) == size)
    }
  }

  @Test func `a video is shown to the model in its own aspect where that is asked for`() async throws {
    try await place.clip("in.mp4", audio: false)  // 48 × 36
    for (options, size) in [
      ([], (32, 32)), (["--aspect", "input"], (48, 32)), (["--size", "64"], (64, 64)),
    ] {
      let result = try await place.program.run(
        ["generate", "--model", "tiny", "--video", "in.mp4", "--output", "out.mp4"] + options)
      #expect(result.status == 0, "\(result.errors)")
      let settings = try await settings("out.mp4")
      #expect((settings.width, settings.height) == size)
      #expect(try await MediaProbe.probe(place.file("out.mp4")).video?.codedWidth == 48)
    }
  }

  @Test func `each line of a list may have a size of its own`() async throws {
    try place.write(
      "prompt,size,aspect,output\nrain,64x32,,a.mp4\nrain,,,b.mp4\nrain,,2:1,c.mp4\nrain,9,,d.mp4\n"
        + "rain,wide,,e.mp4\nrain,,input,f.mp4\nrain,16,1:1,g.mp4\n", to: "list.csv")
    let result = try await generate("--batch", "list.csv", "--size", "48x32")
    #expect(result.status == 64, "\(result.errors)")
    #expect(result.errorLines.count { $0.contains("error: line") } == 4, "\(result.errors)")
    #expect(result.errors.contains("line 5: size: 9x9 pixels; the model makes multiples of 8"))
    #expect(result.errors.contains("line 6: the size 'wide' is no WIDTHxHEIGHT"))
    #expect(result.errors.contains("line 7: its aspect is that of the input, but it names no video"))
    #expect(result.errors.contains("line 8: the size and aspect contradict each other"))
    #expect(try place.names == ["a.mp4", "b.mp4", "c.mp4", "list.csv"])
    var widths: [Int] = []
    for name in ["a.mp4", "b.mp4", "c.mp4"] { widths.append(try await settings(name).width) }
    #expect(widths == [64, 48, 32])
  }

  @Test func `reports in JSON`() async throws {
    let result = try await generate("--prompt", "rain", "--output", "x.mp4", "--seed", "3", "--json")
    let events = try result.outputLines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    let names = events.compactMap { $0["event"] as? String }
    #expect(names.first == "start")
    #expect(names.contains("progress"))
    #expect(names.suffix(2) == ["clip", "done"])
    let clip = try #require(events.last { $0["event"] as? String == "clip" })
    #expect(clip["output"] as? String == "x.mp4")
    #expect(clip["seed"] as? Int == 3)
    #expect((clip["settings"] as? [String: Any])?["task"] as? String == "t2av")
  }

  @Test func `a failure is an object, too`() async throws {
    let result = try await generate("--video", "no.mp4", "--json")
    #expect(result.errorLines.count == 1)
    let line = try #require(result.outputLines.last)
    let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    #expect(event?["event"] as? String == "failure")
    #expect(event?["exit_status"] as? Int == 66)
  }

  @Test func `a list skips what exists, goes on after a bad line and lists it at the end`() async throws {
    try place.write("here already", to: "old.mp4")
    try place.write(
      "prompt,video,seed,output\nrain,,1,old.mp4\n,missing.mp4,,b.mp4\nbell,,5,c.mp4\n", to: "list.csv")
    let result = try await generate("--batch", "list.csv")
    #expect(result.status == 66)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.hasPrefix("uniform: error: line 3: "), "\(result.errors)")
    #expect(result.errors.contains("missing.mp4' does not exist"))
    #expect(try place.names == ["c.mp4", "list.csv", "old.mp4"])
    #expect(try String(contentsOf: place.file("old.mp4"), encoding: .utf8) == "here already")
    #expect(try await settings("c.mp4").seed == 5)
  }

  @Test func `a list makes what is missing of several clips, and no output twice`() async throws {
    try place.write("here already", to: "a-1.mp4")
    try place.write("prompt,seed,output\nrain,1,a.mp4\nbell,2,./a.mp4\n", to: "list.csv")
    let result = try await generate(
      "--batch", "list.csv", "--count", "2", "--negative-prompt", "wind", "--json")
    #expect(result.status == 65)
    #expect(result.errors.contains("line 3: line 2 names the same output"), "\(result.errors)")
    #expect(try place.names == ["a-1.mp4", "a-2.mp4", "list.csv"])
    #expect(try String(contentsOf: place.file("a-1.mp4"), encoding: .utf8) == "here already")
    let made = try await settings("a-2.mp4")
    #expect(made.seed == 2)
    #expect(made.negativePrompt == "wind")
    let last = result.outputLines.suffix(2)
    #expect(last.first?.contains("\"failure\"") == true)
    #expect(last.last?.contains("\"done\"") == true)
  }

  @Test func `shows the settings that a clip was made with`() async throws {
    _ = try await generate("--prompt", "rain", "--seed", "11", "--output", "x.webm")
    let result = try await place.program("inspect", "x.webm")
    #expect(result.status == 0)
    #expect(result.output.contains("\"rain\""))
    #expect(result.output.contains("11"))
    _ = try await generate("--prompt", "rain", "--seed", "11", "--output", "x.png")
    let still = try await place.program("inspect", "x.png")
    #expect(still.output.contains("picture") && !still.output.contains("frames per second\n"))
  }

  @Test func `an interruption ends it within a second and leaves nothing`() async throws {
    let start = ContinuousClock.now
    let (result, took) = try await place.program.interrupted([
      "generate", "--model", "tiny", "--prompt", "rain", "--steps", "1000", "--seconds", "10", "--output",
      "x.mp4",
    ]) { ContinuousClock.now - start > .seconds(1.5) }
    #expect(took < .seconds(1.5))
    #expect(result.status == 130)
    #expect(try place.names == [])
  }
}

extension Workplace {
  /// The same clip as a live recording, which does not say how long it is.
  func live(_ name: String, from clip: String) async throws {
    let outcome = try await FFmpeg.run(
      .ffmpeg, ["-i", file(clip).path, "-c", "copy", "-f", "matroska", "-live", "1", file(name).path])
    try #require(outcome.succeeded, "\(outcome.messages)")
  }
}

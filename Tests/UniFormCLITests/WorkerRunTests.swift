import Foundation
import Testing
import WorkerProtocol

/// `uniform worker` as a server runs it, with the bundled model.
@Suite(.serialized) struct WorkerRunTests {
  let place: Workplace
  let worker: WorkerConversation

  init() throws {
    place = try Workplace()
    worker = try WorkerConversation(in: place.folder)
  }

  private func folder(_ name: String) throws -> String {
    let url = place.file(name)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url.path(percentEncoded: false)
  }

  @Test func `makes clips one after another, refuses what is none, and ends with its input`() async throws {
    guard case .ready(let model) = try await worker.next() else { throw Unexpected("not ready") }
    #expect(model.model == "uniform-tiny")
    #expect(model.examples.count == 17)
    #expect(model.defaults.samplers.first == "euler")

    worker.write("no JSON\n{\"type\":\"dance\"}\n{\"type\":\"generate\",\"id\":\"x\"}\n\n")
    for _ in 0..<3 {
      guard case .refused(let failure) = try await worker.next() else { throw Unexpected("not refused") }
      #expect(failure.exitStatus == 65)
    }

    try worker.send(.plan(id: "p", request: ClipRequest(prompt: "a bell rings", seed: 1)))
    guard case .plan("p", let plan) = try await worker.next() else { throw Unexpected("no plan") }
    #expect(plan.seconds > 0)
    #expect(plan.peakBytes > 1 << 20)
    try worker.send(.plan(id: "q", request: ClipRequest(seed: 1)))
    guard case .planFailed("q", let failure) = try await worker.next() else { throw Unexpected("planned") }
    #expect(failure.exitStatus == 64)

    let files = ["clip.mp4", "clip.wav", "peaks.json", "poster.png", "sheet.png"]
    try worker.send(
      .generate(
        job: "a", request: ClipRequest(prompt: "a bell rings", steps: 4, seed: 7), folder: folder("a")))
    try worker.send(
      .generate(
        job: "b", request: ClipRequest(video: place.file("a/clip.mp4").path, steps: 4, seed: 7),
        folder: folder("b")))
    try worker.send(
      .generate(
        job: "c", request: ClipRequest(audio: place.file("a/clip.wav").path, steps: 4, seed: 7),
        folder: folder("c")))
    for job in ["a", "b", "c"] {
      var stages: [String] = []
      loop: while true {
        switch try await worker.next() {
        case .progress(let progress):
          #expect(progress.job == job)
          if stages.last != progress.stage { stages.append(progress.stage) }
        case .done(let clip):
          #expect(clip.job == job)
          #expect(clip.settings["seed"] == .integer(7))
          break loop
        case .preview: break  // where the machine is slow
        case let event: throw Unexpected("\(event)")
        }
      }
      #expect(stages.contains("denoising"))
      let names = try FileManager.default.contentsOfDirectory(atPath: place.file(job).path)
      #expect(names.filter { !$0.hasPrefix("preview") }.sorted() == files)
    }
    let peaks = try JSONDecoder().decode(Peaks.self, from: Data(contentsOf: place.file("a/peaks.json")))
    #expect(peaks.seconds == 4)
    #expect(peaks.waveform.minima.count == 800)
    #expect(zip(peaks.waveform.minima, peaks.waveform.maxima).allSatisfy { $0 <= $1 })
    #expect(peaks.mel.levels.count == peaks.mel.frames * peaks.mel.bins)
    #expect(peaks.onsets.allSatisfy { 0..<4 ~= $0 })

    #expect(await worker.end() == 0)
  }

  @Test func `a request that cannot be read is answered to whoever waits for it`() async throws {
    _ = try await worker.next()
    for (key, value, text) in [
      ("seed", "-1", "out of range"), ("seed", "1e30", "out of range"), ("steps", "2.5", "not whole"),
      ("fit", "\"wide\"", "'request.fit' is not valid"),
      ("prompt", "3", "'request.prompt' is of another type"), ("step", "9", "'request.step' is not known"),
    ] {
      let fields = ["seed": "1", "prompt": "\"rain\""].merging([key: value]) { $1 }
      let request = "{\(fields.map { "\"\($0)\":\($1)" }.joined(separator: ","))}"
      worker.write("{\"type\":\"generate\",\"job\":\"j\",\"folder\":\"/tmp\",\"request\":\(request)}\n")
      guard case .failed("j", let failed) = try await worker.next() else { throw Unexpected("no answer") }
      worker.write("{\"type\":\"plan\",\"id\":\"i\",\"request\":\(request)}\n")
      guard case .planFailed("i", let planned) = try await worker.next() else {
        throw Unexpected("no answer")
      }
      for failure in [failed, planned] {
        #expect(failure.exitStatus == 64 && failure.message.contains(text), "\(failure)")
        #expect(!text.hasPrefix("'") || failure.field == key, "\(failure)")
      }
    }
    for (rest, field) in [("\"folder\":\"/tmp\"", "request"), ("\"request\":{\"seed\":1}", "folder")] {
      worker.write("{\"type\":\"generate\",\"job\":\"j\",\(rest)}\n")
      guard case .failed("j", let failure) = try await worker.next() else { throw Unexpected("no answer") }
      #expect(failure.field == field)
    }
    try worker.send(.generate(job: "j", request: ClipRequest(prompt: "rain", seed: 1), folder: "here"))
    guard case .failed("j", let failure) = try await worker.next() else { throw Unexpected("no answer") }
    #expect(failure.field == "folder" && failure.exitStatus == 64)
    #expect(await worker.end() == 0)
  }

  @Test func `every failure is one line, and a cancelled clip leaves room for the next`() async throws {
    guard case .ready = try await worker.next() else { throw Unexpected("not ready") }
    try place.write("no clip", to: "text.mp4")
    try place.write("#EXTM3U\n#EXTINF:1,\n/etc/hostname\n", to: "list.m3u8")
    for (request, status): (ClipRequest, Int32) in [
      (ClipRequest(seed: 1), 64), (ClipRequest(prompt: "x", steps: 0, seed: 1), 64),
      (ClipRequest(prompt: "x", sampler: "ddim", seed: 1), 64),
      (ClipRequest(prompt: "x", seed: 1, size: "9"), 64),
      (ClipRequest(prompt: String(repeating: "x", count: 20_000), seed: 1), 64),
      (ClipRequest(video: place.file("none.mp4").path, seed: 1), 66),
      (ClipRequest(video: place.file("text.mp4").path, seed: 1), 65),
      (ClipRequest(video: place.file("list.m3u8").path, seed: 1), 65),
      (ClipRequest(audio: "relative.wav", seed: 1), 64),
    ] {
      try worker.send(.generate(job: "bad", request: request, folder: folder("bad")))
      guard case .failed("bad", let failure) = try await worker.next() else {
        throw Unexpected("\(request) did not fail")
      }
      #expect(failure.exitStatus == status, "\(failure)")
      #expect(!failure.message.contains("\n"))
    }
    let endless = ClipRequest(prompt: "rain", seconds: 10, steps: 1000, seed: 1)
    try worker.send(.generate(job: "long", request: endless, folder: folder("long")))
    try worker.send(.generate(job: "waits", request: endless, folder: folder("waits")))
    guard case .progress = try await worker.next() else { throw Unexpected("no progress") }
    try worker.send(.cancel(job: "waits"))
    try worker.send(.cancel(job: "long"))
    var cancelled: Set<String> = []
    while cancelled.count < 2 {
      switch try await worker.next() {
      case .progress: continue
      case .cancelled(let job): cancelled.insert(job)
      case let event: throw Unexpected("\(event)")
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.file("long").path) == [])
    // What is being made is given up when the input ends.
    try worker.send(.generate(job: "late", request: endless, folder: folder("late")))
    guard case .progress(let progress) = try await worker.next() else { throw Unexpected("no progress") }
    #expect(progress.job == "late")
    #expect(await worker.end() == 0)
  }
}

extension WorkerRunTests {
  @Test func `a killed clip goes on from its last state, and is the same byte for byte`() async throws {
    let request = ClipRequest(prompt: "a hammer strikes", seconds: 1, steps: 300, seed: 3)
    _ = try await worker.next()
    try worker.send(.generate(job: "cut", request: request, folder: folder("cut")))
    let state = place.file("cut/\(JobFolder.state)")
    while !FileManager.default.fileExists(atPath: state.path) {
      guard case .progress = try await worker.next() else { throw Unexpected("it ended without a state") }
    }
    worker.kill()
    let half = try Data(contentsOf: state)

    let second = try WorkerConversation(in: place.folder)
    _ = try await second.next()
    // Somebody else's state is not gone on from.
    try half.write(to: URL(filePath: folder("other")).appending(path: JobFolder.state))
    var other = request
    (other.seed, other.steps) = (4, 4)
    for (job, request) in [("cut", request), ("whole", request), ("other", other)] {
      try second.send(.generate(job: job, request: request, folder: folder(job)))
      var first: Int?
      var previews: [Int] = []
      loop: while true {
        switch try await second.next() {
        case .progress(let progress) where progress.stage == "denoising": first = first ?? progress.step
        case .progress: continue
        case .preview(let preview): previews.append(preview.step)
        case .done: break loop
        case let event: throw Unexpected("\(event)")
        }
      }
      #expect((try #require(first) > 0) == (job == "cut"))
      #expect(previews.allSatisfy { $0 >= 75 } && previews == previews.sorted())
      let left = try FileManager.default.contentsOfDirectory(atPath: place.file(job).path)
      #expect(left.count == 5, "\(left)")
    }
    for name in ["clip.mp4", "clip.wav", "peaks.json", "poster.png", "sheet.png"] {
      let whole = try Data(contentsOf: place.file("whole/\(name)"))
      #expect(try Data(contentsOf: place.file("cut/\(name)")) == whole, "\(name)")
      #expect(try Data(contentsOf: place.file("other/\(name)")) != whole, "\(name)")
    }
    #expect(await second.end() == 0)
  }

  @Test func `one modality alone has its files, and a wrong field is named`() async throws {
    _ = try await worker.next()
    for (only, files) in [
      (ClipRequest.Only.audio, ["clip.mp4", "clip.wav", "peaks.json"]),
      (.video, ["clip.mp4", "poster.png", "sheet.png"]),
    ] {
      let job = only.rawValue
      let request = ClipRequest(prompt: "rain", steps: 2, seed: 1, only: only)
      try worker.send(.generate(job: job, request: request, folder: folder(job)))
      var last = try await worker.next()
      while case .progress = last { last = try await worker.next() }
      guard case .done(let clip) = last else { throw Unexpected("\(last)") }
      #expect(clip.notes.contains { $0.contains("alone is good only") })
      #expect((clip.files.sheet == nil) == (only == .audio))
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.file(job).path).sorted() == files)
    }
    let sound = place.file("audio/clip.wav").path
    for (request, field) in [
      (ClipRequest(prompt: "x", seed: 1, size: "65x64"), "size"),
      (ClipRequest(prompt: "x", seed: 1, aspect: "9:1"), "aspect"),
      (ClipRequest(prompt: "x", conditionGuidance: 2, seed: 1), "condition_guidance"),
      (ClipRequest(audio: sound, negativeCondition: .absent, seed: 1), "negative_condition"),
      (ClipRequest(audio: sound, seed: 1, only: .video), "only"),
      (ClipRequest(prompt: "x\u{7}", seed: 1), "prompt"),
    ] {
      try worker.send(.generate(job: "bad", request: request, folder: folder("bad")))
      guard case .failed(_, let failure) = try await worker.next() else { throw Unexpected("\(request)") }
      #expect(failure.field == field, "\(failure)")
      #expect(failure.exitStatus == 64)
    }
    let guided = ClipRequest(
      audio: sound, steps: 2, conditionGuidance: 2, negativeCondition: .absent, seed: 1)
    try worker.send(.generate(job: "guided", request: guided, folder: folder("guided")))
    var last = try await worker.next()
    while case .progress = last { last = try await worker.next() }
    guard case .done(let clip) = last else { throw Unexpected("\(last)") }
    #expect(clip.settings["negative_condition"] == .string("absent"))
    #expect(await worker.end() == 0)
  }
}

/// Another message than the one that had to come.
private struct Unexpected: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

private struct Peaks: Decodable {
  struct Envelope: Decodable { let minima, maxima: [Int] }
  struct Mel: Decodable {
    let frames, bins: Int
    let levels: Data
  }
  let seconds: Double
  let waveform: Envelope
  let mel: Mel
  let onsets: [Double]
}

import Foundation
import Testing

@testable import UniFormTraining

@Suite struct CaptionRunTests {
  let place: Workplace

  init() throws {
    place = try Workplace()
    try FileManager.default.createDirectory(at: place.file("clips"), withIntermediateDirectories: true)
  }

  private func caption(_ chat: TestChat, _ arguments: String...) async throws -> Program.Result {
    try await place.program.run(Self.arguments(chat) + arguments)
  }

  private static func arguments(
    _ chat: TestChat, path: String = "", output: String = "captions.jsonl"
  ) -> [String] {
    [
      "caption", "clips", "--layout", "folder", "--endpoint", chat.address + path, "--model", "seer",
      "--output", output, "--seconds", "1", "--frames", "3",
    ]
  }

  private func clips(_ names: String...) async throws {
    for name in names { try await place.clip("clips/\(name)", seconds: 1) }
  }

  private func records(_ name: String = "captions.jsonl") throws -> [CaptionRecord] {
    try JSONLines.decode(CaptionRecord.self, from: Data(contentsOf: place.file(name)))
  }

  @Test func `each clip is sent as pictures and gets its caption`() async throws {
    try await clips("b.mp4", "a.mp4")
    let chat = try TestChat(key: "secret")
    var program = place.program
    program.environment["SEER_KEY"] = "secret"
    let result = try await program.run(
      Self.arguments(chat) + [
        "--key-variable", "SEER_KEY", "--size", "32", "--input-price", "2.5", "--output-price", "10",
        "--prompt",
        "{frames} of {seconds} s", "--json",
      ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(chat.wrong == [])
    #expect(chat.prompts == ["3 of 1 s", "3 of 1 s"])
    #expect(chat.pictures.map(\.count) == [3, 3])
    let records = try records()
    #expect(records.map(\.id) == ["a.mp4", "b.mp4"])
    #expect(records.map(\.caption) == ["A bell. It rings.", "A bell. It rings."])
    let done = try #require(result.outputLines.last)
    #expect(done.contains(#""clips":2"#) && done.contains(#""tokens":{"received":40,"sent":2000}"#))
    #expect(done.contains(#""cost":0.0054"#))
    #expect(try place.names == ["captions.jsonl", "clips"])
  }

  @Test func `what passes is tried again`() async throws {
    try await clips("a.mp4")
    let chat = try TestChat(faults: [
      .status(429, ["Retry-After": "0"]), .status(503, ["Retry-After": "0"]),
      .status(500, ["Retry-After": "0"]),
    ])
    let result = try await caption(chat)
    #expect(result.status == 0, "\(result.errors)")
    #expect(chat.requests.count == 4)
    #expect(try records().count == 1)
  }

  @Test func `connections that break and answers that never come are tried again`() async throws {
    try await clips("a.mp4")
    let chat = try TestChat(faults: [.cut(after: 9)])
    #expect(try await caption(chat).status == 0)
    #expect(chat.requests.count == 2)
    try FileManager.default.removeItem(at: place.file("captions.jsonl"))
    let slow = try TestChat(faults: [.stall(4), .stall(4)])
    let result = try await caption(slow, "--timeout", "0.3", "--attempts", "2")
    #expect(result.status == 69)
    #expect(result.errorLines.count == 1)
    #expect(slow.requests.count == 2)
  }

  @Test func `a clip that cannot be read does not stop the others, and is tried again`() async throws {
    try await clips("a.mp4", "c.mp4")
    try place.write("<html>", to: "clips/b.mp4")
    let chat = try TestChat()
    let first = try await caption(chat)
    #expect(first.status == 0)
    #expect(first.errors.contains("1 clips could not be described"))
    #expect(try records().map(\.id) == ["a.mp4", "c.mp4"])
    try FileManager.default.removeItem(at: place.file("clips/b.mp4"))
    try await clips("b.mp4")
    chat.forget()
    #expect(try await caption(chat).output.contains("3 of 3 clips have a caption, 1 of them new"))
    #expect(chat.requests.count == 1)
    // Another question is another list.
    chat.forget()
    let other = try await caption(chat, "--prompt", "what?")
    #expect(other.status == 73)
    #expect(other.errors.contains("'captions.jsonl' holds captions of another model, prompt or pictures"))
    #expect(chat.requests.isEmpty)
    #expect(try records().count == 3)
  }

  @Test func `a clip at which the server fails does not stop the others`() async throws {
    try await clips("a.mp4", "b.mp4", "c.mp4")
    let chat = try TestChat(faults: [.status(500, [:])])
    let first = try await caption(chat, "--attempts", "1", "--parallel", "1")
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors.contains("1 clips could not be described; the same command tries them again"))
    #expect(try records().map(\.id) == ["b.mp4", "c.mp4"])
    #expect(try await caption(chat).output.contains("3 of 3 clips have a caption, 1 of them new"))
  }

  /// With what earlier versions wrote where there was no caption.
  static let emptyLists: [(String, String)] = [
    ("captions.jsonl", ""), ("captions.csv", ""), ("captions.csv", "id,file_name,caption,request\n"),
  ]

  @Test(arguments: emptyLists)
  func `no list is written where no clip has a caption, and the same command goes on`(
    output: String, empty: String
  ) async throws {
    try place.write("<html>", to: "clips/a.mp4")
    let chat = try TestChat()
    let arguments = Self.arguments(chat, output: output)
    let first = try await place.program.run(arguments)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors.contains("1 clips could not be described; the same command tries them again"))
    #expect(!first.output.contains("is written when all workers are done"))
    #expect(try place.names == [".\(output).part-0-of-1", "clips"])
    try place.write(empty, to: output)
    try FileManager.default.removeItem(at: place.file("clips/a.mp4"))
    try await clips("a.mp4")
    let second = try await place.program.run(arguments)
    #expect(second.output.contains("1 of 1 clips have a caption, 1 of them new"), "\(second.errors)")
    #expect(chat.requests.count == 1)
    #expect(try place.names == [output, "clips"])
  }

  @Test func `what is tried again counts for no other worker as done`() throws {
    let store = try CaptionStore(place.file("captions.jsonl"))
    let failed = CaptionRecord(id: "a", fileName: "a.mp4", failure: "no", request: "r")
    try store.append(failed, to: store.open())
    #expect(try store.merge(["a"], request: "r"))
    let divided = try CaptionStore(store.output, share: WorkShare(rank: 0, count: 2))
    #expect(try !divided.merge(["a"], request: "r"))
    _ = try store.open()
    #expect(try !store.merge(["a"], request: "r"))
  }

  @Test func `captions of another model are not lost before they are finished`() async throws {
    try await clips("raining_1.mp4", "raining_2.mp4")
    let chat = try TestChat(faults: [.slow(0), .stall(5)])
    _ = try await place.program.interrupted(Self.arguments(chat) + ["--parallel", "1"]) {
      chat.requests.count == 2
    }
    let part = ".captions.jsonl.part-0-of-1"
    let paid = try records(part)
    #expect(paid.map(\.id) == ["raining_1.mp4"])
    chat.forget()
    let other = try await caption(chat, "--prompt", "what?")
    let labels = try await place.program(
      "caption", "clips", "--layout", "landscape", "--labels", "--output", "captions.jsonl")
    for result in [other, labels] {
      #expect(result.status == 73)
      #expect(result.errorLines.count == 1)
      #expect(result.errors.contains("\(part)' holds captions of another model, prompt or pictures"))
    }
    #expect(chat.requests.isEmpty)
    #expect(try records(part) == paid)
    #expect(try place.names == [part, "clips"])
    #expect(try await caption(chat).output.contains("2 of 2 clips have a caption, 1 of them new"))
  }

  @Test func `a full address is asked as it is`() async throws {
    try await clips("a.mp4")
    let chat = try TestChat(base: "/v1beta/openai")
    let path = "/v1beta/openai/chat/completions"
    let result = try await place.program.run(Self.arguments(chat, path: path + "/"))
    #expect(result.status == 0, "\(result.errors)")
    #expect(chat.requests.map(\.path) == [path])
  }

  @Test func `Ctrl-C keeps what is paid for`() async throws {
    try await clips("a.mp4", "b.mp4", "c.mp4")
    let chat = try TestChat(faults: [.slow(0), .slow(0), .stall(5)])
    let (result, _) = try await place.program.interrupted(Self.arguments(chat) + ["--parallel", "1"]) {
      chat.requests.count == 3
    }
    #expect(result.status == 130)
    #expect(try place.names == [".captions.jsonl.part-0-of-1", "clips"])
    chat.forget()
    #expect(try await caption(chat).status == 0)
    #expect(chat.requests.count == 1)
    #expect(try records().map(\.id) == ["a.mp4", "b.mp4", "c.mp4"])
  }

  @Test func `workers share the clips, and the last one writes the list`() async throws {
    try await clips("a.mp4", "b.mp4", "c.mp4")
    let chat = try TestChat()
    var program = place.program
    for rank in ["0", "1"] {
      program.environment.merge(["RANK": rank, "WORLD_SIZE": "2"]) { $1 }
      let result = try await program.run(Self.arguments(chat))
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("is written when all workers are done") == (rank == "0"))
    }
    #expect(chat.requests.count == 3)
    #expect(try records().map(\.id) == ["a.mp4", "b.mp4", "c.mp4"])
    #expect(try place.names == ["captions.jsonl", "clips"])
  }

  @Test func `what is wrong with server, model or key is one line`() async throws {
    try await clips("a.mp4")
    let chat = try TestChat(models: ["other", "third"])
    func fails(_ result: Program.Result, _ status: Int32, _ text: String) {
      #expect(result.status == status)
      #expect(result.errorLines.count == 1)
      #expect(result.errors.contains(text), "\(result.errors)")
    }
    fails(try await caption(chat), 66, "has no model 'seer'; it has other, third")
    fails(try await caption(try TestChat(key: "x")), 77, "wants a key (401)")
    fails(try await caption(chat, "--key-variable", "NO_SUCH_KEY"), 64, "has no key in 'NO_SUCH_KEY'")
    let refusing = try TestChat(models: nil, faults: [.status(404)])
    fails(try await caption(refusing), 65, "(404: not now)")
    fails(try await caption(try TestChat(faults: [.status(200)])), 65, "does not answer as a chat server")
    let gone = try TestChat()
    gone.stop()
    fails(try await caption(gone), 69, "cannot reach 127.0.0.1")
    let busy = try TestChat(faults: [ServerFault](repeating: .status(429, ["Retry-After": "0"]), count: 3))
    fails(try await caption(busy, "--attempts", "3"), 75, "keeps failing (429: not now)")
    #expect(try place.names.filter { !$0.hasPrefix(".") } == ["clips"])
  }

  @Test func `a server that refuses clip after clip is not asked for all of them`() async throws {
    try await clips("a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4", "f.mp4", "g.mp4")
    let chat = try TestChat(faults: [ServerFault](repeating: .status(413), count: 7))
    let result = try await caption(chat, "--parallel", "1")
    #expect(result.status == 65)
    #expect(result.errors.contains("does not accept the requests (413: not now)"))
    #expect(chat.requests.count == 5)
    // What the message says to change can be changed.
    chat.forget()
    #expect(try await caption(chat, "--size", "32").status == 0)
    #expect(try records().count == 7)
  }

  @Test func `labels are captions without any server`() async throws {
    try place.write("", to: "clips/raining_1.mp4")
    try place.write("", to: "clips/odd.mp4")
    let result = try await place.program(
      "caption", "clips", "--layout", "landscape", "--labels", "--output", "labels.csv")
    #expect(result.status == 0, "\(result.errors)")
    let lines = try String(contentsOf: place.file("labels.csv"), encoding: .utf8)
    #expect(lines == "id,file_name,caption,request\nraining_1,raining_1.mp4,raining,labels\n")
    // Whoever edits them keeps that.
    try place.write(lines.replacing(",raining,", with: ",heavy rain,"), to: "labels.csv")
    let again = try await place.program(
      "caption", "clips", "--layout", "landscape", "--labels", "--output", "labels.csv")
    #expect(again.status == 0, "\(again.errors)")
    #expect(try String(contentsOf: place.file("labels.csv"), encoding: .utf8).contains(",heavy rain,"))
  }
}

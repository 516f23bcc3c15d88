import Foundation
import Testing

@testable import UniFormTraining

@Suite struct CaptionPromptTests {
  static let answers: [(String, Bool, String?)] = [
    ("A bell swings.", false, "A bell swings."),
    ("  The video shows a bell.\nIt rings. ", false, "A bell. It rings."),
    ("Caption: this clip depicts two drums.", false, "Two drums."),
    ("\"A quoted cat.\"", false, "A quoted cat."),
    ("<think>what is it?\nA cat?</think>A cat sleeps.", false, "A cat sleeps."),
    ("what is it?\nA cat?</think>\n\nA cat sleeps.", false, "A cat sleeps."),
    ("A dog runs. It is 3.5 m", true, "A dog runs."),
    ("<think>never ends", false, nil), ("", false, nil), (" \n ", false, nil),
    ("A fire burns. Smoke ris", true, "A fire burns."), ("A fire bur", true, "A fire bur"),
  ]

  @Test func `captions are what of an answer describes the clip`() {
    for (answer, isCut, expected) in Self.answers {
      #expect(CaptionPrompt.caption(in: answer, isCut: isCut) == expected)
    }
  }

  @Test func `templates are filled`() {
    let prompt = CaptionPrompt("{frames} pictures, {seconds} s of {label}{other}")
    #expect(prompt.text(frames: 8, seconds: 4, label: "rain") == "8 pictures, 4 s of rain{other}")
    #expect(prompt.text(frames: 1, seconds: 2.5, label: nil) == "1 pictures, 2.5 s of {other}")
  }

  static let addresses: [(String, String)] = [
    ("http://localhost:8000", "http://localhost:8000/v1"),
    ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
    ("https://a.example/v1/chat/completions", "https://a.example/v1"),
    ("https://a.example/v1beta/openai/chat/completions", "https://a.example/v1beta/openai"),
    ("http://localhost:8000/chat/completions/", "http://localhost:8000"),
    ("https://a.example/api/v3", "https://a.example/api/v3"),
    ("https://a.example/openai/v1beta", "https://a.example/openai/v1beta"),
  ]

  @Test(arguments: addresses) func `addresses are taken as people have them`(text: String, expected: String)
    throws
  {
    #expect(try ChatEndpoint(text).base.absoluteString == expected)
  }

  @Test(arguments: ["", "localhost:8000", "ftp://a/v1", "http://", "http:///v1", "http://a/v1?x=1/v1"])
  func `other addresses are refused`(text: String) {
    #expect(throws: CaptionError.invalidEndpoint(text)) { _ = try ChatEndpoint(text) }
  }

  @Test func `requests are what servers of the protocol read`() throws {
    let request = ChatRequest(
      model: "m", messages: [.init(content: [.text("what?"), .jpeg(Data([0xFF, 0xD8]))])], temperature: 0,
      maximumTokens: 7)
    #expect(
      String(decoding: try request.json(), as: UTF8.self)
        == #"{"max_tokens":7,"messages":[{"content":[{"text":"what?","type":"text"},"#
        + #"{"image_url":{"url":"data:image/jpeg;base64,/9g="},"type":"image_url"}],"role":"user"}],"#
        + #""model":"m","seed":0,"temperature":0}"#)
  }
}

import Foundation
import NIOCore
import Testing

@testable import UniFormServer

@Suite struct InterfaceTests {
  @Test func `the document lists what is answered, and nothing else`() {
    #expect(Set(Document.shared.operations.keys) == Set(Route.allCases.map(\.rawValue)))
  }

  @Test(arguments: 1...40)
  func `a form is the same in pieces of any size`(size: Int) throws {
    let body =
      "preamble\r\n--B\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nrain\r\n--B\r\n"
      + "Content-Disposition: form-data; name=\"file\"; filename=\"../x.mp4\"\r\nContent-Type: video/mp4\r\n\r\n"
      + "a\r\n--b\r\n-\r\n--B\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--B--\r\nepilogue"
    var parser = try #require(MultipartParser(contentType: "multipart/form-data; boundary=\"B\""))
    var parts: [String: String] = [:]
    var name = ""
    let bytes = Array(body.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      for event in try parser.events(with: bytes[start..<min(start + size, bytes.count)]) {
        switch event {
        case .part(let part, let filename):
          name = part + (filename.map { "=" + $0 } ?? "")
          parts[name] = ""
        case .data(let data): parts[name, default: "?"] += String(decoding: data, as: UTF8.self)
        case .endOfPart: name = "outside"
        }
      }
    }
    #expect(parser.isComplete)
    #expect(parts == ["prompt": "rain", "file=../x.mp4": "a\r\n--b\r\n-", "empty": ""])
  }

  @Test func `a form without an end is not complete, and one without names is refused`() throws {
    var parser = try #require(MultipartParser(contentType: "multipart/form-data; boundary=B"))
    _ = try parser.events(with: Array("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ntext".utf8))
    #expect(!parser.isComplete)
    var nameless = try #require(MultipartParser(contentType: "multipart/form-data; boundary=B"))
    #expect(throws: MultipartParser.Malformed.self) {
      try nameless.events(with: Array("--B\r\nContent-Type: text/plain\r\n\r\n".utf8))
    }
    #expect(MultipartParser(contentType: "multipart/form-data") == nil)
  }

  @Test(arguments: [
    ("bytes=0-9", ByteRange.part(0...9)), ("bytes=90-", .part(90...99)), ("bytes=-5", .part(95...99)),
    ("bytes=-500", .part(0...99)), ("bytes=99-1000", .part(99...99)), ("bytes=100-", .outside),
    ("bytes=-0", .outside), ("bytes=5-2", .all), ("bytes=0-1,5-6", .all), ("items=0-1", .all),
    ("bytes=-", .all),
    ("bytes=99999999999999999999-", .outside), ("bytes=0-99999999999999999999", .part(0...99)),
  ])
  func `ranges follow RFC 9110`(header: String, expected: ByteRange) {
    #expect(ByteRange(header, size: 100) == expected)
  }

  @Test func `sizes are read as people write them`() {
    #expect(ByteSize(argument: "200MB")?.bytes == 200 << 20)
    #expect(ByteSize(argument: "10gb")?.bytes == 10 << 30)
    #expect(ByteSize(argument: "1500")?.bytes == 1500)
    #expect(ByteSize(argument: "-1") == nil)
    #expect(ByteSize(argument: "99999999999TB") == nil)
  }

  @Test func `tokens are compared whole`() {
    #expect(GuardMiddleware.isEqual("abcdef", "abcdef"))
    for other in ["", "abcde", "abcdeg", "abcdefg", "Abcdef"] {
      #expect(!GuardMiddleware.isEqual(other, "abcdef"))
    }
  }

  @Test func `an address may do so much a minute, and again later`() {
    let limiter = RateLimiter(perMinute: 3)
    let start = ContinuousClock.now
    #expect((0..<3).allSatisfy { _ in limiter.wait("a", now: start) == nil })
    #expect(limiter.wait("a", now: start) == 20)
    #expect(limiter.wait("b", now: start) == nil)
    #expect(limiter.wait("a", now: start + .seconds(21)) == nil)
  }

  @Test func `a watcher that is slow gets the last state of each job, once`() async throws {
    let hub = EventHub()
    let (all, one) = (try hub.watch(nil), try hub.watch("b"))
    for step in 1...1000 { hub.publish(step % 2 == 0 ? "a" : "b", .init(string: "\(step) ")) }
    #expect(await all.next().map { String(buffer: $0) } == "999 1000 ")
    #expect(await one.next().map { String(buffer: $0) } == "999 ")
    hub.leave(one)
    #expect(hub.count == 1)
    hub.close()
    #expect(await all.next() == nil)
    #expect(throws: APIError.self) { try hub.watch(nil) }
  }

  @Test func `states come in the order of the changes`() async throws {
    let hub = EventHub()
    let watcher = try hub.watch(nil)
    for (job, state) in [("a", "1 "), ("b", "2 "), ("a", "3 ")] { hub.publish(job, .init(string: state)) }
    #expect(await watcher.next().map { String(buffer: $0) } == "2 3 ")
  }
}

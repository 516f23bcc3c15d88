import Foundation
import Testing

@testable import Hub

@Suite struct HubSettingsTests {
  @Test(arguments: [
    ([:], "/home/me/.cache/huggingface/hub"), (["XDG_CACHE_HOME": "/x"], "/x/huggingface/hub"),
    (["HF_HOME": "~/models"], "/home/me/models/hub"), (["HF_HOME": "/a", "HF_HUB_CACHE": "/b"], "/b"),
  ])
  func `the cache is where other tools have it`(environment: [String: String], path: String) throws {
    let settings = try HubSettings(environment: environment.merging(["HOME": "/home/me"]) { $1 })
    #expect(settings.cache.path == path)
    #expect(settings.endpoint.absoluteString == "https://huggingface.co")
    #expect(settings.token == nil && !settings.isOffline)
  }

  @Test func `the token is in the environment or in a file`() throws {
    let home = FileManager.default.temporaryDirectory.appending(path: "uniform-hub-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: home) }
    try Data("hf_stored\n".utf8).write(to: home.appending(path: "token"))
    var environment = [
      "HF_HOME": home.path, "HF_ENDPOINT": "http://localhost:8080/hub/", "HF_HUB_OFFLINE": "yes",
    ]
    let settings = try HubSettings(environment: environment)
    #expect(settings.token == "hf_stored" && settings.isOffline)
    #expect(settings.endpoint.absoluteString == "http://localhost:8080/hub")
    environment["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"
    #expect(try HubSettings(environment: environment).token == nil)
    environment["HF_TOKEN"] = "hf_given"
    #expect(try HubSettings(environment: environment).token == "hf_given")
  }

  @Test(arguments: [
    ["HF_TOKEN": "hf_a\nX-Other: b"], ["HF_TOKEN": "hf a"], ["HF_ENDPOINT": "huggingface.co"],
    ["HF_ENDPOINT": "ftp://huggingface.co"], ["HF_ENDPOINT": "https://"], ["HF_ENDPOINT": "https://a?b"],
    ["HF_ENDPOINT": "https://me:secret@hub"], ["HF_TOKEN_PATH": "/nowhere/token"], ["HF_TOKEN_PATH": "/tmp"],
  ])
  func `settings that cannot work are refused`(environment: [String: String]) {
    #expect(throws: HubError.self) { try HubSettings(environment: environment) }
  }

  @Test(arguments: [
    ("org/model", "org/model", "main"), ("gpt2", "gpt2", "main"), ("org/m.1_2@v1", "org/m.1_2", "v1"),
    ("org/model@refs/pr/1", "org/model", "refs/pr/1"),
  ])
  func `references`(text: String, name: String, revision: String) throws {
    let reference = try RepositoryReference(text)
    #expect(reference.name == name && reference.revision == revision)
  }

  @Test(arguments: [
    "", "/", "org/", "/model", "a/b/c", "org/..", "../x", "org/mo del", "org/model@", "org/model@../x",
    "a--b/c",
    "org/model@a//b", "org/model@a b", "https://huggingface.co/org/model", ".hidden/x", "org/módel",
    String(repeating: "x", count: 97),
  ])
  func `what is no reference is refused`(text: String) {
    #expect(throws: HubError.self) { try RepositoryReference(text) }
  }

  @Test func `pauses grow, and what the hub asks for comes first`() throws {
    let policy = RetryPolicy(attempts: 5, firstPause: 1, longestPause: 3)
    for (failures, range) in [(1, 1...1.25), (2, 2...2.5), (3, 3.0...3.0), (4, 3.0...3.0)] {
      #expect(range.contains(try #require(policy.pause(after: failures, retryAfter: nil))))
    }
    #expect(policy.pause(after: 5, retryAfter: nil) == nil)
    #expect(policy.pause(after: 1, retryAfter: 0) == 0)
    #expect(policy.pause(after: 1, retryAfter: 4) == nil)
  }

  @Test func `responses are read as they come over the wire`() throws {
    let text =
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/2 302 \r\nlocation: /x\r\nX-Linked-Etag: W/\"a\"\r\n"
      + "x-linked-size: 12\r\nContent-Length: 5\r\nRetry-After: Thu, 01 Jan 1970 00:01:00 GMT\r\n\r\nhello"
    let response = try #require(HTTPResponse(Array(text.utf8)))
    #expect(response.status == 302 && response.redirection == "/x")
    #expect(response.entityTag == "a" && response.contentSize == 12)
    #expect(response.retryAfter(now: Date(timeIntervalSince1970: 10)) == 50)
    #expect(String(decoding: response.body, as: UTF8.self) == "hello")
    for pause in ["1e300", "nan", "-1", "soon"] {
      let busy = HTTPResponse(Array("HTTP/1.1 429 Busy\r\nRetry-After: \(pause)\r\n\r\n".utf8))
      #expect(try #require(busy).retryAfter() == nil)
    }
    #expect(HTTPResponse(Array("HTTP/1.1 200 OK\r\nhalf".utf8)) == nil)
    #expect(HTTPResponse(Array("SSH-2.0\r\n\r\n".utf8)) == nil)
  }
}

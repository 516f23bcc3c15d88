import Foundation
import Testing

@testable import Hub

/// `uniform pull` as a user runs it, against a hub on this machine.
@Suite struct PullRunTests {
  static let weights = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })

  let place: Workplace
  let hub: TestHub
  let program: Program

  init() throws {
    place = try Workplace()
    hub = try TestHub(
      TestHub.Character(
        files: ["config.json": Data("{}\n".utf8), "vae/model.safetensors": Self.weights],
        large: ["vae/model.safetensors"]))
    var program = place.program
    program.environment.merge([
      "HF_ENDPOINT": hub.endpoint.absoluteString, "HF_HOME": place.file("hf").path, "HF_HUB_CACHE": "",
      "HF_TOKEN": "", "HF_TOKEN_PATH": "", "HF_HUB_OFFLINE": "",
    ]) { $1 }
    self.program = program
  }

  private var repository: URL { place.file("hf/hub/models--org--model") }
  private var snapshot: String { repository.appending(path: "snapshots/\(hub.commit)").path }
  private var part: URL {
    repository.appending(path: "blobs/\(TestHub.sha256(Self.weights)).incomplete")
  }

  private func expectFailure(
    _ arguments: String..., environment: [String: String] = [:], status: Int32, saying text: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    var program = program
    program.environment.merge(environment) { $1 }
    let result = try await program.run(["pull", "--quiet"] + arguments)
    #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.hasPrefix("uniform: error: "), "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.contains(text), "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.output == "", sourceLocation: sourceLocation)
  }

  @Test func `the folder is all that standard output has`() async throws {
    let first = try await program("pull", "org/model")
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output == snapshot + "\n")
    #expect(first.errorLines.first?.hasPrefix("Downloading: ") == true)
    #expect(first.errorLines.last?.hasPrefix("2 files, 100.0 kB; 100.0 kB received in ") == true)
    #expect(try Data(contentsOf: URL(filePath: snapshot + "/vae/model.safetensors")) == Self.weights)
    hub.stop()
    var offline = program
    offline.environment["HF_HUB_OFFLINE"] = "1"
    let second = try await offline("pull", "org/model", "vae/*")
    #expect(second.status == 0 && second.output == first.output)
    #expect(second.errors == "1 file, 100.0 kB; nothing to download\n")
    let quiet = try await offline("pull", "org/model", "--quiet")
    #expect(quiet.errors == "" && quiet.output == first.output)
  }

  @Test func `programs get objects`() async throws {
    let result = try await program("pull", "org/model", "--json", "--parallel", "1")
    let events = try result.outputLines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(result.status == 0 && result.errors == "")
    #expect(events.first?["event"] as? String == "start" && events.first?["model"] as? String == "org/model")
    #expect(events.contains { $0["stage"] as? String == "downloading" && $0["steps"] as? Int == 100_003 })
    #expect(events.contains { $0["stage"] as? String == "verifying" })
    let last = try #require(events.last)
    #expect(last["event"] as? String == "done" && last["output"] as? String == snapshot)
    #expect(last["commit"] as? String == hub.commit && last["received_bytes"] as? Int == 100_003)
    #expect(last["files"] as? [String] == ["config.json", "vae/model.safetensors"])
  }

  @Test func `wrong arguments and settings`() async throws {
    try await expectFailure("model of mine", status: 64, saying: "'model of mine' is no repository")
    try await expectFailure("org/model", "--parallel", "0", status: 64, saying: "--parallel is 0")
    try await expectFailure("org/model", "--json", status: 64, saying: "--json and --quiet")
    try await expectFailure(
      "org/model", environment: ["HF_ENDPOINT": "hub"], status: 64, saying: "HF_ENDPOINT is 'hub'")
    try await expectFailure(
      "org/model", environment: ["HF_TOKEN": "a b"], status: 64, saying: "HF_TOKEN holds")
    #expect(try place.names == [])
  }

  @Test func `what the hub refuses`() async throws {
    try await expectFailure("org/other", status: 66, saying: "no model repository org/other")
    try await expectFailure("org/model@v9", status: 66, saying: "no branch, tag or commit 'v9'")
    try await expectFailure("org/model", "*.bin", status: 66, saying: "no file '*.bin'")
    hub.change { $0.faults[TestHub.listingPath()] = [.status(429, ["Retry-After": "900"])] }
    try await expectFailure("org/model", status: 75, saying: "try again in 900 s")
    hub.change { $0.token = "hf_secret" }
    try await expectFailure("org/model", status: 77, saying: "set HF_TOKEN")
    hub.change { $0.isGated = true }
    try await expectFailure(
      "org/model", environment: ["HF_TOKEN": "hf_secret"], status: 77, saying: "accept the licence at http://"
    )
    #expect(!FileManager.default.fileExists(atPath: repository.appending(path: "refs/main").path))
    hub.change {
      ($0.token, $0.isGated) = (nil, false)
      $0.faults["/store/vae/model.safetensors"] = [.wrongByte, .wrongByte]
    }
    try await expectFailure("org/model", status: 65, saying: "is not what the hub announced")
  }

  @Test func `what the machine refuses`() async throws {
    try await expectFailure(
      "org/model", environment: ["PATH": place.folder.path], status: 69, saying: "curl was not found")
    try await expectFailure(
      "org/model", environment: ["HF_HUB_OFFLINE": "1"], status: 66, saying: "HF_HUB_OFFLINE is set")
    #if os(Linux)
      try await expectFailure(
        "org/model", environment: ["HF_HUB_CACHE": "/proc/hub"], status: 73,
        saying: "cannot write to '/proc/hub")
    #endif
    hub.stop()
    try await expectFailure("org/model", status: 69, saying: "cannot reach 127.0.0.1")
    #expect(try place.names == [])
  }

  @Test func `stopped by Ctrl-C, it ends within a second and goes on later`() async throws {
    hub.change { $0.faults["/store/vae/model.safetensors"] = [.stall(20_000)] }
    let (result, took) = try await program.interrupted(["pull", "org/model"]) { [part] in
      (part.fileSize ?? 0) >= 10_000
    }
    #expect(took < .seconds(1))
    #expect(result.status == 130)
    #expect(result.errors.hasSuffix("uniform: interrupted\n"))
    let kept = try #require(part.fileSize)
    #expect(kept >= 10_000 && kept < Self.weights.count)
    let again = try await program("pull", "org/model")
    #expect(again.status == 0, "\(again.errors)")
    #expect(hub.requests.contains { $0.isStore && $0.headers["range"] == "bytes=\(kept)-" })
    #expect(!FileManager.default.fileExists(atPath: part.path))
  }
}

import Foundation
import Testing
import Torch
import UniForm

/// `uniform verify`, run as a user runs it.
@Suite struct VerifyRunTests {
  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../UniFormTests/Fixtures").standardized

  let place: Workplace

  init() throws { place = try Workplace() }

  /// Writes a changed copy of a fixture.
  private func copy(
    _ name: String, as copy: String, changing change: (inout [String: Tensor], inout [String: String]) -> Void
  ) throws {
    let file = try SafeTensors(contentsOf: Self.fixtures.appending(path: "\(name).safetensors"))
    var metadata = file.metadata
    var tensors: [String: Tensor] = [:]
    for name in file.entries.keys { tensors[name] = try file.tensor(name) }
    change(&tensors, &metadata)
    let sorted = tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    try SafeTensors.write(sorted, metadata: metadata, to: place.file(copy))
  }

  private func add(_ name: String) throws {
    try FileManager.default.copyItem(
      at: Self.fixtures.appending(path: "\(name).safetensors"), to: place.file("\(name).safetensors"))
  }

  private func objects(_ result: Program.Result) throws -> [[String: Any]] {
    try result.outputLines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  private func worst(_ result: Program.Result) throws -> Double {
    let outputs = try #require(try objects(result)[0]["outputs"] as? [[String: Any]])
    return try #require(outputs[0]["absolute"] as? Double)
  }

  @Test func `all fixtures of a folder pass`() async throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.fixtures.path)
      .filter { $0.hasSuffix(".safetensors") }
    try #require(names.count == 27)
    let result = try await place.program("verify", Self.fixtures.path)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.errors == "")
    #expect(result.outputLines.last == "27 passed, 0 failed")
    #expect(result.outputLines.count == 29)
    for name in names {
      #expect(result.outputLines.contains { $0.hasPrefix("pass  \(name) ") }, "\(name)")
    }
  }

  @Test func `every component that the format names is known`() async throws {
    let text = try String(contentsOf: Self.fixtures.appending(path: "README.md"), encoding: .utf8)
    let table = try #require(
      text.components(separatedBy: "## Components").last?.components(separatedBy: "## ").first)
    let named = Set(table.matches(of: #/\n\| `([a-z0-9-]+)` \|/#).map { String($0.output.1) })
    try #require(named.count == 15)
    try copy("kid-a", as: "odd.safetensors") { $1["component"] = "clip" }
    let result = try await place.program("verify", "odd.safetensors")
    #expect(result.status == 65)
    #expect(result.errorLines.count == 1)
    let list = try #require(result.errors.split(separator: "known are ").last)
    #expect(Set(list.trimmingCharacters(in: .newlines).components(separatedBy: ", ")) == named)
  }

  @Test func `a changed weight fails and the others still run`() async throws {
    try add("t5-encoder-a")
    try copy("t5-encoder-b", as: "changed.safetensors") { tensors, _ in
      let name = "weights.encoder.final_layer_norm.weight"
      tensors[name] = tensors[name]! * 1.01
    }
    let result = try await place.program("verify", "changed.safetensors", "t5-encoder-a.safetensors")
    #expect(result.status == 1)
    #expect(result.errors == "")
    #expect(result.outputLines.count == 4)
    #expect(result.outputLines[1].hasPrefix("FAIL  changed.safetensors"))
    #expect(result.outputLines[1].contains("last_hidden_state[0, "))
    #expect(result.outputLines[2].hasPrefix("pass  t5-encoder-a.safetensors"))
    #expect(result.outputLines[3] == "1 passed, 1 failed")
  }

  @Test func `files that cannot be used are named and the others still run`() async throws {
    try add("kid-a")
    try add("hifigan-hf")
    let data = try Data(contentsOf: place.file("hifigan-hf.safetensors"))
    try data.dropLast(100).write(to: place.file("hifigan-hf.safetensors"))
    try place.write("", to: "empty.safetensors")
    try place.write("<html></html>", to: "page.safetensors")
    try copy("t5-encoder-a", as: "short.safetensors") { tensors, _ in
      tensors["weights.encoder.final_layer_norm.weight"] = nil
    }
    let result = try await place.program("verify", ".", "kid-a.safetensors")
    #expect(result.status == 65)
    #expect(result.errorLines.count == 4)
    #expect(result.errorLines.allSatisfy { $0.hasPrefix("uniform: error: ") }, "\(result.errors)")
    for name in ["hifigan-hf", "empty", "page", "short"] {
      #expect(result.errors.contains("\(name).safetensors"), "\(result.errors)")
    }
    #expect(result.errors.contains("encoder.final_layer_norm.weight"))
    #expect(result.outputLines.last == "2 passed, 0 failed, 4 could not be used")
  }

  @Test(arguments: [["no.safetensors"], ["bare"]])
  func `fixtures that are not there`(arguments: [String]) async throws {
    try FileManager.default.createDirectory(at: place.file("bare"), withIntermediateDirectories: false)
    let result = try await place.program.run(["verify"] + arguments)
    #expect(result.status == 66)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains(arguments[0]), "\(result.errors)")
  }

  @Test func `objects for programs`() async throws {
    try add("kid-a")
    try add("iddpm-loss-a")
    try copy("iddpm-loss-b", as: "nan.safetensors") { tensors, _ in
      tensors["outputs.mse"] = Tensor([Float.nan])
    }
    try place.write("x", to: "x.safetensors")
    let result = try await place.program("verify", ".", "--json")
    #expect(result.status == 65)
    let lines = try objects(result)
    #expect(lines.map { $0["event"] as? String } == ["fixture", "fixture", "fixture", "failure", "done"])
    #expect(lines.map { $0["pass"] as? Bool } == [true, true, false, nil, nil])
    #expect(lines[0]["component"] as? String == "iddpm-loss")
    #expect(lines[0]["tolerance"] as? Double == 1e-4)
    let outputs = try #require(lines[0]["outputs"] as? [[String: Any]])
    #expect(outputs.map { $0["name"] as? String } == ["mse", "vb"])
    for output in outputs {
      #expect(try #require(output["absolute"] as? Double) <= 1e-4)
      #expect(output["relative"] is Double && (output["index"] as? [Int])?.count == 1)
    }
    let broken = try #require(lines[2]["outputs"] as? [[String: Any]])
    #expect(broken[0]["absolute"] as? String == "inf" && broken[0]["reference"] as? String == "nan")
    #expect(lines[3]["exit_status"] as? Int == 65)
    #expect((lines[3]["file"] as? String)?.hasSuffix("x.safetensors") == true)
    #expect(lines[4]["passed"] as? Int == 2 && lines[4]["failed"] as? Int == 1)
    #expect(lines[4]["unusable"] as? Int == 1)
  }

  /// As in files that are years old: older attention names, weights of 16 bits, weight norm in its newer spelling.
  @Test func `weights in older spellings and 16 bits`() async throws {
    try copy("autoencoder-kl-image", as: "old.safetensors") { tensors, _ in
      for (name, tensor) in tensors where name.contains(".attentions.") {
        tensors[name] = nil
        let older = [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")]
          .reduce(name) { $0.replacing(".\($1.0).", with: ".\($1.1).") }
        tensors[older] = tensor
      }
    }
    try copy("hifigan-original-weightnorm", as: "norm.safetensors") { tensors, _ in
      for (name, tensor) in tensors where name.hasPrefix("weights.") {
        let newer = name.replacing("weight_g", with: "parametrizations.weight.original0")
          .replacing("weight_v", with: "parametrizations.weight.original1")
          .replacing("weights.", with: "weights.generator.")
        (tensors[name], tensors[newer]) = (nil, tensor)
      }
    }
    // Numbers rounded to 16 bits give the same results, whether the file has them in 16 bits or in 32.
    try copy("t5-encoder-a", as: "widened.safetensors") { tensors, _ in
      for (name, tensor) in tensors where name.hasPrefix("weights.") {
        tensors[name] = tensor.to(.bfloat16).to(.float32)
      }
    }
    let narrow = try await place.program("verify", "widened.safetensors", "--json")
    #expect(narrow.status == 1)
    try copy("t5-encoder-a", as: "stored.safetensors") { tensors, _ in
      for (name, tensor) in tensors where name.hasPrefix("weights.") { tensors[name] = tensor.to(.bfloat16) }
    }
    let stored = try await place.program("verify", "stored.safetensors", "--json")
    #expect(try worst(stored) == worst(narrow))
    for name in ["widened", "stored"] {
      try FileManager.default.removeItem(at: place.file("\(name).safetensors"))
    }
    let result = try await place.program("verify", ".")
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.outputLines.last == "2 passed, 0 failed")
  }

  @Test(
    .enabled("needs python3 with numpy and scipy") {
      try await VerifyRunTests.python("-c", "import numpy, scipy")
    })
  func `fixtures made anew pass`() async throws {
    let script = Self.fixtures.appending(path: "../../../Scripts/make-fixtures").standardized.path
    let names = ["frechet-a", "frechet-rank-deficient", "kid-a"]
    let folder = place.file("made").path
    #expect(try await Self.python([script, folder] + names))
    let result = try await place.program("verify", "made")
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.outputLines.last == "3 passed, 0 failed")
  }

  /// Whether Python runs this without an error.
  private static func python(_ arguments: String...) async throws -> Bool { try await python(arguments) }

  private static func python(_ arguments: [String]) async throws -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    return try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus == 0) }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
  }
}

import Foundation
import Testing
import Torch

/// `Scripts/convert-checkpoint`, where Python has torch.
@Suite struct ConvertCheckpointTests {
  private static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Scripts/convert-checkpoint").standardized.path

  private static let hasTorch = (try? python(["-c", "import torch"])) == 0

  /// Runs Python, in the environment's `PATH`; its status.
  @discardableResult private static func python(_ arguments: [String], errors: Pipe = Pipe()) throws -> Int32
  {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    process.standardError = errors
    // It names our libtorch, which is not the one of Python's torch.
    process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "LD_LIBRARY_PATH" }
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test(.enabled(if: hasTorch, "Python has no torch"))
  func `weights of a training checkpoint become safetensors`() throws {
    let place = try Workplace()
    let path = place.file("a.pth").path
    try Self.python([
      "-c",
      """
      import torch
      weights = {'module.w': torch.arange(6.).reshape(2, 3).t(), 'module.h': torch.ones(4).bfloat16()}
      torch.save({'state_dict': weights, 'epoch': 3, 'optimizer': {'lr': 0.1}}, '\(path)')
      """,
    ])
    #expect(try Self.python([Self.script, path]) == 0)
    let file = try SafeTensors(contentsOf: place.file("a.safetensors"))
    #expect(file.entries.keys.sorted() == ["h", "w"])
    #expect(try file.tensor("w").shape == [3, 2] && file.tensor("w").floats == [0, 3, 1, 4, 2, 5])
    #expect(try file.tensor("h").dtype == .bfloat16)
    #expect(try Self.python([Self.script, path, "--max-shard-size", "20"]) == 0)
    let index = place.file("a.safetensors.index.json")
    #expect(try Weights(contentsOf: index).items.keys.sorted() == ["h", "w"])
  }

  @Test(.enabled(if: hasTorch, "Python has no torch"))
  func `arrays of several NumPy archives become one file`() throws {
    let place = try Workplace()
    let (a, b) = (place.file("a.npz").path, place.file("b.npz").path)
    try Self.python([
      "-c",
      """
      import numpy
      numpy.savez('\(a)', **{'conv1a/W': numpy.arange(6, dtype='f4').reshape(2, 3)})
      numpy.savez('\(b)', mean=numpy.ones((1, 2), 'f4'))
      numpy.savez('\(place.file("c.npz").path)', code=numpy.array([print], dtype=object))
      """,
    ])
    let output = place.file("both.safetensors")
    #expect(try Self.python([Self.script, a, b, "--output", output.path]) == 0)
    let file = try SafeTensors(contentsOf: output)
    #expect(file.entries.keys.sorted() == ["conv1a/W", "mean"])
    #expect(try file.tensor("conv1a/W").floats == [0, 1, 2, 3, 4, 5])
    #expect(try Self.python([Self.script, place.file("c.npz").path]) == 65)
  }

  @Test(.enabled(if: hasTorch, "Python has no torch"))
  func `a checkpoint that would run code is refused`() throws {
    let place = try Workplace()
    let (path, trace) = (place.file("a.pth").path, place.file("trace").path)
    try Self.python([
      "-c",
      """
      import os, torch
      class Code:
        def __reduce__(self): return os.system, ('touch \(trace)',)
      torch.save({'w': torch.ones(2), 'code': Code()}, '\(path)')
      """,
    ])
    let errors = Pipe()
    #expect(try Self.python([Self.script, path], errors: errors) == 65)
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text.contains("posix.system, which is more than weights"))
    #expect(try place.names == ["a.pth"])
  }
}

import Foundation
import Testing
import Torch

@testable import UniForm

@Suite final class LowRankAdapterFileTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The layer `x`, 2 × 3, of ones, with an adapter of ones and what `more` names.
  private func merged(
    rank: Int = 1, weight: Float = 1, _ more: (name: String, tensor: Tensor)...
  ) throws -> [Float] {
    let url = folder.appending(path: "lora.safetensors")
    let pair: [(name: String, tensor: Tensor)] = [
      ("x.lora_A.weight", .full([rank, 3], 1)), ("x.lora_B.weight", .full([2, rank], 1)),
    ]
    try SafeTensors.write(pair + more, to: url)
    let base = Weights.Item(shape: [2, 3]) { () throws(WeightError) in Tensor.full([2, 3], Double(weight)) }
    let weights = try LowRankAdapterFile(ModelDirectory.Adapter(url: url))
      .merged(into: Weights(items: ["x.weight": base], source: "model"))
    return try #require(weights.items["x.weight"]).load().floats
  }

  @Test func `the strength is one number, of any shape`() throws {
    #expect(try merged() == [Float](repeating: 2, count: 6))
    #expect(try merged(("x.alpha", Tensor([3] as [Float]))) == [Float](repeating: 4, count: 6))
    for count in [0, 2] {
      let path = folder.appending(path: "lora.safetensors").path
      #expect(throws: WeightError.wrongShape(tensor: "x.alpha", expected: [], found: [count], file: path)) {
        try merged(("x.alpha", .zeros([count])))
      }
    }
  }

  @Test func `what gives no numbers is the fault of the adapter that did it`() throws {
    func expectBlame(_ body: () throws -> [Float]) {
      let error = #expect(throws: WeightError.self) { try body() }
      #expect(error?.description.contains("lora.safetensors") == true, "\(String(describing: error))")
    }
    expectBlame { try merged(("x.alpha", Tensor(Float.nan))) }
    expectBlame { try merged(rank: 0) }
    expectBlame { try merged(weight: 3e38, ("x.alpha", Tensor(Float(3e38)))) }
    #expect(try merged(weight: .infinity).allSatisfy { $0 == .infinity }, "the model's own")
  }
}

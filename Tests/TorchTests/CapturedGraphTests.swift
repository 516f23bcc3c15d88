import Testing
import Torch

@Suite struct CapturedGraphTests {
  private static let reason: Comment = "this machine has no CUDA device, so that no graph can be captured"

  @Test(.enabled(if: Device.cuda.hasGraphs, reason))
  func aReplayComputesWithWhatWasCopiedIn() throws {
    let weight = Tensor.randn([64, 64], generator: Generator(seed: 1)).to(.cuda)
    let input = Tensor.zeros([8, 64], device: .cuda)
    let graph = try CapturedGraph(on: .cuda) { input.linear(weight).geluTanh + 1 }
    for seed in 2..<5 {
      let values = Tensor.randn([8, 64], generator: Generator(seed: UInt64(seed))).to(.cuda)
      input.copy_(values)
      try graph.replay()
      #expect(graph.output.to(.cpu).floats == (values.linear(weight).geluTanh + 1).to(.cpu).floats)
    }
  }

  @Test(.enabled(if: Device.cuda.hasGraphs, reason))
  func whatCannotBeCapturedIsAnErrorAndTheDeviceGoesOn() throws {
    let input = Tensor.ones([8], device: .cuda)
    #expect(throws: TorchError.self) {
      // Reads from the device in the second run, which waits for it.
      try CapturedGraph(on: .cuda) { input * input.sum.item }
    }
    #expect(throws: TorchError.self) {
      try CapturedGraph(on: .cuda) { input + Tensor.ones([7], device: .cuda) }
    }
    #expect((input + input).sum.item == 16)
    let graph = try CapturedGraph(on: .cuda) { input + input }
    try graph.replay()
    #expect(graph.output.sum.item == 16)
  }

  @Test func aDeviceWithoutGraphsSaysSo() {
    #expect(!Device.cpu.hasGraphs && !Device.mps.hasGraphs)
    let error = #expect(throws: TorchError.self) {
      try CapturedGraph(on: .cpu) { Tensor.ones([1]) }
    }
    #expect(error?.description == "capture: this device has no graphs")
  }
}

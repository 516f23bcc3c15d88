import Dispatch
import Testing
import Torch

/// Memory of tensors on the CPU.
@Suite struct TensorMemoryTests {
  @Test func moreThanThereIsGivesOneLine() throws {
    let error = #expect(throws: TorchError.self) {
      try catchingTorchErrors { _ = Tensor.empty([1 << 50]) }
    }
    #expect(error?.kind == .outOfMemory)
    #expect(error?.description.contains("\n") == false)
  }

  /// Sizes around the page, none, and views that outlive their tensor.
  @Test(arguments: [0, 1, 15, 524_287, 524_288, 524_289, 3_000_000])
  func holdsWhatIsWritten(count: Int) {
    var whole: Tensor? = Tensor.full([count], 3)
    let tail = whole!.narrowed(0, start: count / 2, length: count - count / 2)
    whole = nil
    #expect(tail.sum([0]).item == 3 * Double(count - count / 2))
  }

  /// Memory that goes from tensor to tensor, in several threads at once, is never two tensors' at a time.
  @Test func blocksThatAreUsedAgainBelongToOneTensor() {
    DispatchQueue.concurrentPerform(iterations: 4) { worker in
      var held: [(tensor: Tensor, value: Double)] = []
      for round in 0..<40 {
        let value = Double(worker * 100 + round)
        held.append((.full([600_000 + 250_000 * (round % 5)], value), value))
        if held.count > 3 { held.remove(at: round % 3) }
        for (tensor, value) in held { #expect(tensor.minimum.item == value && tensor.maximum.item == value) }
      }
    }
  }
}

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
}

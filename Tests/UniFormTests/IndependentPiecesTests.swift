import Testing
import Torch

@testable import UniForm

@Suite struct IndependentPiecesTests {
  /// One piece is computed on the calling thread, several by workers.
  @Test(arguments: [1, 2, 5]) func aFailedOperatorEndsTheWorkAtItsPiece(count: Int) {
    #expect(throws: TorchError.self) {
      try catchingTorchErrors {
        _ = try independentPieces(count, on: .cpu) { index in
          index == 0 ? Tensor.ones([2]) + Tensor.ones([3]) : Tensor.ones([2])
        }
        Issue.record("what follows was reached")
      }
    }
  }
}

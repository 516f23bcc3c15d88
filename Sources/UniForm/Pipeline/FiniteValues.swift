internal import Torch

extension Tensor {
  /// The same tensor.
  ///
  /// - Throws: ``GenerationError/notFinite(_:)`` where a value is infinite or none: nobody shall get a clip of them.
  func checkedFinite(after stage: GenerationProgress.Stage) throws(GenerationError) -> Tensor {
    guard isFinite.allTrue else { throw .notFinite(stage) }
    return self
  }
}

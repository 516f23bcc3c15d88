import Foundation
import Testing
import Torch

@testable import UniForm

/// What is computed in bfloat16 beside the same in float32, with the bundled model (Docs/Decisions/0013).
@Suite(.enabled(if: DType.fastest(on: .cpu) == .bfloat16, "this processor computes in float32"))
struct CodecPrecisionTests {
  /// Signal to difference, in decibels.
  private func decibels(_ exact: Tensor, _ rounded: Tensor, peak: Double) -> Double {
    10 * Foundation.log10(peak * peak / (exact - rounded.to(.float32)).squared.mean.item)
  }

  private func decibels(_ exact: Tensor, _ rounded: Tensor) -> Double {
    decibels(exact, rounded, peak: exact.squared.mean.item.squareRoot())
  }

  @Test func picturesLatentsAndTextStatesStayWithinTheirRounding() throws {
    let model = try ModelDirectory(BundledModelTests.folder)
    let request = GenerationRequest(prompt: "a ball bounces on the floor", seed: 7)
    let latents = try UniFormPipeline(model, dtype: .float32).latents(request).video
    func decoded(_ dtype: DType) throws -> Tensor {
      let decoder = try model.loadVideoDecoder(dtype: dtype, forInference: true)
      return withoutGradient {
        decoder(latents.to(dtype), frames: model.geometry.frameCount).to(.float32).clamp(min: -1, max: 1)
      }
    }
    let frames = try decoded(.float32)
    // Rounding to 8 bits alone is 59 dB.
    #expect(decibels(frames, try decoded(.bfloat16), peak: 2) > 50)

    func encoded(_ dtype: DType) throws -> Tensor {
      let encoder = try model.loadVideoEncoder(dtype: dtype, forInference: true)
      return withoutGradient { encoder(frames.to(dtype)).mode }
    }
    #expect(decibels(try encoded(.float32), try encoded(.bfloat16)) > 35)

    func states(_ dtype: DType) throws -> Tensor {
      let encoder = try model.loadTextEncoder(dtype: dtype, forInference: true)
      let ids = Tensor([5, 9, 30, 40, 41, 1], shape: [1, 6])
      return withoutGradient { encoder(ids, mask: ids.onesLike).hiddenStates }
    }
    #expect(decibels(try states(.float32), try states(.bfloat16)) > 40)
  }
}

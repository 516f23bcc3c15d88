import Foundation
import Media
import Testing
import Torch

@testable import UniForm

/// What the codecs lose in bfloat16, in decibels of signal to difference.
@Suite struct CodecPrecisionTests {
  private func decibels(_ exact: Tensor, _ rounded: Tensor, peak: Double) -> Double {
    let error = (exact.to(.float32) - rounded.to(.float32)).squared.mean.item
    return 10 * Foundation.log10(peak * peak / error)
  }

  @Test func scratch() throws {
    let model = try ModelDirectory(
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models/uniform-tiny"))
    let pipeline = try UniFormPipeline(model, dtype: .float32)
    for prompt in ["heavy rain on a tin roof", "a ball bounces on the floor", "a dancer moves"] {
      let latents = try pipeline.latents(GenerationRequest(prompt: prompt, seed: 7))
      try withoutGradient {
        func video(_ dtype: DType) throws -> Tensor {
          try model.loadVideoDecoder(dtype: dtype, forInference: true)(latents.video.to(dtype), frames: 68)
        }
        let (a, b) = (try video(.float32), try video(.bfloat16))
        print("VIDEO PSNR", prompt, decibels(a.clamp(min: -1, max: 1), b.to(.float32).clamp(min: -1, max: 1), peak: 2))
        func encoded(_ dtype: DType) throws -> Tensor {
          try model.loadVideoEncoder(dtype: dtype, forInference: true)(a.clamp(min: -1, max: 1).to(dtype)).mode
        }
        let (e, f) = (try encoded(.float32), try encoded(.bfloat16))
        print("ENCODER SNR", decibels(e, f, peak: e.squared.mean.item.squareRoot()))
        func mel(_ dtype: DType) throws -> Tensor {
          try model.loadAudioDecoder(dtype: dtype, forInference: true)(latents.audio.to(dtype)).to(.float32)
        }
        let (m, n) = (try mel(.float32), try mel(.bfloat16))
        print("MEL error", (m - n).abs.mean.item, (m - n).abs.maximum.item)
        func sound(_ dtype: DType) throws -> Tensor {
          try model.loadVocoder(dtype: dtype, forInference: true).vocode(m.selected(1, 0).to(dtype)).to(.float32)
        }
        let (s, t) = (try sound(.float32), try sound(.bfloat16))
        print("SOUND SNR", decibels(s, t, peak: s.squared.mean.item.squareRoot()))
        let ids = Tensor([5, 9, 30, 40, 41, 1], shape: [1, 6])
        func text(_ dtype: DType) throws -> Tensor {
          try model.loadTextEncoder(dtype: dtype, forInference: true)(ids, mask: ids.onesLike).hiddenStates.to(.float32)
        }
        let (x, y) = (try text(.float32), try text(.bfloat16))
        print("TEXT SNR", decibels(x, y, peak: x.squared.mean.item.squareRoot()))
      }
    }
    withoutGradient {
      let g = Generator(seed: 9)
      let latents = Tensor.randn([1, 4, 5, 8, 8], generator: g)
      func video(_ dtype: DType) -> Tensor {
        try! VideoVAE.Decoder(ParameterStore(seed: 2, dtype: dtype, forInference: true).root, .init())(latents.to(dtype), frames: 17).to(.float32)
      }
      let (a, b) = (video(.float32), video(.bfloat16))
      print("RANDOM DECODER SNR", decibels(a, b, peak: a.squared.mean.item.squareRoot()), a.abs.maximum.item)
    }
  }
}

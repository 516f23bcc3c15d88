internal import Foundation
public import Torch

/// UniForm's network: STDiT3 blocks over one joint latent of pictures and sound.
///
/// Letters: B clips, T latent frames, H×W latent rows and columns, S tokens per frame (video, then audio and task),
/// D width, L text tokens.
public struct UniFormDiT {
  public let configuration: Configuration
  let videoEmbedder: PatchEmbed3D
  let timestepEmbedder: TimestepEmbedder
  let frameRateEmbedder: TimestepEmbedder
  let timeModulation: Linear  // D → 6·D
  let captionEmbedder: CaptionEmbedder
  let blocks: [STDiT3Block]  // spatial, temporal, spatial, …
  let finalTable: Tensor  // [2, D]
  let videoOutput: Linear
  let audio: AudioParts?
  let chunkPositions: Embedding?
  let joint: JointSequence
  /// Whether training keeps only the inputs of each block, and computes it again in the backward pass.
  public var recomputesActivations = false

  /// What the sound adds to STDiT3.
  struct AudioParts {
    let embedder: PatchEmbed3D
    let output: Linear
    let task: TaskEmbedder
    let modality: Tensor  // [D]
  }

  public init(_ parameters: Parameters, _ c: Configuration) throws {
    configuration = c
    let outputValues = c.outputChannels * c.patches.height * c.patches.width
    videoEmbedder = try PatchEmbed3D(
      parameters["x_embedder"]["proj"], channels: c.inputChannels, patches: c.patches, width: c.hiddenSize)
    timestepEmbedder = try TimestepEmbedder(parameters["t_embedder"], width: c.hiddenSize)
    frameRateEmbedder = try TimestepEmbedder(parameters["fps_embedder"], width: c.hiddenSize, output: .zeros)
    timeModulation = try Linear(
      parameters["t_block"][1], c.hiddenSize, 6 * c.hiddenSize, weightInitialization: .xavierUniform,
      biasInitialization: .zeros)
    captionEmbedder = try CaptionEmbedder(
      parameters["y_embedder"], captionWidth: c.captionChannels, width: c.hiddenSize,
      maximumLength: c.maximumTextLength)
    blocks = try (0..<c.depth).flatMap { index in
      [
        try STDiT3Block(parameters["spatial_blocks"][index], c, axis: .spatial),
        try STDiT3Block(parameters["temporal_blocks"][index], c, axis: .temporal),
      ]
    }
    finalTable = try parameters["final_layer"](
      "scale_shift_table", 2, c.hiddenSize,
      initialization: .normal(deviation: 1 / Double(c.hiddenSize).squareRoot()))
    // A zero output layer: the first prediction is the mean, whatever the width.
    videoOutput = try Linear(
      parameters["final_layer"]["linear"], c.hiddenSize, outputValues, weightInitialization: .zeros,
      biasInitialization: .zeros)
    if c.hasAudio {
      let audioValues = c.inputChannels * c.audioPatches.height * c.audioPatches.width
      audio = AudioParts(
        embedder: c.sharedStem
          ? videoEmbedder
          : try PatchEmbed3D(
            parameters["audio_embedder"]["proj"], channels: c.inputChannels, patches: c.audioPatches,
            width: c.hiddenSize),
        output: c.sharedStem
          ? videoOutput
          : try Linear(
            parameters["audio_final_layer"]["linear"], c.hiddenSize,
            audioValues * c.outputChannels / c.inputChannels, weightInitialization: .zeros,
            biasInitialization: .zeros),
        task: try TaskEmbedder(
          parameters["task_embedder"], tasks: GenerationTask.embeddingRows, channels: c.inputChannels,
          rows: c.audioRows),
        modality: try parameters("modality_embedding", c.hiddenSize, initialization: .zeros))
    } else {
      audio = nil
    }
    chunkPositions =
      c.chunkPositions > 0
      ? try Embedding(
        parameters["chunk_embedder"], c.chunkPositions, c.hiddenSize, initialization: .normal(deviation: 0.02)
      )
      : nil
    joint = JointSequence(videoChannels: c.inputChannels, stepsPerFrame: c.audioStepsPerFrame)
  }
}

// MARK: What is computed once per clip

extension UniFormDiT {
  /// Text keys and values of every block.
  public struct Conditioning {
    let blocks: [TextKeysValues]
    let mask: Tensor?  // [B, 1, 1, L], added to the scores; nil when every token counts
  }

  /// One diffusion time per clip (or per frame), embedded; computed once for all steps of a schedule.
  public struct TimeEmbedding {
    let vector: Tensor  // [B, T or 1, D]
    let modulation: Tensor  // [B, T or 1, 6, D]

    /// One row as a batch of `count` equal clips.
    public func row(_ index: Int, count: Int) -> TimeEmbedding {
      TimeEmbedding(
        vector: vector.narrowed(0, start: index, length: 1).expanded(count, -1, -1),
        modulation: modulation.narrowed(0, start: index, length: 1).expanded(count, -1, -1, -1))
    }

    /// A copy that owns its memory.
    var cloned: TimeEmbedding { TimeEmbedding(vector: vector.cloned, modulation: modulation.cloned) }

    /// Writes `other` into the tensors of this one.
    func copy_(_ other: TimeEmbedding) {
      vector.copy_(other.vector)
      modulation.copy_(other.modulation)
    }

    /// Rows one after another.
    public static func concatenate(_ parts: [TimeEmbedding]) -> TimeEmbedding {
      TimeEmbedding(
        vector: .concatenate(parts.map(\.vector), axis: 0),
        modulation: .concatenate(parts.map(\.modulation), axis: 0))
    }
  }

  /// Projects text states `[B, L, caption]` with mask `[B, L]` into every block. Clips where `dropped` `[B]` is true
  /// get the null caption, which has the length of the caption that it replaces.
  public func conditioning(
    states: Tensor, mask: Tensor, dropped: Tensor? = nil, dtype: DType = .float32
  ) -> Conditioning {
    let lengths = mask.to(.float32).sum([1])  // [B]
    let longest = max(Int(lengths.maximum.item), 1)
    var text = states.to(dtype).narrowed(1, start: 0, length: longest)  // [B, L, caption]
    if let dropped { text = captionEmbedder.dropping(text, where: dropped) }
    let embedded = captionEmbedder(text)  // [B, L, D]
    let isRagged = lengths.minimum.item < Double(longest)
    func additive() -> Tensor {
      let padding = mask.narrowed(1, start: 0, length: longest) .== 0
      return Tensor.zeros(padding.shape, device: states.device)
        .maskedFill(padding, -.infinity).unsqueezed(1).unsqueezed(1)  // [B, 1, 1, L]
    }
    return Conditioning(
      blocks: blocks.map { $0.crossAttention.keysValues(embedded) }, mask: isRagged ? additive() : nil)
  }

  /// Embeds diffusion times `[B]` (0 … 999, fractions allowed) with the clips' frame rates `[B]`.
  public func timeEmbedding(_ timesteps: Tensor, frameRate: Tensor, dtype: DType = .float32) -> TimeEmbedding
  {
    let time = timestepEmbedder(timesteps, dtype: dtype)  // [B, D]
    let vector = time + frameRateEmbedder(frameRate, dtype: dtype)  // [B, D]
    let modulation = timeModulation(vector.silu)  // [B, 6·D]
    return TimeEmbedding(
      vector: vector.unsqueezed(1),
      modulation: modulation.reshaped(-1, 1, 6, configuration.hiddenSize))
  }
}

// MARK: The forward pass

extension UniFormDiT {
  /// Predicts noise (or velocity) for both modalities.
  ///
  /// - Parameters:
  ///   - latents: noisy or clean, `[B, 4, T, H, W]` and `[B, 8, 5·T, F]`.
  ///   - videoTime: what the tokens of the pictures see; t = 0 where they are a condition.
  ///   - audioTime: the same for the tokens of the sound and the task.
  ///   - task: ids `[B]`.
  ///   - placement: of the tokens of these latents.
  public func callAsFunction(
    _ latents: AVLatents, videoTime: TimeEmbedding, audioTime: TimeEmbedding, task: Tensor,
    conditioning: Conditioning, placement: Placement
  ) -> ModelOutput {
    guard let audio else { preconditionFailure("this configuration has no audio columns") }
    let c = configuration
    let dtype = videoTime.vector.dtype
    let (h, w, t) = (latents.video.size(3), latents.video.size(4), latents.video.size(2))
    let taskColumn = audio.task(task, frames: t).to(latents.audio.dtype)  // [B,4,T,rows,1]
    let columns = Tensor.concatenate([joint.packed(latents.audio), taskColumn], axis: 4)  // [B,4,T,rows,6]
    let video = videoEmbedder(latents.video.to(dtype)) + placement.video  // [B,T,Sv,D]
    let sound =
      audio.embedder(columns.to(dtype)) + placement.audio + audio.modality.to(dtype)  // [B,T,Sa,D]
    let sizes = [video.size(2), sound.size(2)]
    let modulation = Modulation(groups: [videoTime.modulation, audioTime.modulation], sizes: sizes)
    let tokens = Tensor.concatenate([video, sound], axis: 2)  // [B,T,S,D]
    let x = trunk(tokens, modulation, conditioning, placement.time)  // [B,T,S,D]
    let m = Modulation(
      groups: [videoTime.vector.unsqueezed(2), audioTime.vector.unsqueezed(2)], sizes: sizes
    ).rows(adding: finalTable)
    let parts = modulated(x, shift: m[0], scale: m[1]).split(sizes, axis: 2)
    let videoOut = c.patches.joined(videoOutput(parts[0]).to(.float32), rows: h, columns: w)  // [B,8,T,H,W]
    let audioOut = c.audioPatches.joined(
      audio.output(parts[1]).to(.float32), rows: c.audioRows, columns: c.audioStepsPerFrame + 1
    ).narrowed(4, start: 0, length: c.audioStepsPerFrame)  // [B,8,T,rows,5], without the task column
    return output(video: videoOut, audio: audioOut)
  }

  /// Blocks over tokens `[B, T, S, D]`.
  func trunk(
    _ tokens: Tensor, _ modulation: Modulation, _ conditioning: Conditioning, _ time: Placement.Time
  ) -> Tensor {
    var x = tokens
    if let chunkPositions, let phase = time.phase {
      x = x + chunkPositions(phase).to(x.dtype).reshaped(1, x.size(1), 1, configuration.hiddenSize)
    }
    for (block, text) in zip(blocks, conditioning.blocks) {
      if recomputesActivations && isRecordingGradients {
        x = recomputed(block, x, modulation, text, textMask: conditioning.mask, rotary: time.rotary)
      } else {
        x = block(x, modulation, text, textMask: conditioning.mask, rotary: time.rotary)
      }
    }
    return x
  }

  /// The block as one step of the backward pass, which computes it again.
  private func recomputed(
    _ block: STDiT3Block, _ x: Tensor, _ modulation: Modulation, _ text: TextKeysValues, textMask: Tensor?,
    rotary: RotaryEmbedding
  ) -> Tensor {
    // Whatever needs a gradient has to be an input.
    checkpointed([x, text.key, text.value] + modulation.groups) { inputs in
      block(
        inputs[0], Modulation(groups: Array(inputs[3...]), sizes: modulation.sizes),
        TextKeysValues(key: inputs[1], value: inputs[2]), textMask: textMask, rotary: rotary)
    }
  }

  /// The first half of the channels is the prediction, the second the variance logits.
  private func output(video: Tensor, audio: Tensor) -> ModelOutput {
    let c = configuration
    func half(_ index: Int) -> AVLatents {
      AVLatents(
        video: video.narrowed(1, start: index * c.inputChannels, length: c.inputChannels),
        audio: joint.unpacked(
          audio.narrowed(1, start: index * c.inputChannels, length: c.inputChannels),
          groups: c.audioChannels / c.inputChannels))
    }
    return ModelOutput(prediction: half(0), varianceLogits: c.predictsVariance ? half(1) : nil)
  }
}

// MARK: STDiT3 as published

extension UniFormDiT {
  /// The plain STDiT3: video only, prediction and variance as `[B, 8, T, H, W]` in float32.
  ///
  /// `denoised` `[B, T]` is true for frames that are being denoised; the others see t = 0. As in the published
  /// code their last modulation is applied on top of that of the others.
  public func stdit3(
    _ latents: Tensor, timesteps: Tensor, frameRate: Tensor, conditioning: Conditioning,
    pixels: (height: Int, width: Int), denoised: Tensor? = nil
  ) -> Tensor {
    let c = configuration
    let (h, w, frames) = (latents.size(3), latents.size(4), latents.size(2))
    let time = timeEmbedding(timesteps, frameRate: frameRate)
    let clean = timeEmbedding(timesteps.zerosLike, frameRate: frameRate)
    func select(_ a: Tensor, _ b: Tensor) -> Tensor {
      guard let denoised else { return a }
      let shape = [a.size(0), frames] + Array(a.shape.dropFirst(2))
      let mask = denoised.reshaped([a.size(0), frames] + a.shape.dropFirst(2).map { _ in 1 })
      return a.expanded(shape).where(mask, else: b.expanded(shape))
    }
    let placement = placement(frames: frames, rows: h, columns: w, pixels: pixels, device: latents.device)
    let tokens = videoEmbedder(latents) + placement.video  // [B,T,S,D]
    let modulation = Modulation(groups: [select(time.modulation, clean.modulation)], sizes: [tokens.size(2)])
    let x = trunk(tokens, modulation, conditioning, placement.time)  // [B,T,S,D]
    func last(_ x: Tensor, _ vector: Tensor) -> Tensor {
      let m = Modulation(groups: [vector.unsqueezed(2)], sizes: [x.size(2)]).rows(adding: finalTable)
      return modulated(x, shift: m[0], scale: m[1])
    }
    let final = last(x, time.vector)
    let y = denoised == nil ? final : select(final, last(final, clean.vector))
    return c.patches.joined(videoOutput(y), rows: h, columns: w)
  }
}

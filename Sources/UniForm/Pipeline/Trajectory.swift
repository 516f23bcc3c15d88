internal import Media
internal import Torch

/// One clip on its way from noise to media.
struct Trajectory {
  /// Of the request, and of the clip among those of all requests.
  let index: Int
  let clip: Int
  let request: ResolvedRequest
  let seed: UInt64
  let text: TextConditioning
  let condition: EncodedCondition
}

extension UniFormPipeline {
  /// Texts and conditions encoded: all texts first, since another network encodes the conditions.
  func trajectories(
    of requests: [(index: Int, request: ResolvedRequest)], _ report: ProgressReport
  ) throws -> [Trajectory] {
    let texts = try requests.map { try encodeText($0.request, report) }
    let conditions = try requests.map { try encodeCondition($0.request, report) }
    guard var clip = requests.first?.index else { return [] }
    return requests.indices.flatMap { place in
      let (index, request) = requests[place]
      return request.seeds.map { seed in
        defer { clip += 1 }
        return Trajectory(
          index: index, clip: clip, request: request, seed: seed, text: texts[place],
          condition: conditions[place])
      }
    }
  }

  /// Latents to the clip.
  func finish(_ latents: AVLatents, _ one: Trajectory, _ report: ProgressReport) throws -> GeneratedClip {
    let video = try decodeVideo(latents.video, one.request, report)
    let mel = try decodeAudio(latents.audio, one.request, report) ?? one.condition.mel
    let audio = try vocode(mel, one.request, report)
    let heard = audio.map { logMel(of: $0, one.request.geometry).selected(0, 0) } ?? one.condition.mel
    return clip(video, audio, mel: heard, seed: one.seed, one.request)
  }

  private func clip(
    _ video: VideoFrames?, _ audio: Waveform?, mel: Tensor?, seed: UInt64, _ request: ResolvedRequest
  ) -> GeneratedClip {
    let kept = mel.map {
      $0.narrowed(0, start: 0, length: min(request.geometry.keptMelFrameCount, $0.size(0)))
    }
    return GeneratedClip(
      video: video, audio: audio, mel: kept?.floats ?? [], melFrames: kept?.size(0) ?? 0,
      melBins: request.geometry.melBins, settings: settings(request, seed: seed), notes: request.notes)
  }

  private func settings(_ request: ResolvedRequest, seed: UInt64) -> ClipSettings {
    ClipSettings(
      version: UniFormVersion.current, model: model.name, weights: weights,
      adapters: model.adapters.isEmpty ? nil : model.adapters.map(\.label), task: request.task,
      prompt: request.prompt, negativePrompt: request.negativePrompt, seed: seed, steps: request.steps,
      guidanceScale: request.guidanceScale,
      conditionGuidanceScale: request.conditionGuidanceScale == 1 ? nil : request.conditionGuidanceScale,
      negativeCondition: request.conditionGuidanceScale == 1 ? nil : request.negativeCondition,
      sampler: request.sampler, seconds: request.geometry.seconds,
      dtype: "\(dtype)", device: "\(device)", width: request.geometry.width,
      height: request.geometry.height, frameRate: request.geometry.frameRate,
      sampleRate: request.geometry.sampleRate)
  }
}

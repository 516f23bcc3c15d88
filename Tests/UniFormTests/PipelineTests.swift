import Foundation
import Media
import Testing
import Torch

@testable import UniForm

@Suite("Pipeline") struct PipelineTests {
  let folder: TemporaryFolder
  let pipeline: UniFormPipeline

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.url)
    pipeline = try UniFormPipeline(ModelDirectory(folder.url), dtype: .float32)
  }

  @Test("text gives pictures and sound of exactly the length asked for", arguments: [1.0, 1.3, 2.0])
  func textToAudioAndVideo(seconds: Double) throws {
    let clip = try pipeline.generate(GenerationRequest(prompt: "rain on a tin roof", seconds: seconds))[0]
    let video = try #require(clip.video)
    let audio = try #require(clip.audio)
    #expect((video.width, video.height) == (32, 32))
    #expect(video.count == Int((seconds * 17).rounded()) && video.frameRate == 17)
    #expect(audio.samples.count == Int((seconds * 16_000).rounded()) && audio.sampleRate == 16_000)
    #expect(audio.samples.allSatisfy { abs($0) <= 1 } && audio.peak > 0)
    #expect(clip.melBins == 64 && clip.melFrames == Int((seconds * 100).rounded(.up)))
    #expect(clip.mel.count == clip.melFrames * clip.melBins)
    let heard = try MelSpectrogram()(
      audio.peakNormalized(count: clip.melFrames * 160).tensor.unsqueezed(0))
    // What follows the end, silence here and nothing there, is in the windows of the last frames.
    let same = clip.melFrames - 4
    #expect(heard.narrowed(1, start: 0, length: same).floats == Array(clip.mel.prefix(same * 64)))
    #expect(clip.settings.task == .t2av && clip.settings.seconds == seconds)
    #expect(clip.notes.isEmpty == (seconds == 1))
  }

  @Test("pictures give sound alone, of the pictures' condition unchanged")
  func videoToAudio() throws {
    let request = GenerationRequest(condition: .video(TinyModel.frames()))
    let clip = try pipeline.generate(request)[0]
    #expect(clip.video == nil && clip.audio?.samples.count == 16_000 && clip.settings.task == .v2a)
    let latents = try pipeline.latents(request)
    let coded = try inOneThread {
      try pipeline.model.loadVideoEncoder(forInference: true)(TinyModel.frames().tensor).mode
    }
    #expect(latents.video.floats == coded.floats)
  }

  @Test("sound gives pictures alone, of the sound's condition unchanged and its spectrogram")
  func audioToVideo() throws {
    let request = GenerationRequest(condition: .audio(TinyModel.sound()))
    let clip = try pipeline.generate(request)[0]
    #expect(clip.audio == nil && clip.video?.count == 17 && clip.settings.task == .a2v)
    #expect(clip.mel.count == 100 * 64)
    let sound = TinyModel.sound().peakNormalized(count: 16_000)
    let mel = try MelSpectrogram()(sound.tensor.unsqueezed(0)).narrowed(1, start: 0, length: 100)
    #expect(clip.mel == mel.floats)
    let coded = try inOneThread {
      try pipeline.model.loadAudioEncoder(forInference: true)(mel.unsqueezed(1)).mode
    }
    #expect(try pipeline.latents(request).audio.floats == coded.floats)
  }

  @Test("only one modality: the other is neither made nor seen", arguments: Modality.allCases)
  func onlyOne(modality: Modality) throws {
    let request = GenerationRequest(prompt: "rain", only: modality)
    let clip = try pipeline.generate(request)[0]
    #expect((clip.video == nil, clip.audio == nil) == (modality == .audio, modality == .video))
    #expect(clip.settings.task == (modality == .audio ? .t2a : .t2v) && clip.notes.count == 1)
    let latents = try pipeline.latents(request)
    #expect(latents[modality == .audio ? .video : .audio].abs.maximum.item == 0)
    #expect(throws: GenerationError.onlyWithCondition) {
      try pipeline.generate(GenerationRequest(condition: .audio(TinyModel.sound()), only: modality))
    }
  }

  @Test("guidance of the condition changes the clip, with its scale and its negative, and is recorded")
  func conditionGuidance() throws {
    func made(_ scale: Double, _ negative: GenerationRequest.NegativeCondition = .still) throws
      -> GeneratedClip
    {
      var request = GenerationRequest(prompt: "rain", condition: .video(TinyModel.frames()))
      (request.conditionGuidanceScale, request.negativeCondition) = (scale, negative)
      return try pipeline.generate(request)[0]
    }
    let plain = try made(1)
    #expect(plain.settings.conditionGuidanceScale == nil && plain.settings.negativeCondition == nil)
    let (still, absent) = (try made(3), try made(3, .absent))
    #expect(still.settings.conditionGuidanceScale == 3 && still.settings.negativeCondition == .still)
    #expect(still.audio != plain.audio && absent.audio != plain.audio && still.audio != absent.audio)
    #expect(try made(3).audio == still.audio)
    var sound = GenerationRequest(condition: .audio(TinyModel.sound()))
    let usual = try latents(sound)
    sound.conditionGuidanceScale = 3
    #expect(try latents(sound) != usual)
    #expect(throws: GenerationError.conditionGuidanceAlone) {
      var request = GenerationRequest(prompt: "rain")
      request.conditionGuidanceScale = 2
      _ = try pipeline.generate(request)
    }
  }

  @Test("a picture that stands still cannot be told from its negative")
  func stillNegative() throws {
    let still = TinyModel.frames(count: 1)
    var request = GenerationRequest(condition: .video(still))
    let plain = try pipeline.latents(request).audio
    request.conditionGuidanceScale = 4
    #expect((try pipeline.latents(request).audio - plain).abs.maximum.item < 1e-3)
  }

  @Test("a short condition holds its last frame, a long one is cut")
  func lengthOfCondition() throws {
    let short = TinyModel.frames(count: 5)
    var held = short
    for _ in 5..<17 { held.pixels += short.pixels.suffix(32 * 32 * 3) }
    let long = VideoFrames(
      width: 32, height: 32, frameRate: 17, pixels: held.pixels + TinyModel.frames(seed: 9).pixels)
    let expected = try latents(GenerationRequest(condition: .video(held)))
    #expect(try latents(GenerationRequest(condition: .video(short))) == expected)
    #expect(try latents(GenerationRequest(condition: .video(long))) == expected)
    let sound = GenerationRequest(condition: .audio(TinyModel.sound(count: 9_000)))
    #expect(try pipeline.generate(sound)[0].video?.count == 17)
  }

  @Test("a seed gives the same latents whatever the count, and another seed gives others")
  func seeds() throws {
    let request = GenerationRequest(prompt: "a bell rings", seed: 7)
    let three = try pipeline.latents(request, count: 3)
    for index in 0..<3 {
      let alone = try latents(GenerationRequest(prompt: "a bell rings", seed: 7 + UInt64(index)))
      #expect(three.clips(index..<index + 1).values == alone)
    }
    #expect(three.clips(0..<1).values != three.clips(1..<2).values)
    let clips = try pipeline.generate(request, count: 2)
    #expect(clips.map(\.settings.seed) == [7, 8])
    #expect(
      clips[1].video == (try pipeline.generate(GenerationRequest(prompt: "a bell rings", seed: 8))[0].video))
  }

  @Test(
    "any number of threads gives the same latents, pictures and sound",
    arguments: [GenerationTask.t2av, .a2v, .v2a])
  func threads(task: GenerationTask) throws {
    // Wide enough that convolutions round differently when they are divided among threads.
    var wide = TinyModel()
    wide.videoVAE.spatial.blockOutChannels = [48, 64]
    wide.audioVAE.blockOutChannels = [24, 48, 64]
    wide.vocoder.initialChannels = 256
    let folder = try TemporaryFolder()
    try wide.write(to: folder.url)
    let model = try ModelDirectory(folder.url)
    let before = ComputeThreads.count
    defer { ComputeThreads.count = before }
    var request = GenerationRequest(prompt: "heavy rain and wind", steps: 5, seconds: 2, seed: 3)
    switch task.condition {
    case nil: break
    case .audio: request.condition = .audio(TinyModel.sound())
    case .video: request.condition = .video(TinyModel.frames())
    }
    for dtype in [DType.float32, .bfloat16] {
      let pipeline = try UniFormPipeline(model, dtype: dtype)
      ComputeThreads.count = 1
      let expected = try pipeline.latents(request).values
      let clip = try pipeline.generate(request)[0]
      for threads in 2...4 {
        ComputeThreads.count = threads
        let sameLatents = try pipeline.latents(request).values == expected
        #expect(sameLatents, "\(dtype), \(threads) threads")
        let other = try pipeline.generate(request)[0]
        let (sameVideo, sameAudio) = (other.video == clip.video, other.audio == clip.audio)
        #expect(sameVideo, "\(dtype), \(threads) threads")
        #expect(sameAudio, "\(dtype), \(threads) threads")
      }
    }
  }

  @Test("text, negative text, guidance and task reach the result; case and space do not")
  func text() throws {
    let plain = try latents(GenerationRequest())
    let rain = try latents(GenerationRequest(prompt: "heavy rain"))
    #expect(rain != plain)
    #expect(rain != (try latents(GenerationRequest(prompt: "a bell rings"))))
    #expect(rain == (try latents(GenerationRequest(prompt: "  Heavy\tRAIN \n"))))
    #expect(plain == (try latents(GenerationRequest(prompt: " \n"))))
    #expect(plain == (try latents(GenerationRequest(guidanceScale: 7))))
    #expect(rain != (try latents(GenerationRequest(prompt: "heavy rain", guidanceScale: 1))))
    #expect(rain != (try latents(GenerationRequest(prompt: "heavy rain", negativePrompt: "a bell"))))
  }

  @Test("guidance against the caption itself changes nothing")
  func negativeEqualsPrompt() throws {
    let single = try pipeline.latents(GenerationRequest(prompt: "a bell rings", guidanceScale: 1))
    let guided = try pipeline.latents(
      GenerationRequest(prompt: "a bell rings", negativePrompt: "a bell rings", guidanceScale: 4))
    #expect((single.video - guided.video).abs.maximum.item < 1e-4)
    #expect((single.audio - guided.audio).abs.maximum.item < 1e-4)
  }

  @Test("bfloat16 stays close to float32")
  func bfloat16() throws {
    let half = try UniFormPipeline(pipeline.model, dtype: .bfloat16)
    let request = GenerationRequest(prompt: "a bell rings", steps: 4)
    let (exact, rounded) = (try pipeline.latents(request), try half.latents(request))
    for modality in Modality.allCases {
      let error = (exact[modality] - rounded[modality]).abs.mean.item
      #expect(error > 0 && error < 0.05 * exact[modality].abs.mean.item, "\(modality): \(error)")
    }
  }

  @Test("networks freed after use give the same clip")
  func memory() throws {
    let frugal = try UniFormPipeline(pipeline.model, dtype: .float32, keepsLoaded: false)
    let request = GenerationRequest(prompt: "a bell rings")
    #expect(try frugal.latents(request).values == latents(request))
    #expect(try frugal.generate(request)[0].audio == pipeline.generate(request)[0].audio)
    pipeline.unload()
    #expect(try pipeline.latents(request).values == frugal.latents(request).values)
  }

  @Test("progress counts every stage of every clip")
  func progress() throws {
    var seen: [GenerationProgress] = []
    _ = try pipeline.generate(GenerationRequest(prompt: "rain", steps: 3), count: 2) {
      seen.append($0)
      return true
    }
    let stages = seen.map(\.stage).reduce(into: [GenerationProgress.Stage]()) {
      if $0.last != $1 { $0.append($1) }
    }
    let perClip: [GenerationProgress.Stage] = [.denoising, .decodingVideo, .decodingAudio, .vocoding]
    #expect(stages == [.encodingText] + perClip + perClip)
    let denoising = seen.filter { $0.stage == .denoising && $0.clip == 1 }
    #expect(denoising.map(\.completed) == [0, 1, 2, 3] && denoising.allSatisfy { $0.total == 3 })
    #expect(seen.allSatisfy { $0.clipCount == 2 })
  }

  @Test("a caller who has had enough stops every stage", arguments: GenerationProgress.Stage.allCases)
  func cancellation(stage: GenerationProgress.Stage) throws {
    var request = GenerationRequest(prompt: "rain", steps: 50)
    if stage == .encodingCondition { request.condition = .video(TinyModel.frames()) }
    var reports = 0
    #expect(throws: CancellationError.self) {
      _ = try pipeline.generate(request) {
        if $0.stage == stage { reports += 1 }
        return $0.stage != stage
      }
    }
    #expect(reports == 1)
  }

  private func inOneThread(_ body: () throws -> Tensor) rethrows -> Tensor {
    let before = ComputeThreads.count
    ComputeThreads.count = 1
    defer { ComputeThreads.count = before }
    return try withoutGradient(body)
  }

  private func latents(_ request: GenerationRequest) throws -> [[Float]] {
    try pipeline.latents(request).values
  }
}

extension AVLatents {
  /// Every number, for comparison bit for bit.
  var values: [[Float]] { [video.floats, audio.floats] }
}

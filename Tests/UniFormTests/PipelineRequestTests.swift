import Foundation
import Media
import Testing
import Torch

@testable import UniForm

@Suite("Pipeline requests") struct PipelineRequestTests {
  let folder: TemporaryFolder
  let pipeline: UniFormPipeline

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.url)
    pipeline = try UniFormPipeline(ModelDirectory(folder.url), dtype: .float32)
  }

  @Test(
    "numbers out of range are refused",
    arguments: [
      GenerationRequest(steps: 0), GenerationRequest(steps: -3), GenerationRequest(steps: 1001),
      GenerationRequest(guidanceScale: -1), GenerationRequest(guidanceScale: .nan),
      GenerationRequest(guidanceScale: .infinity), GenerationRequest(seconds: 0.5),
      GenerationRequest(seconds: 10.1), GenerationRequest(seconds: .nan),
    ])
  func outOfRange(request: GenerationRequest) {
    let error = refusal(request)
    guard case .outOfRange = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("a count out of range is refused", arguments: [0, -1, 1001])
  func count(count: Int) {
    #expect(throws: GenerationError.outOfRange(setting: "count", value: "\(count)", allowed: "in 1…1000")) {
      try pipeline.generate(GenerationRequest(), count: count)
    }
  }

  @Test("a sampler of the other kind of model is refused")
  func sampler() {
    #expect(throws: DiffusionError.samplerDoesNotFit(.ddpm, .velocity)) {
      try pipeline.generate(GenerationRequest(sampler: .ddpm))
    }
  }

  @Test("endless prompts and control characters are refused, line ends are not")
  func prompts() throws {
    let long = String(repeating: "rain ", count: 20_000)
    #expect(
      refusal(GenerationRequest(prompt: long))
        == .promptTooLong(setting: "prompt", characters: 100_000, maximum: 10_000))
    #expect(
      refusal(GenerationRequest(prompt: "rain", negativePrompt: long))
        == .promptTooLong(setting: "negative prompt", characters: 100_000, maximum: 10_000))
    let control = refusal(GenerationRequest(prompt: "rain\u{7}"))
    #expect(control == .controlCharacter(setting: "prompt", codePoint: 7))
    #expect(control.map { "\($0)" }?.contains("U+0007") == true)
    #expect(refusal(GenerationRequest(negativePrompt: "rain")) == .negativePromptAlone)
    #expect(try Caption.cleaned(" Heavy\r\nRAIN\t", setting: "prompt") == "heavy  rain")
    #expect(try Caption.cleaned("\n \t", setting: "prompt") == nil)
  }

  @Test("pictures of another size or rate, or none, are refused")
  func frames() {
    func error(_ width: Int, _ height: Int, _ rate: Double, _ count: Int) -> GenerationError? {
      let pixels = [UInt8](repeating: 9, count: width * height * 3 * count)
      let frames = VideoFrames(width: width, height: height, frameRate: rate, pixels: pixels)
      return refusal(GenerationRequest(condition: .video(frames)))
    }
    #expect(
      error(64, 32, 17, 17) == .frameSize(width: 64, height: 32, neededWidth: 32, neededHeight: 32))
    #expect(error(32, 32, 25, 17) == .frameRate(25, needed: 17))
    #expect(error(32, 32, 17, 0) == .emptyCondition(.video))
  }

  @Test("sound of another rate, silent, empty or not a number is refused")
  func sound() {
    func error(_ rate: Int, _ samples: [Float]) -> GenerationError? {
      refusal(GenerationRequest(condition: .audio(Waveform(sampleRate: rate, samples: samples))))
    }
    #expect(error(44_100, [0.5]) == .sampleRate(44_100, needed: 16_000))
    #expect(error(16_000, []) == .emptyCondition(.audio))
    #expect(error(16_000, [Float](repeating: 0, count: 16_000)) == .silentCondition)
    #expect(error(16_000, [Float](repeating: 0, count: 16_000) + [1]) == .silentCondition)
    for sample in [Float.nan, .infinity, 1e30] {
      #expect(error(16_000, [0.5, sample]) == .unusableSamples)
    }
  }

  @Test("a device that is not there and a dtype that is not meant are refused")
  func machine() {
    if !Device.cuda.isAvailable {
      #expect(throws: GenerationError.unavailableDevice("cuda:0")) {
        try UniFormPipeline(pipeline.model, device: .cuda)
      }
    }
    #expect(throws: GenerationError.unsupportedDType("float16")) {
      try UniFormPipeline(pipeline.model, dtype: .float16)
    }
  }

  @Test("every message is one line that names the setting")
  func messages() {
    let errors: [(String, GenerationError)] = [
      ("steps", .outOfRange(setting: "steps", value: "0", allowed: "in 1…1000")),
      ("prompt", .promptTooLong(setting: "prompt", characters: 9, maximum: 8)),
      ("video", .frameRate(25, needed: 17)), ("audio", .silentCondition),
      ("dtype", .unsupportedDType("int8")),
      ("size", .frameSizeNotMade(FrameSize(width: 9, height: 8), multiple: 8)),
      ("model", .notFinite(.vocoding)),
      ("device", .unavailableDevice("cuda")), ("video", .emptyCondition(.video)),
    ]
    for (setting, error) in errors {
      #expect("\(error)".hasPrefix(setting + ": ") && !"\(error)".contains("\n"))
    }
  }

  @Test("what the model cannot do well is said in the result")
  func notes() throws {
    #expect(try pipeline.generate(GenerationRequest(prompt: "rain"))[0].notes.isEmpty)
    let long = String(repeating: "rain ", count: 60)
    #expect(try pipeline.generate(GenerationRequest(prompt: long))[0].notes.count == 1)
    #expect(try pipeline.generate(GenerationRequest(seconds: 2))[0].notes.count == 1)
  }

  @Test("the record of a clip says how to make it again")
  func settings() throws {
    let request = GenerationRequest(
      prompt: "Heavy rain", negativePrompt: "wind", steps: 3, guidanceScale: 2, sampler: .heun, seconds: 1,
      seed: .max)
    let clips = try pipeline.generate(request, count: 2)
    let settings = clips[0].settings
    #expect(clips.map(\.settings.seed) == [.max, 0])
    #expect(settings.prompt == "heavy rain" && settings.negativePrompt == "wind" && settings.steps == 3)
    #expect(settings.sampler == .heun && settings.guidanceScale == 2 && settings.dtype == "float32")
    #expect(settings.weights == pipeline.model.weightsFingerprint && settings.model == "tiny")
    let decoded = try JSONDecoder().decode(ClipSettings.self, from: JSONEncoder().encode(settings))
    #expect(decoded == settings)
    let again = GenerationRequest(
      prompt: settings.prompt, negativePrompt: settings.negativePrompt, steps: settings.steps,
      guidanceScale: settings.guidanceScale, sampler: settings.sampler, seconds: settings.seconds,
      seed: settings.seed)
    #expect(try pipeline.generate(again)[0].video == clips[0].video)
  }

  @Test("the words of a prompt that the vocabulary holds are told from those it spells")
  func coverage() throws {
    let tokenizer = try pipeline.tokenizer()
    let pieces = (0..<tokenizer.vocabularySize).compactMap(tokenizer.piece)
    let words = pieces.filter { $0.first == "▁" }.map { String($0.dropFirst()) }
    let word = try #require(words.first { $0.count > 1 && !PromptCoverage.fillers.contains($0) })
    let known = try pipeline.promptCoverage("\(word.uppercased()) on the")
    #expect(known.knownWords == [word] && known.unknownFraction == 0)
    let unknown = try pipeline.promptCoverage("ein Ukulelequartett, 日本語")
    #expect(unknown.knownWords.isEmpty && unknown.unknownFraction > 0)
    #expect(try pipeline.promptCoverage("").knownWords.isEmpty)
  }

  /// What is thrown before any work is done.
  private func refusal(_ request: GenerationRequest) -> GenerationError? {
    do {
      _ = try pipeline.generate(request) { _ in
        Issue.record("work was begun")
        return false
      }
      return nil
    } catch {
      return error as? GenerationError
    }
  }
}

import Foundation
import Media
import Testing
import Torch

@testable import UniForm

@Suite("Sizes and aspects") struct FrameSizeTests {
  @Test("are read as people write them, and nothing else is")
  func parsing() {
    #expect(FrameSize("96x64") == FrameSize(width: 96, height: 64))
    #expect(FrameSize("96X64") == FrameSize("96×64"))
    #expect(FrameSize("128") == FrameSize(width: 128, height: 128))
    #expect(FrameSize("96x64").map { FrameSize("\($0)") } == FrameSize("96x64"))
    for text in [
      "", "x", "96x", "x64", "-96x64", "96x64x2", "96 x 64", "９６x64", "1e3", "99999999999999999999",
    ] {
      #expect(FrameSize(text) == nil, "\(text)")
    }
    #expect(AspectRatio("16:9")?.value == 16.0 / 9)
    for text in ["", "16", "16:", ":9", "0:9", "16:0", "16:9:1", "-16:9", "1.5:1", "wide", "1000001:1000000"]
    {
      #expect(AspectRatio(text) == nil, "\(text)")
    }
  }

  /// Of the paper's model, and of one with few large patches.
  @Test(
    "an aspect becomes whole patches with about the trained number of pixels",
    arguments: [
      ("1:1", "256x256", "64x64"), ("16:9", "336x192", "96x64"), ("9:16", "192x336", "64x96"),
      ("4:3", "304x224", "96x64"), ("3:2", "320x208", "96x64"), ("21:9", "384x160", "96x32"),
      ("4:1", "512x128", "128x32"), ("1:4", "128x512", "32x128"),
    ])
  func buckets(aspect: String, large: String, small: String) throws {
    let ratio = try #require(AspectRatio(aspect))
    var model = ModelDirectory(paperAt: URL(filePath: "/nowhere"))
    #expect("\(try model.size(for: ratio))" == large)
    model.index.geometry.size = FrameSize(width: 64, height: 64)
    model.transformer.patchSize = [1, 4, 4]
    #expect("\(try model.size(for: ratio))" == small)
  }

  @Test("an aspect that no clip has is refused", arguments: ["5:1", "1:5", "999999:1"])
  func extremes(aspect: String) throws {
    let model = ModelDirectory(paperAt: URL(filePath: "/nowhere"))
    let ratio = try #require(AspectRatio(aspect))
    #expect(throws: GenerationError.self) { try model.size(for: ratio) }
  }

  @Test("a size that the autoencoder cannot code is refused with one that it can")
  func refused() throws {
    let model = ModelDirectory(paperAt: URL(filePath: "/nowhere"))
    for (size, nearest) in [
      ("100x60", "104x64"), ("8x64", "16x64"), ("4096x64", "2048x64"), ("0x0", "16x16"), ("17x17", "16x16"),
      ("9223372036854775807x64", "2048x64"),
    ] {
      let error = #expect(throws: GenerationError.self) { try model.check(try #require(FrameSize(size))) }
      #expect(error?.description.contains("multiples of 8 from 16 to 2048, such as \(nearest)") == true)
    }
    try model.check(FrameSize(width: 2048, height: 16))
    #expect(model.note(on: FrameSize(width: 256, height: 256)) == nil)
    #expect(model.note(on: FrameSize(width: 256, height: 128))?.contains("patches") == false)
    #expect(model.note(on: FrameSize(width: 256, height: 120))?.contains("multiples of 16") == true)
  }
}

@Suite("Positions of other sizes") struct PatchGridTests {
  /// STDiT3's rule, computed by hand: 24 × 16 latents in patches of 2 × 2, base round(√96) = 10.
  @Test("span the same square for every size")
  func video() throws {
    let c = UniFormDiT.Configuration()
    let grid = PatchGrid(c, rows: 16, columns: 24, pixels: (128, 192))
    #expect((grid.rows, grid.columns) == (8, 12))
    let scale = (128.0 * 192).squareRoot() / 512
    let found = grid.positions(width: 8)
    let reference = PositionEncoding.grid(
      rows: (0..<8).map { Double($0) * (10.0 / 8) / scale },
      columns: (0..<12).map { Double($0) * (10.0 / 12) / scale }, width: 8)
    #expect(found.shape == [1, 1, 96, 8] && found.floats == reference.floats)
  }

  @Test("leave the sound where it was in training, whatever the picture")
  func audio() throws {
    let (model, _) = try UniFormDiTTests.tiny()
    func positions(_ rows: Int, _ columns: Int) -> UniFormDiT.Placement {
      model.placement(
        frames: 5, rows: rows, columns: columns, pixels: (8 * rows, 8 * columns), trainedPixels: (64, 64),
        device: .cpu)
    }
    let trained = positions(8, 8)
    for (rows, columns) in [(8, 12), (16, 16), (5, 3), (2, 32)] {
      let other = positions(rows, columns)
      #expect(other.audio.floats == trained.audio.floats)
      #expect(other.video.size(2) == ((rows + 1) / 2) * ((columns + 1) / 2))
    }
  }
}

@Suite("Clips of other sizes") struct OtherSizeTests {
  let folder: TemporaryFolder
  let pipeline: UniFormPipeline

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.url)
    pipeline = try UniFormPipeline(ModelDirectory(folder.url), dtype: .float32)
  }

  private func frames(_ size: FrameSize) -> VideoFrames {
    let count = 17 * size.width * size.height * 3
    return VideoFrames(
      width: size.width, height: size.height, frameRate: 17,
      pixels: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
  }

  /// Wide, tall, small, and one whose last patches are not full.
  @Test(
    "all three tasks make them, and say what they were not trained for",
    arguments: [
      "64x32", "16x48", "16x16", "40x56",
    ])
  func tasks(text: String) throws {
    let size = try #require(FrameSize(text))
    let conditions: [GenerationRequest.Condition] = [
      .none, .audio(TinyModel.sound()), .video(frames(size)),
    ]
    for condition in conditions {
      let request = GenerationRequest(prompt: "rain", condition: condition, size: size)
      let clip = try pipeline.generate(request)[0]
      #expect((clip.settings.width, clip.settings.height) == (size.width, size.height))
      #expect(clip.notes.count == 1 && clip.notes[0].contains("32x32"))
      #expect(clip.notes[0].contains("patches") == (text == "40x56"))
      if let video = clip.video {
        #expect((video.width, video.height, video.count) == (size.width, size.height, 17))
        #expect(Set(video.pixels).count > 1)
      }
      if let audio = clip.audio { #expect(audio.samples.count == 16_000 && audio.peak > 0) }
    }
  }

  @Test("the trained size, said or not, is the same clip without a word")
  func trainedSize() throws {
    let said = try pipeline.generate(GenerationRequest(size: FrameSize(width: 32, height: 32)))[0]
    let default_ = try pipeline.generate(GenerationRequest())[0]
    #expect(said.video == default_.video && said.audio == default_.audio && said.notes.isEmpty)
  }

  /// Larger than a tile of 512 pixels.
  @Test("large frames are decoded and encoded in tiles")
  func tiles() throws {
    let size = FrameSize(width: 528, height: 16)
    let clip = try pipeline.generate(GenerationRequest(steps: 1, size: size))[0]
    let video = try #require(clip.video)
    #expect(video.width == 528 && video.count == 17)
    let sound = try pipeline.generate(
      GenerationRequest(condition: .video(video), steps: 1, size: size))[0]
    #expect(sound.audio?.samples.count == 16_000)
  }

  @Test("pictures of another size than asked for are refused")
  func conditionSize() throws {
    let request = GenerationRequest(
      condition: .video(TinyModel.frames()), size: FrameSize(width: 64, height: 32))
    #expect(
      throws: GenerationError.frameSize(width: 32, height: 32, neededWidth: 64, neededHeight: 32)
    ) { try pipeline.generate(request) }
    #expect(throws: GenerationError.frameSizeNotMade(FrameSize(width: 33, height: 32), multiple: 8)) {
      try pipeline.generate(GenerationRequest(size: FrameSize(width: 33, height: 32)))
    }
  }

  @Test("latents of other sizes are encoded, stored and decoded")
  func latents() throws {
    let size = FrameSize(width: 48, height: 24)
    let url = folder.url.appending(path: "x.safetensors")
    let encoded = try pipeline.encode(video: frames(size))
    #expect(encoded.video?.shape == [1, 4, 5, 3, 6] && encoded.geometry.size == size)
    try encoded.write(to: url)
    let decoded = try pipeline.decode(ClipLatents(contentsOf: url))
    #expect(decoded.video.map { FrameSize(width: $0.width, height: $0.height) } == size)
  }
}

import Foundation
import Testing
import Torch
import UniForm

/// Every part against the outputs of its reference implementation, by the code of `uniform verify`.
@Suite struct ParityTests {
  /// Those of metrics belong to the tests of the evaluation.
  private static let fixtures =
    Bundle.module.paths(forResourcesOfType: "safetensors", inDirectory: "Fixtures")
    .map { URL(filePath: $0).deletingPathExtension().lastPathComponent }
    .filter { name in
      !["frechet", "kid", "farneback", "onsets"].contains { name.hasPrefix($0) }
    }.sorted()

  @Test(arguments: fixtures)
  func matchesTheReference(name: String) throws {
    let report = try fixture(name).verify()
    #expect(report.passed, "\(report)")
  }

  @Test func everyPartHasFixtures() throws {
    let checked = Set(try Self.fixtures.map { try fixture($0).component })
    #expect(checked == Set(ParityComponent.system.map(\.name)))
  }

  /// What each kind of change must be noticed in.
  @Test(arguments: [
    ("t5-encoder-a", "encoder.final_layer_norm.weight", "last_hidden_state"),
    ("autoencoder-kl-audio", "encoder.conv_in.bias", "moments"),
    ("autoencoder-kl-audio", "decoder.conv_out.bias", "decoded"),
    ("opensora-temporal-vae-b", "quant_conv.conv.bias", "moments"),
    ("opensora-video-vae-a", "shift", "latents"),
    ("hifigan-original-weightnorm", "conv_pre.weight_g", "waveform"),
    ("stdit3-xmask", "t_block.1.bias", "out"),
    ("pixart-wide", "transformer_blocks.0.attn1.to_k.weight", "sample"),
  ])
  func aChangedWeightFails(name: String, weight: String, output: String) throws {
    let copy = try FixtureCopy(fixture(name))
    let tensor = try #require(copy.tensors["weights.\(weight)"])
    copy.tensors["weights.\(weight)"] = tensor * 1.25 + 0.1
    let report = try copy.fixture().verify()
    #expect(!report.passed)
    #expect(report.outputs.contains { $0.name == output && $0.difference.absolute > report.tolerance })
  }

  @Test(
    arguments: [DType.float16, .bfloat16],
    ["t5-encoder-a", "hifigan-original-weightnorm", "stdit3-a", "pixart-wide"])
  func storedHalvesAreWidenedBeforeAnyArithmetic(dtype: DType, name: String) throws {
    let copy = try FixtureCopy(fixture(name))
    let weights = copy.tensors.keys.filter { $0.hasPrefix("weights.") }
    for name in weights { copy.tensors[name] = copy.tensors[name]!.to(dtype).to(.float32) }
    let widened = try copy.fixture().verify()
    for name in weights { copy.tensors[name] = copy.tensors[name]!.to(dtype) }
    let stored = try copy.fixture().verify()
    #expect(stored.outputs.map(\.difference) == widened.outputs.map(\.difference))
    #expect(stored.worst.difference.absolute > 0)
  }

  @Test func anUnknownComponentIsToldTheKnownOnes() throws {
    let copy = try FixtureCopy(fixture("kid-a"))
    let known = ParityComponent.system.map(\.name)
    #expect(throws: FixtureError.unknownComponent(file: copy.url.path, name: "kid", known: known)) {
      try copy.fixture().verify()
    }
  }

  @Test(arguments: [
    ("log-mel-a", "inputs.waveform", [16_000], "inputs.waveform has shape [16000], not [B, N]"),
    (
      "t5-encoder-a", "inputs.attention_mask", [3, 22],
      "inputs.attention_mask has shape [3, 22], not [B=3, L=23]"
    ),
    ("iddpm-loss-a", "inputs.eps", [3, 4, 3, 5, 5], "not [B=3, C=4, 3, 5, 6]"),
    ("hifigan-hf", "inputs.mel", [1, 0, 10], "[1, 0, 10]"),
    ("sampler-ddpm", "inputs.noise", [29, 3, 4, 2, 3, 3], "[30, B=3, C=4, 2, 3, 3]"),
    ("stdit3-a", "inputs.height", [3], "inputs.height must be in 1…65536"),
    ("opensora-temporal-vae-a", "inputs.z", [1, 4, 4, 3, 5], "not [B=1, 4, 5, H=3, W=5]"),
    ("t5-encoder-a", "inputs.input_ids", [3, 23], "whole numbers in 0…96"),
    ("stdit3-a", "inputs.fps", [2], "not [B=3]"),
    ("t5-encoder-a", "inputs.more", [1], "tensor \"inputs.more\" is not one that t5-encoder knows"),
    ("log-mel-a", "weights.filters", [1], "\"weights.filters\""),
    ("iddpm-loss-a", "outputs.kl", [1], "\"outputs.kl\""),
  ])
  func tensorsThatDoNotFitAreNamed(name: String, tensor: String, shape: [Int], text: String) throws {
    let copy = try FixtureCopy(fixture(name))
    copy.tensors[tensor] = .zeros(shape)
    let error = #expect(throws: FixtureError.self) { try copy.fixture().verify() }
    let line = try #require(error).description
    #expect(line.contains(text) && line.hasPrefix(copy.url.path) && !line.contains("\n"), "\(line)")
  }

  @Test(arguments: [
    ("t5-encoder-a", "config", "[]", "no JSON object"), ("t5-encoder-a", "config", #"{"dd": 1}"#, "\"dd\""),
    ("t5-encoder-a", "tolerance", "small", "small"), ("t5-encoder-a", "tolerance", "nan", "nan"),
    ("t5-encoder-a", "tolerance", nil, "\"tolerance\""), ("t5-encoder-a", "config", nil, "\"config\""),
    ("t5-encoder-a", "component", nil, "\"component\""), ("pixart-wide", "stdit3", "{}", "\"stdit3\""),
    ("pixart-wide", "stdit3", #"{"height": 0, "width": 1, "fps": 1, "input_sq_size": 1}"#, "positive"),
    (
      "opensora-temporal-vae-a", "config", #"{"filters": 6, "num_groups": 2, "num_res_blocks": 1}"#,
      "num_frames"
    ),
    ("sampler-ddim", "config", #"{"sampler": "ddim", "steps": 30, "order": 3}"#, "order 2"),
    ("sampler-ddim", "config", #"{"sampler": "ddim", "steps": 3000}"#, "3000"),
    ("sampler-ddim", "config", #"{"sampler": "ddim", "steps": 30, "timestep_respacing": "20"}"#, "20"),
    ("iddpm-loss-a", "config", #"{"loss_type": "KL"}"#, "MSE"),
    ("iddpm-loss-a", "config", #"{"diffusion_steps": 500}"#, "t"),
    ("stdit3-a", "config", #"{"patch_size": [1, 4611686018427387904, 2]}"#, "patch_size"),
    ("stdit3-a", "config", #"{"mlp_ratio": 1e300}"#, "mlp_ratio"),
    ("sentencepiece-a", "ids", "[[1]]", "1 lists of ids"), ("sentencepiece-a", "texts", nil, "\"texts\""),
    ("sentencepiece-a", "config", #"{"vocab_size": 400}"#, "420 pieces"),
    ("sentencepiece-a", "config", #"{"vocab_size": 420, "model_type": "bpe"}"#, "unigram"),
  ])
  func metadataThatDoesNotFitIsNamed(name: String, key: String, value: String?, text: String) throws {
    let copy = try FixtureCopy(fixture(name))
    copy.metadata[key] = value
    let error = #expect(throws: FixtureError.self) { try copy.fixture().verify() }
    let line = try #require(error).description
    #expect(line.contains(text) && line.hasPrefix(copy.url.path) && !line.contains("\n"), "\(line)")
  }

  /// Inputs of the right axes whose lengths suit no layer: an error or a difference, never a trap.
  @Test(arguments: [
    ("autoencoder-kl-image", "sample", [1, 3, 1, 1]), ("autoencoder-kl-image", "latent", [1, 4, 1, 1]),
    ("opensora-temporal-vae-a", "x", [1, 4, 1, 1, 1]), ("opensora-video-vae-a", "frames", [1, 3, 1, 1, 1]),
    ("hifigan-hf", "mel", [1, 1, 10]), ("log-mel-a", "waveform", [1, 1]),
    ("stdit3-xmask", "x", [1, 4, 4, 1, 1]),
    ("pixart-wide", "hidden_states", [3, 4, 1, 1]), ("pixart-wide", "encoder_attention_mask", [3, 7]),
    ("t5-encoder-a", "attention_mask", [3, 23]),
  ])
  func oddInputsNeverTrap(name: String, input: String, shape: [Int]) throws {
    let copy = try FixtureCopy(fixture(name))
    copy.tensors["inputs.\(input)"] = .zeros(shape, dtype: input.hasSuffix("mask") ? .int64 : .float32)
    do {
      #expect(try !copy.fixture().verify().passed || input == "attention_mask")
    } catch {
      #expect(error is FixtureError, "\(error)")
    }
  }

  @Test func aWrongIdIsFoundWhereItIs() throws {
    let copy = try FixtureCopy(fixture("sentencepiece-a"))
    var ids = try JSONDecoder().decode([[Int]].self, from: Data(try #require(copy.metadata["ids"]).utf8))
    ids[4][2] += 1
    ids[6].removeLast()
    copy.metadata["ids"] = String(decoding: try JSONEncoder().encode(ids), as: UTF8.self)
    let report = try copy.fixture().verify()
    #expect(!report.passed)
    #expect(report.worst.difference.index == [6, ids[6].count])
    #expect(report.worst.difference.value == 1 && report.worst.difference.reference == -1)
  }

  @Test func notANumberIsInfinitelyFar() {
    let difference = Difference(Tensor([1, .nan, 3] as [Float]), Tensor([1, 2, 3] as [Float]))
    #expect(difference.absolute == .infinity && difference.index == [1])
    #expect(Difference(Tensor([1, 2] as [Float]), Tensor([1] as [Float])).absolute == .infinity)
  }
}

/// A fixture whose tensors and metadata may be changed before it is written.
final class FixtureCopy {
  var tensors: [String: Tensor] = [:]
  var metadata: [String: String]
  private let folder: TemporaryFolder
  let url: URL

  init(_ fixture: ParityFixture) throws {
    for name in fixture.file.entries.keys { tensors[name] = try fixture.file.tensor(name) }
    metadata = fixture.file.metadata
    folder = try TemporaryFolder()
    url = folder.url.appending(path: "changed.safetensors")
  }

  func fixture() throws -> ParityFixture {
    try SafeTensors.write(
      tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, metadata: metadata, to: url)
    return try ParityFixture(contentsOf: url)
  }
}

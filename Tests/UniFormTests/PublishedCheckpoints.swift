import Foundation
import Torch

@testable import UniForm

/// Checkpoints as their releases spell them, made of any weights.
enum PublishedCheckpoints {
  /// A folder with `config.json` and one file, or with shards of so many tensors each.
  static func write(
    _ weights: Weights, configuration: Data?, to folder: URL, name: String = "model",
    tensorsPerShard: Int? = nil
  ) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try configuration?.write(to: folder.appending(path: "config.json"))
    let tensors = try weights.items.sorted { $0.key < $1.key }.map { ($0.key, try $0.value.load()) }
    guard let tensorsPerShard else {
      return try SafeTensors.write(tensors, to: folder.appending(path: "\(name).safetensors"))
    }
    var map: [String: String] = [:]
    for start in stride(from: 0, to: tensors.count, by: tensorsPerShard) {
      let shard = tensors[start..<min(start + tensorsPerShard, tensors.count)]
      let file = "\(name)-\(start).safetensors"
      try SafeTensors.write(Array(shard), to: folder.appending(path: file))
      for (key, _) in shard { map[key] = file }
    }
    try JSONSerialization.data(withJSONObject: ["weight_map": map])
      .write(to: folder.appending(path: "\(name).safetensors.index.json"))
  }

  /// An autoencoder's names before diffusers 0.16.
  static func olderAttention(_ name: String) -> String {
    guard name.contains(".attentions.") else { return name }
    return [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")]
      .reduce(name) { $0.replacing(".\($1.0).", with: ".\($1.1).") }
  }

  /// An autoencoder's names in the original latent diffusion code, for three levels.
  static func latentDiffusion(_ name: String) -> String {
    [
      ("decoder.up_blocks.0.", "decoder.up.2."), ("decoder.up_blocks.1.", "decoder.up.1."),
      ("decoder.up_blocks.2.", "decoder.up.0."), ("encoder.down_blocks.", "encoder.down."),
      ("mid_block.resnets.0.", "mid.block_1."), ("mid_block.resnets.1.", "mid.block_2."),
      ("mid_block.attentions.0.group_norm.", "mid.attn_1.norm."),
      ("mid_block.attentions.0.to_q.", "mid.attn_1.q."), ("mid_block.attentions.0.to_k.", "mid.attn_1.k."),
      ("mid_block.attentions.0.to_v.", "mid.attn_1.v."),
      ("mid_block.attentions.0.to_out.0.", "mid.attn_1.proj_out."), (".resnets.", ".block."),
      (".downsamplers.0.", ".downsample."), (".upsamplers.0.", ".upsample."),
      ("conv_shortcut", "nin_shortcut"), ("conv_norm_out", "norm_out"),
    ].reduce(name) { $0.replacing($1.0, with: $1.1) }
  }

  /// HiFi-GAN as its authors' code saves it: `generator`, `ups`, and weight normalisation not folded.
  static func originalVocoder(_ weights: Weights) -> Weights {
    var result = weights.renamed { name in
      ["mean", "scale"].contains(name) ? nil : "generator." + name.replacing("upsampler.", with: "ups.")
    }
    for (name, item) in result.items where name.hasSuffix(".weight") {
      result.items[name] = nil
      let norms = [item.shape[0]] + item.shape.dropFirst().map { _ in 1 }
      result.items[name + "_v"] = item
      result.items[name + "_g"] = Weights.Item(shape: norms) { () throws(WeightError) in
        try item.load().squared.sum(Array(1..<item.shape.count), keepingAxes: true).sqrt
      }
    }
    return result
  }
}

extension Weights {
  func adding(_ tensors: [String: Tensor]) -> Weights {
    var result = self
    for (name, tensor) in tensors { result.items[name] = Item(shape: tensor.shape) { tensor } }
    return result
  }
}

extension TinyModel {
  /// The directory before its weights are there.
  func writeConfiguration(to url: URL) throws {
    for (path, data) in [
      "model_index.json": try index.json(), "scheduler/scheduler_config.json": try diffusion.json(),
      "mel/config.json": try mel.json(), "text_encoder/config.json": try textEncoder.json(),
      "transformer/config.json": try transformer.json(), "vae/config.json": try videoVAE.json(),
      "audio_vae/config.json": try audioVAE.json(), "vocoder/config.json": try vocoder.json(),
    ] {
      let file = url.appending(path: path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: file)
    }
  }
}

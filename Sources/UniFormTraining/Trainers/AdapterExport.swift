public import Foundation
internal import Torch
internal import UniForm

extension TransformerTrainer {
  /// Writes the averaged adapters of a LoRA run, small and under the names of peft and diffusers; every process calls
  /// it, and the first one writes.
  public func writeAdapters(to url: URL) throws {
    let tensors = try loop.averagedParameters().filter { $0.name.contains(".lora_") }
    guard (loop.group?.rank ?? 0) == 0 else { return }
    let prefix = String(ModelDirectory.adapterPrefix.dropLast())
    let metadata: [String: Any] = [
      "\(prefix).peft_type": "LORA", "\(prefix).r": recipe.lora.rank,
      "\(prefix).lora_alpha": recipe.lora.alpha,
      "\(prefix).target_modules": recipe.lora.targets,
    ]
    let json = try JSONSerialization.data(withJSONObject: metadata, options: [.sortedKeys])
    try SafeTensors.write(
      tensors, metadata: ["format": "pt", "lora_adapter_metadata": String(decoding: json, as: UTF8.self)],
      to: url)
  }
}

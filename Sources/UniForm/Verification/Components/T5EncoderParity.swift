internal import Torch

extension ParityComponent {
  /// Rows of padding hold junk in the reference and are not compared.
  public static let t5Encoder = ParityComponent("t5-encoder") { run in
    let configuration = try run.configuration(T5Encoder.Configuration.self)
    let encoder = try run.weights.network(.textEncoder) { try T5Encoder($0, configuration) }
    let ids = try run.input("input_ids", "B", "L", holding: .integers(0...configuration.vocabularySize - 1))
    let mask = try run.input("attention_mask", "B", "L", holding: .mask)
    let padding = (mask.to(.float32) .== 0).unsqueezed(2)  // [B, L, 1]
    try run.compare(encoder(ids, mask: mask).hiddenStates, "last_hidden_state", ignoring: padding)
  }
}

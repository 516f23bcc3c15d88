import Testing

@testable import Torch

@Suite struct LowRankAdapterTests {
  private func layers(_ adapters: LowRankAdapters?) throws -> (ParameterStore, Linear, Linear) {
    let store = ParameterStore(seed: 2)
    store.adapters = adapters
    let layers = try (Linear(store.root["block"]["attn"]["qkv"], 4, 6), Linear(store.root["head"], 6, 2))
    return (store, layers.0, layers.1)
  }

  @Test func onlyAdaptersAreTrainedAndTheyStartWithoutEffect() throws {
    let (store, adapted, plain) = try layers(LowRankAdapters(rank: 2, alpha: 4, targets: ["attn.qkv"]))
    let names = ["block.attn.qkv.lora_A.weight", "block.attn.qkv.lora_B.weight"]
    #expect(store.trainable.map(\.name) == names)
    store.enableTraining()
    let x = Tensor.randn([3, 4], generator: Generator(seed: 1))
    #expect((adapted(x) - x.linear(adapted.weight, adapted.bias)).abs.maximum.item == 0)
    plain(adapted(x)).sum.backward()
    #expect(store.entries.filter { $0.tensor.gradient != nil }.map(\.name) == names)
  }

  @Test func theProductIsScaledByAlphaOverRank() throws {
    let (store, adapted, _) = try layers(LowRankAdapters(rank: 2, alpha: 4, targets: ["attn.qkv"]))
    let (down, up) = (store.trainable[0].tensor, store.trainable[1].tensor)
    up.copy_(Tensor.randn(up.shape, generator: Generator(seed: 4)))
    let x = Tensor.randn([3, 4], generator: Generator(seed: 1))
    let merged = adapted.weight + up.matmul(down) * 2
    #expect((adapted(x) - x.linear(merged, adapted.bias)).abs.maximum.item < 1e-5)
  }

  @Test func namesHaveToEndWithAWholeStep() {
    let adapters = LowRankAdapters(rank: 1, alpha: 1, targets: ["attn.proj"])
    #expect(adapters.covers("blocks.0.attn.proj"))
    #expect(!adapters.covers("blocks.0.cross_attn.proj"))
    #expect(!adapters.covers("blocks.0.attn.proj.inner"))
  }
}

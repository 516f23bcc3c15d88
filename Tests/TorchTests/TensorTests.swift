import Testing
import Torch

@Suite struct TensorTests {
  @Test func valuesSurviveTheRoundTrip() {
    let tensor = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    #expect(tensor.shape == [2, 3])
    #expect(tensor.transposed(0, 1).floats == [1, 4, 2, 5, 3, 6])
    #expect((tensor * 2 + 1).floats == [3, 5, 7, 9, 11, 13])
  }

  @Test func aWrongShapeIsOneLineWithOperatorAndShapes() throws {
    let error = try #require(throws: TorchError.self) {
      try catchingTorchErrors { Tensor.zeros([2, 3]).matmul(.zeros([4, 5])).sum.item }
    }
    #expect(error.kind == .invalidArgument)
    #expect(error.description.hasPrefix("aten::matmul(float32[2, 3], float32[4, 5]): "))
    #expect(!error.description.contains("\n"))
  }

  @Test func theSameSeedDrawsTheSameNumbers() {
    let first = Tensor.randn([4, 4], generator: Generator(seed: 7)).floats
    let generator = Generator(seed: 7)
    #expect(Tensor.randn([4, 4], generator: generator).floats == first)
    let state = generator.state
    let next = Tensor.randn([3], generator: generator).floats
    generator.state = state
    #expect(Tensor.randn([3], generator: generator).floats == next)
  }
}

@Suite struct AutogradTests {
  @Test func gradientsAccumulateAndClear() {
    let x = Tensor([1, 2, 3] as [Float]).requireGradient()
    (x * x).sum.backward()
    #expect(x.gradient?.floats == [2, 4, 6])
    (x * 3).sum.backward()
    #expect(x.gradient?.floats == [5, 7, 9])
    x.setGradient(nil)
    #expect(x.gradient == nil)
    withoutGradient { #expect(!(x * x).requiresGradient) }
  }

  @Test func checkpointingGivesTheSameGradientsToInputsAndParameters() {
    let generator = Generator(seed: 1)
    let weight = Tensor.randn([4, 4], generator: generator).requireGradient()
    let input = Tensor.randn([2, 4], generator: generator).requireGradient()
    let body = { (x: [Tensor]) in x[0].linear(weight).tanh.linear(weight) }
    body([input]).squared.sum.backward()
    let expected = (weight.gradient!.floats, input.gradient!.floats)
    weight.setGradient(nil)
    input.setGradient(nil)
    let output = checkpointed([input], body)
    output.squared.sum.backward()
    #expect(weight.gradient?.floats == expected.0)
    #expect(input.gradient?.floats == expected.1)
  }
}

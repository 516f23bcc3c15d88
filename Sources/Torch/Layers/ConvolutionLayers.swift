/// 1-D convolution over `[B, C, L]`.
public struct Conv1d {
  public let weight: Tensor  // [out, in, kernel]
  public let bias: Tensor?
  public let stride: Int
  public let padding: Int
  public let dilation: Int

  public init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    dilation: Int = 1, bias: Bool = true, initialization: Initialization = .fanIn
  ) throws(WeightError) {
    weight = try parameters("weight", outputs, inputs, kernel, initialization: initialization)
    self.bias = bias ? try parameters("bias", outputs, initialization: .bias(fanIn: inputs * kernel)) : nil
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.conv1d(
      weight.to(x.dtype), bias?.to(x.dtype), stride: stride, padding: padding, dilation: dilation)
  }
}

/// Transposed 1-D convolution over `[B, C, L]`.
public struct ConvTranspose1d {
  public let weight: Tensor  // [in, out, kernel]
  public let bias: Tensor?
  public let stride: Int
  public let padding: Int

  public init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int, padding: Int = 0,
    initialization: Initialization = .fanIn
  ) throws(WeightError) {
    weight = try parameters("weight", inputs, outputs, kernel, initialization: initialization)
    bias = try parameters("bias", outputs, initialization: .bias(fanIn: outputs * kernel))
    self.stride = stride
    self.padding = padding
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.convTranspose1d(weight.to(x.dtype), bias?.to(x.dtype), stride: stride, padding: padding)
  }
}

/// 2-D convolution over `[B, C, H, W]`.
public struct Conv2d {
  public let weight: Tensor  // [out, in, kH, kW]
  public let bias: Tensor?
  public let stride: [Int]
  public let padding: [Int]

  public init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, stride: [Int] = [1, 1],
    padding: [Int] = [0, 0], bias: Bool = true, initialization: Initialization = .fanIn
  ) throws(WeightError) {
    weight = try parameters("weight", outputs, inputs, kernel, kernel, initialization: initialization)
    self.bias =
      bias ? try parameters("bias", outputs, initialization: .bias(fanIn: inputs * kernel * kernel)) : nil
    self.stride = stride
    self.padding = padding
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.conv2d(weight.to(x.dtype), bias?.to(x.dtype), stride: stride, padding: padding)
  }
}

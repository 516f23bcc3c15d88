/// 1-D convolution over `[B, C, L]`.
public struct Conv1d {
  private let layerWeight: LayerWeight
  public let bias: Tensor?
  public let stride: Int
  public let padding: Int
  public let dilation: Int

  public init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    dilation: Int = 1, bias: Bool = true, initialization: Initialization = .fanIn
  ) throws(WeightError) {
    let weight = try parameters("weight", outputs, inputs, kernel, initialization: initialization)
    layerWeight =
      parameters.packs
      ? .packed(
        PackedWeight(
          convolution: weight.unsqueezed(2), stride: [1, stride], padding: [0, padding],
          dilation: [1, dilation], typicalInput: [1, inputs, 1, 1024]))
      : .plain(weight)
    self.bias = bias ? try parameters("bias", outputs, initialization: .bias(fanIn: inputs * kernel)) : nil
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  /// `[out, in, kernel]`; a copy where the layer was loaded for inference.
  public var weight: Tensor {
    if case .plain(let weight) = layerWeight { weight } else { layerWeight.plain.squeezed(2) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.conv1d(
      weight.to(x.dtype), bias?.to(x.dtype), stride: stride, padding: padding, dilation: dilation)
  }

  /// The same over `[B, C, 1, L]`, a picture of height one.
  ///
  /// libtorch keeps the channels-last memory format from layer to layer for pictures only. On the CPU that
  /// saves a copy per layer, a third of a vocoder's time.
  ///
  /// - Parameter leakySlope: of a leaky ReLU after the convolution.
  public func flat(_ x: Tensor, leakySlope: Double? = nil) -> Tensor {
    let (stride, padding, dilation) = ([1, stride], [0, padding], [1, dilation])
    if let packed = layerWeight.packed(for: x) {
      return packed.convolution(
        x, bias, stride: stride, padding: padding, dilation: dilation, leakySlope: leakySlope)
    }
    let y = x.conv2d(
      weight.to(x.dtype).unsqueezed(2), bias?.to(x.dtype), stride: stride, padding: padding,
      dilation: dilation)
    return leakySlope.map { y.leakyReLU(slope: $0) } ?? y
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

  /// The same over `[B, C, 1, L]`: see ``Conv1d/flat(_:leakySlope:)``.
  public func flat(_ x: Tensor) -> Tensor {
    x.convTranspose2d(
      weight.to(x.dtype).unsqueezed(2), bias?.to(x.dtype), stride: [1, stride], padding: [0, padding])
  }
}

/// 2-D convolution over `[B, C, H, W]`.
public struct Conv2d {
  private let layerWeight: LayerWeight
  public let bias: Tensor?
  public let stride: [Int]
  public let padding: [Int]

  public init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, stride: [Int] = [1, 1],
    padding: [Int] = [0, 0], bias: Bool = true, initialization: Initialization = .fanIn
  ) throws(WeightError) {
    let weight = try parameters("weight", outputs, inputs, kernel, kernel, initialization: initialization)
    layerWeight =
      parameters.packs
      ? .packed(
        PackedWeight(
          convolution: weight, stride: stride, padding: padding, dilation: [1, 1],
          typicalInput: [1, inputs, 128, 128]))
      : .plain(weight)
    self.bias =
      bias ? try parameters("bias", outputs, initialization: .bias(fanIn: inputs * kernel * kernel)) : nil
    self.stride = stride
    self.padding = padding
  }

  /// `[out, in, kH, kW]`; a copy where the layer was loaded for inference.
  public var weight: Tensor { layerWeight.plain }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let packed = layerWeight.packed(for: x) {
      return packed.convolution(x, bias, stride: stride, padding: padding, dilation: [1, 1])
    }
    return x.conv2d(weight.to(x.dtype), bias?.to(x.dtype), stride: stride, padding: padding)
  }
}

/// 3-D convolution over `[B, C, T, H, W]`.
public struct Conv3d {
  private let layerWeight: LayerWeight
  public let bias: Tensor?
  public let stride: [Int]
  public let padding: [Int]

  public init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, stride: [Int] = [1, 1, 1],
    padding: [Int] = [0, 0, 0], bias: Bool = true
  ) throws(WeightError) {
    let weight = try parameters("weight", outputs, inputs, kernel, kernel, kernel)
    layerWeight =
      parameters.packs
      ? .packed(
        PackedWeight(
          convolution: weight, stride: stride, padding: padding, dilation: [1, 1, 1],
          typicalInput: [1, inputs, 8, 32, 32]))
      : .plain(weight)
    let fanIn = inputs * kernel * kernel * kernel
    self.bias = bias ? try parameters("bias", outputs, initialization: .bias(fanIn: fanIn)) : nil
    self.stride = stride
    self.padding = padding
  }

  /// `[out, in, kT, kH, kW]`; a copy where the layer was loaded for inference.
  public var weight: Tensor { layerWeight.plain }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let packed = layerWeight.packed(for: x) {
      return packed.convolution(x, bias, stride: stride, padding: padding, dilation: [1, 1, 1])
    }
    return x.conv3d(weight.to(x.dtype), bias?.to(x.dtype), stride: stride, padding: padding)
  }
}

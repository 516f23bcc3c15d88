private let reshapeOperator = Operator("aten::reshape")
private let permuteOperator = Operator("aten::permute")
private let transposeOperator = Operator("aten::transpose.int")
private let squeezeOperator = Operator("aten::squeeze.dim")
private let unsqueezeOperator = Operator("aten::unsqueeze")
private let expandOperator = Operator("aten::expand")
private let repeatOperator = Operator("aten::repeat")
private let catOperator = Operator("aten::cat")
private let stackOperator = Operator("aten::stack")
private let splitOperator = Operator("aten::split_with_sizes")
private let chunkOperator = Operator("aten::chunk")
private let narrowOperator = Operator("aten::narrow")
private let selectOperator = Operator("aten::select.int")
private let sliceOperator = Operator("aten::slice.Tensor")
private let indexSelectOperator = Operator("aten::index_select")
private let gatherOperator = Operator("aten::gather")
private let flipOperator = Operator("aten::flip")
private let unfoldOperator = Operator("aten::unfold")
private let contiguousOperator = Operator("aten::contiguous")
private let cloneOperator = Operator("aten::clone")
private let padOperator = Operator("aten::pad")
private let flattenOperator = Operator("aten::flatten.using_ints")
private let repeatInterleaveOperator = Operator("aten::repeat_interleave.self_int")
private let pixelShuffleOperator = Operator("aten::pixel_shuffle")
private let pixelUnshuffleOperator = Operator("aten::pixel_unshuffle")
private let trilOperator = Operator("aten::tril")
/// libtorch's numbers of the memory formats, of pictures and of videos.
private let (channelsLastFormat, channelsLast3dFormat) = (2, 3)

extension Tensor {
  /// One length may be −1: what is left.
  public func reshaped(_ shape: [Int]) -> Tensor { reshapeOperator(.tensor(self), .ints(shape)) }
  public func reshaped(_ shape: Int...) -> Tensor { reshaped(shape) }
  public func permuted(_ axes: Int...) -> Tensor { permuteOperator(.tensor(self), .ints(axes)) }
  public func transposed(_ a: Int, _ b: Int) -> Tensor {
    transposeOperator(.tensor(self), .int(a), .int(b))
  }
  public func squeezed(_ axis: Int) -> Tensor { squeezeOperator(.tensor(self), .int(axis)) }
  public func unsqueezed(_ axis: Int) -> Tensor { unsqueezeOperator(.tensor(self), .int(axis)) }
  /// Axes of length one repeated without copying; −1 keeps a length.
  public func expanded(_ shape: [Int]) -> Tensor { expandOperator(.tensor(self), .ints(shape)) }
  public func expanded(_ shape: Int...) -> Tensor { expanded(shape) }
  public func repeated(_ counts: Int...) -> Tensor { repeatOperator(.tensor(self), .ints(counts)) }
  /// Each element `count` times in a row.
  public func repeatInterleaved(_ count: Int, axis: Int) -> Tensor {
    repeatInterleaveOperator(.tensor(self), .int(count), .int(axis))
  }
  public func split(_ sizes: [Int], axis: Int) -> [Tensor] {
    splitOperator.tensors(.tensor(self), .ints(sizes), .int(axis), count: sizes.count)
  }
  /// `count` equal parts.
  public func chunked(_ count: Int, axis: Int) -> [Tensor] {
    chunkOperator.tensors(.tensor(self), .int(count), .int(axis), count: count)
  }
  /// `length` steps from `start`, without copying.
  public func narrowed(_ axis: Int, start: Int, length: Int) -> Tensor {
    narrowOperator(.tensor(self), .int(axis), .int(start), .int(length))
  }
  /// One step of an axis, which disappears.
  public func selected(_ axis: Int, _ index: Int) -> Tensor {
    selectOperator(.tensor(self), .int(axis), .int(index))
  }
  public func sliced(_ axis: Int, from start: Int, to end: Int, step: Int = 1) -> Tensor {
    sliceOperator(.tensor(self), .int(axis), .int(start), .int(end), .int(step))
  }
  public func indexed(_ axis: Int, by indices: Tensor) -> Tensor {
    indexSelectOperator(.tensor(self), .int(axis), .tensor(indices))
  }
  public func gathered(_ axis: Int, by indices: Tensor) -> Tensor {
    gatherOperator(.tensor(self), .int(axis), .tensor(indices))
  }
  public func flipped(_ axes: Int...) -> Tensor { flipOperator(.tensor(self), .ints(axes)) }
  /// Sliding windows along an axis as a new last axis.
  public func unfolded(_ axis: Int, size: Int, step: Int) -> Tensor {
    unfoldOperator(.tensor(self), .int(axis), .int(size), .int(step))
  }
  public func flattened(from start: Int = 0, to end: Int = -1) -> Tensor {
    flattenOperator(.tensor(self), .int(start), .int(end))
  }
  public func lowerTriangle(diagonal: Int = 0) -> Tensor { trilOperator(.tensor(self), .int(diagonal)) }
  public var contiguous: Tensor { contiguousOperator(.tensor(self)) }
  /// The same `[B, C, H, W]` or `[B, C, T, H, W]` with the channels of a pixel side by side in memory.
  public var channelsLast: Tensor {
    contiguousOperator(.tensor(self), .int(rank == 5 ? channelsLast3dFormat : channelsLastFormat))
  }
  public var cloned: Tensor { cloneOperator(.tensor(self)) }

  public enum Padding: Sendable {
    case constant(Double)
    case reflect
    case replicate
  }

  /// Widths from the last axis on, two per axis: `[left, right, top, bottom, …]`.
  public func padded(_ widths: [Int], _ padding: Padding = .constant(0)) -> Tensor {
    switch padding {
    case .constant(let value):
      padOperator(.tensor(self), .ints(widths), .string("constant"), .double(value))
    case .reflect: padOperator(.tensor(self), .ints(widths), .string("reflect"))
    case .replicate: padOperator(.tensor(self), .ints(widths), .string("replicate"))
    }
  }

  /// `[.., C·f², H, W]` to `[.., C, H·f, W·f]`.
  public func pixelShuffled(_ factor: Int) -> Tensor { pixelShuffleOperator(.tensor(self), .int(factor)) }
  /// `[.., C, H·f, W·f]` to `[.., C·f², H, W]`.
  public func pixelUnshuffled(_ factor: Int) -> Tensor { pixelUnshuffleOperator(.tensor(self), .int(factor)) }

  public static func concatenate(_ tensors: [Tensor], axis: Int) -> Tensor {
    tensors.count == 1 ? tensors[0] : catOperator(.tensors(tensors), .int(axis))
  }
  public static func stack(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    stackOperator(.tensors(tensors), .int(axis))
  }
}

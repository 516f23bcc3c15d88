internal import CTorch

/// One argument of an operator, owning what it points at until the call is over.
package enum Argument {
  case none
  case tensor(Tensor)
  case int(Int)
  case double(Double)
  case bool(Bool)
  case ints([Int])
  case doubles([Double])
  case bools([Bool])
  case tensors([Tensor])
  case optionalTensors([Tensor?])
  case string(String)
  case dtype(DType)
  case device(Device)
  case generator(Generator)

  package static func optional(_ tensor: Tensor?) -> Argument { tensor.map(Argument.tensor) ?? .none }
  package static func optional(_ list: [Int]?) -> Argument { list.map(Argument.ints) ?? .none }
  package static func optional(_ number: Double?) -> Argument { number.map(Argument.double) ?? .none }
}

extension Argument {
  /// The C value; lists are copied into `arena`, which outlives the call.
  func lowered(_ arena: inout Arena) -> ct_value {
    var value = ct_value()
    func tagged(_ tag: ct_tag, count: Int = 0) { value.tag = Int32(tag.rawValue); value.count = Int32(count) }
    switch self {
    case .none:
      tagged(CT_NONE)
    case .tensor(let tensor):
      tagged(CT_TENSOR)
      value.as.tensor = tensor.pointer
    case .int(let number):
      tagged(CT_INT)
      value.as.integer = Int64(number)
    case .double(let number):
      tagged(CT_DOUBLE)
      value.as.real = number
    case .bool(let flag):
      tagged(CT_BOOL)
      value.as.boolean = flag
    case .ints(let list):
      tagged(CT_INTS, count: list.count)
      value.as.integers = arena.copy(list.map(Int64.init))
    case .doubles(let list):
      tagged(CT_DOUBLES, count: list.count)
      value.as.reals = arena.copy(list)
    case .bools(let list):
      tagged(CT_BOOLS, count: list.count)
      value.as.booleans = arena.copy(list)
    case .tensors(let list):
      tagged(CT_TENSORS, count: list.count)
      value.as.tensors = arena.copy(list.map { Optional($0.pointer) })
    case .optionalTensors(let list):
      tagged(CT_OPTIONAL_TENSORS, count: list.count)
      value.as.tensors = arena.copy(list.map { $0?.pointer })
    case .string(let text):
      let bytes = Array(text.utf8CString)
      tagged(CT_STRING, count: bytes.count - 1)
      value.as.string = arena.copy(bytes)
    case .dtype(let dtype):
      tagged(CT_DTYPE)
      value.as.integer = Int64(dtype.rawValue)
    case .device(let device):
      tagged(CT_DEVICE)
      value.as.integer = device.packed
    case .generator(let generator):
      tagged(CT_GENERATOR)
      value.as.generator = generator.pointer
    }
    return value
  }

  /// For error messages.
  var summary: String {
    switch self {
    case .none: "none"
    case .tensor(let tensor): tensor.description
    case .int(let number): "\(number)"
    case .double(let number): "\(number)"
    case .bool(let flag): "\(flag)"
    case .ints(let list): "\(list)"
    case .doubles(let list): "\(list)"
    case .bools(let list): "\(list)"
    case .tensors(let list):
      "[" + list.prefix(8).map(\.description).joined(separator: ", ") + (list.count > 8 ? ", …]" : "]")
    case .optionalTensors(let list): "\(list.count) tensors"
    case .string(let text): "\"\(text)\""
    case .dtype(let dtype): "\(dtype)"
    case .device(let device): "\(device)"
    case .generator: "generator"
    }
  }
}

/// Memory for the lists of one call.
struct Arena {
  private var blocks: [UnsafeMutableRawPointer] = []

  mutating func copy<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
    let block = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    block.initialize(from: elements, count: elements.count)
    blocks.append(UnsafeMutableRawPointer(block))
    return UnsafePointer(block)
  }

  func free() { for block in blocks { block.deallocate() } }
}

internal import CTorch
internal import Synchronization

/// A handle of libtorch's dispatcher, looked up once per operator.
package struct Operator: @unchecked Sendable {  // the handle is immutable for the life of the process
  package let name: String
  private let handle: ct_operator

  /// `"aten::add.Tensor"`: name and overload as in libtorch's schemas.
  package init(_ qualifiedName: String) {
    let parts = qualifiedName.split(separator: ".", maxSplits: 1).map(String.init)
    var found: ct_operator?
    let status = ct_operator_find(parts[0], parts.count > 1 ? parts[1] : "", &found)
    guard status == CT_OK, let found else {
      fatalError(TorchError(status: status, operation: parts[0]).description)
    }
    name = parts[0]
    handle = found
  }

  package var schema: String { String(cString: ct_operator_schema(handle)) }

  /// Calls an operator with one tensor as its result.
  package func callAsFunction(_ arguments: Argument...) -> Tensor {
    if case .tensor(let tensor)? = call(arguments).first { return tensor }
    return Tensor.placeholder
  }

  /// Calls an operator with several tensors as its result.
  package func tensors(_ arguments: Argument..., count: Int) -> [Tensor] {
    let results = call(arguments)
    return (0..<count).map { index in
      if index < results.count, case .tensor(let tensor) = results[index] { return tensor }
      return Tensor.placeholder
    }
  }

  /// Calls an operator whose result has as many tensors as it likes.
  package func list(_ arguments: Argument...) -> [Tensor] {
    call(arguments).compactMap { if case .tensor(let tensor) = $0 { tensor } else { nil } }
  }

  /// Calls an operator whose result is a truth value.
  package func boolean(_ arguments: Argument...) -> Bool {
    if case .bool(let value)? = call(arguments).first { return value }
    return false
  }

  /// Calls an operator for its effect.
  package func run(_ arguments: Argument...) { _ = call(arguments) }

  /// The only place where raw pointers leave Swift. The arguments stay alive until the call returns: Swift
  /// would release temporaries as soon as their pointers were taken.
  private func call(_ arguments: [Argument]) -> [Argument] {
    withExtendedLifetime(arguments) {
      var arena = Arena()
      defer { arena.free() }
      let values = arguments.map { $0.lowered(&arena) }
      return withUnsafeTemporaryAllocation(of: ct_value.self, capacity: Self.resultCapacity) { results in
        var produced: Int32 = 0
        let status = ct_operator_call(
          handle, values, Int32(values.count), results.baseAddress, Int32(Self.resultCapacity), &produced)
        let owned = (0..<Int(produced)).map { Argument(owned: results[$0]) }
        guard status == CT_OK else {
          let summary = arguments.map(\.summary).joined(separator: ", ")
          ErrorScope.report(TorchError(status: status, operation: name, arguments: summary))
          return []
        }
        if OperationCount.isCounting {
          OperationCount.record(name, arguments, owned)
        }
        return owned
      }
    }
  }

  /// Results after flattening lists; `split` of a long clip is the longest.
  private static let resultCapacity = 4096
}

extension Argument {
  /// Takes over a result.
  fileprivate init(owned value: ct_value) {
    switch UInt32(value.tag) {
    case CT_TENSOR.rawValue: self = value.as.tensor.map { .tensor(Tensor(owned: $0)) } ?? .none
    case CT_INT.rawValue: self = .int(Int(value.as.integer))
    case CT_DOUBLE.rawValue: self = .double(value.as.real)
    case CT_BOOL.rawValue: self = .bool(value.as.boolean)
    default: self = .none
    }
  }
}

extension Tensor {
  /// What a failed operator returns inside an error scope: eight axes of length one, so that code which looks at
  /// shapes reaches the end of the scope, where the failure is thrown.
  static var placeholder: Tensor {
    Tensor.empty([1, 1, 1, 1, 1, 1, 1, 1]).zero_()
  }
}

internal import CTorch

/// Runs `body` without recording operations for the backward pass.
public func withoutGradient<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_grad_mode()
  ct_set_grad_mode(false)
  defer { ct_set_grad_mode(before) }
  return try body()
}

/// Whether operations are recorded on this thread, for those tensors that ask for it.
public var isRecordingGradients: Bool { ct_grad_mode() }

extension Tensor {
  /// Whether operations on this tensor are recorded.
  public var requiresGradient: Bool { ct_tensor_requires_grad(pointer) }

  /// Marks a leaf for recording, and returns it.
  @discardableResult public func requireGradient(_ value: Bool = true) -> Tensor {
    let status = ct_tensor_set_requires_grad(pointer, value)
    if status != CT_OK { ErrorScope.report(TorchError(status: status, operation: "requires_grad")) }
    return self
  }

  /// The gradient accumulated by ``backward(gradient:)``.
  public var gradient: Tensor? {
    var result: ct_tensor?
    let status = ct_tensor_grad(pointer, &result)
    if status != CT_OK { ErrorScope.report(TorchError(status: status, operation: "grad")) }
    return result.map(Tensor.init(owned:))
  }

  /// Replaces or clears the accumulated gradient.
  public func setGradient(_ gradient: Tensor?) {
    let status = ct_tensor_set_grad(pointer, gradient?.pointer)
    if status != CT_OK { ErrorScope.report(TorchError(status: status, operation: "grad")) }
  }

  /// Accumulates the gradients of this scalar (or of `gradient · self`) in every leaf that requires them.
  public func backward(gradient: Tensor? = nil) {
    let status = ct_backward(pointer, gradient?.pointer)
    if status != CT_OK {
      ErrorScope.report(TorchError(status: status, operation: "backward", arguments: description))
    }
  }

  /// The same elements outside of the recorded graph.
  public var detached: Tensor { requiresGradient ? detachOperator(.tensor(self)) : self }
}

private let detachOperator = Operator("aten::detach")

/// The gradients of a scalar in `inputs`, without touching accumulated ones; `nil` where there is no path.
public func gradients(of output: Tensor, in inputs: [Tensor]) -> [Tensor?] {
  var results = [ct_tensor?](repeating: nil, count: inputs.count)
  let status = withExtendedLifetime(inputs) {
    ct_gradients([output.pointer], 1, nil, inputs.map { $0.pointer }, Int32(inputs.count), &results)
  }
  if status != CT_OK {
    ErrorScope.report(TorchError(status: status, operation: "grad", arguments: output.description))
  }
  return results.map { $0.map(Tensor.init(owned:)) }
}

/// Runs `body` without keeping its activations, and runs it again in the backward pass: less memory for one
/// more forward pass. Parameters used inside receive their gradients too; `body` must be deterministic.
public func checkpointed(_ inputs: [Tensor], _ body: @escaping ([Tensor]) -> Tensor) -> Tensor {
  final class Context {
    let body: ([Tensor]) -> Tensor
    init(_ body: @escaping ([Tensor]) -> Tensor) { self.body = body }
  }
  let scope = ErrorScope.current
  let context = Unmanaged.passRetained(Context { inputs in ErrorScope.within(scope) { body(inputs) } })
  var result: ct_tensor?
  var produced: Int32 = 0
  let status = withExtendedLifetime(inputs) {
    ct_checkpoint(
      { context, inputs, count, outputs, _ in
        let body = Unmanaged<Context>.fromOpaque(context!).takeUnretainedValue().body
        let tensors = (0..<Int(count)).map { index in
          ct_tensor_retain(inputs![index])
          return Tensor(owned: inputs![index]!)
        }
        let output = body(tensors)
        ct_tensor_retain(output.pointer)
        outputs![0] = output.pointer
        return 1
      }, context.toOpaque(), { Unmanaged<Context>.fromOpaque($0!).release() }, inputs.map { $0.pointer },
      Int32(inputs.count), &result, 1, &produced)
  }
  guard status == CT_OK, let result else {
    ErrorScope.report(TorchError(status: status, operation: "checkpoint"))
    return .placeholder
  }
  return Tensor(owned: result)
}

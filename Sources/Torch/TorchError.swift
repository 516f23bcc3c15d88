internal import CTorch

/// A libtorch operator that refused its arguments, in one line.
public struct TorchError: Error, Sendable, CustomStringConvertible {
  public enum Kind: Sendable {
    case invalidArgument, outOfMemory, notImplemented, other
  }

  public let kind: Kind
  /// `"aten::matmul"`, or the name of a shim function.
  public let operation: String
  /// libtorch's first line, without its stack trace.
  public let message: String
  /// The arguments' kinds and shapes: `"float32[2, 3], float32[4, 5]"`.
  public let arguments: String

  public var description: String {
    let call = arguments.isEmpty ? operation : "\(operation)(\(arguments))"
    return "\(call): \(message)"
  }

  init(status: ct_status, operation: String, arguments: String = "") {
    kind =
      switch status {
      case CT_ERROR_ARGUMENT: .invalidArgument
      case CT_ERROR_OUT_OF_MEMORY: .outOfMemory
      case CT_ERROR_NOT_IMPLEMENTED: .notImplemented
      default: .other
      }
    self.operation = operation
    self.arguments = arguments
    var text = String(cString: ct_error_message())
    if text.hasPrefix("\(operation): ") { text.removeFirst(operation.count + 2) }
    message = text.split(separator: "\n").first.map(String.init) ?? text
  }

  static func check(_ status: ct_status, operation: String) throws(TorchError) {
    if status != CT_OK { throw TorchError(status: status, operation: operation) }
  }
}

/// Runs `body` with operator failures turned into a thrown ``TorchError``.
///
/// Forward passes stay free of `try`: outside of such a scope a failed operator stops the process with its name
/// and shapes. Inside, the first failure is kept, the operator returns a placeholder so that the pass reaches
/// its end, and the failure is thrown here. Meant for boundaries: a command, a job, a training step, a test.
public func catchingTorchErrors<Result>(_ body: () throws -> Result) throws -> Result {
  let scope = ErrorScope()
  let result = try ErrorScope.$current.withValue(scope) {
    do {
      return try body()
    } catch {
      throw scope.first ?? error
    }
  }
  if let error = scope.first { throw error }
  return result
}

/// The failures of one ``catchingTorchErrors(_:)``; confined to the task that opened it.
final class ErrorScope: @unchecked Sendable {
  @TaskLocal static var current: ErrorScope?

  private(set) var first: TorchError?

  /// Runs a part of the backward pass in the scope of the thread that waits for it, where there is no other: on a GPU it
  /// is run by a thread of libtorch's own.
  static func within<Result>(_ scope: ErrorScope?, _ body: () -> Result) -> Result {
    $current.withValue(current ?? scope) { body() }
  }

  /// Keeps the error where a scope is open, and stops the process where none is.
  static func report(_ error: TorchError) {
    guard let current else { fatalError(error.description) }
    if current.first == nil { current.first = error }
  }
}

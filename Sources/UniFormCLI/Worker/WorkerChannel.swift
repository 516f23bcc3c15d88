import Foundation
import Synchronization
import WorkerProtocol

/// Both pipes of a worker, in messages.
final class WorkerChannel: Sendable {
  /// What was standard output; the descriptor of that name now leads to standard error.
  private let output: Mutex<Int32>

  init() {
    output = Mutex(dup(STDOUT_FILENO))
    dup2(STDERR_FILENO, STDOUT_FILENO)
  }

  /// May be called from any thread. Whoever read it may have gone; then the input ends, too.
  func send(_ event: WorkerEvent) {
    // Nothing in it can fail to encode but numbers that are none.
    guard let line = try? JSONLine.encode(event) else { return }
    output.withLock { descriptor in
      try? FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(contentsOf: line)
    }
  }

  /// Those that arrive until the input ends. A line that is none is answered, and passed over.
  var requests: AsyncStream<WorkerRequest> {
    AsyncStream { continuation in
      // A thread of its own, for it waits most of the time.
      Thread.detachNewThread { [self] in
        var splitter = LineSplitter()
        while let bytes = Self.received() {
          for line in splitter.lines(with: bytes) {
            guard let request = request(in: line) else { continue }
            continuation.yield(request)
          }
        }
        continuation.finish()
      }
    }
  }

  /// What is there at once, which may be less than a line; nil at the end. FileHandle would wait for all that was asked
  /// for, or trap where a signal comes in between.
  private static func received() -> Data? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      return count > 0 ? Data(buffer[..<count]) : nil
    }
  }

  private func request(in line: Data?) -> WorkerRequest? {
    guard let line else {
      refuse("a line is longer than \(JSONLine.maximumLength) bytes")
      return nil
    }
    guard !line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) else { return nil }
    do {
      return try JSONLine.decode(from: line)
    } catch let error as DecodingError {
      refuse("a line is no request: \(error.brief)")
    } catch {
      refuse("a line is no request: \(error)")
    }
    return nil
  }

  private func refuse(_ message: String) {
    send(.refused(WorkerFailure(CommandFailure(message, .badData))))
  }
}

extension DecodingError {
  /// Where and what, in a few words.
  fileprivate var brief: String {
    func place(_ context: Context, _ key: (any CodingKey)? = nil) -> String {
      let path = (context.codingPath + [key].compactMap(\.self)).map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? "" : "'\(path)' "
    }
    return switch self {
    case .keyNotFound(let key, let context): place(context, key) + "is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      place(context) + "is of another type"
    case .dataCorrupted(let context): place(context) + "is not valid"
    @unknown default: "it is not valid"
    }
  }
}

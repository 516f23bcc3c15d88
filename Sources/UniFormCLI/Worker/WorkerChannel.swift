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
      refuse(line, error)
    } catch {
      refuse("a line is no request: \(error)")
    }
    return nil
  }

  /// Whoever waits for an answer to this line gets it, where it says who that is.
  private func refuse(_ line: Data, _ error: DecodingError) {
    struct Sender: Decodable {
      let type: String
      let job, id: String?
    }
    let sender = try? JSONLine.decode(Sender.self, from: line)
    // Of a number that does not fit Foundation says not even where it stands.
    let message =
      error.path.isEmpty ? "a number is out of range or not whole, or a string no text" : error.brief
    let failure = WorkerFailure(
      message: message, exitStatus: ExitStatus.usage.rawValue, field: error.path.last?.stringValue)
    switch (sender?.type, sender?.job, sender?.id) {
    case ("generate", let job?, _): send(.failed(job: job, failure))
    case ("plan", _, let id?): send(.planFailed(id: id, failure))
    default: refuse("a line is no request: \(error.brief)")
    }
  }

  private func refuse(_ message: String) {
    send(.refused(WorkerFailure(CommandFailure(message, .badData))))
  }
}

extension DecodingError {
  fileprivate var path: [any CodingKey] {
    switch self {
    case .keyNotFound(let key, let context): context.codingPath + [key]
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.codingPath
    @unknown default: []
    }
  }

  /// Where and what, in a few words.
  fileprivate var brief: String {
    let place = path.isEmpty ? "it" : "'\(path.map(\.stringValue).joined(separator: "."))'"
    return switch self {
    case .keyNotFound: "\(place) is missing"
    case .typeMismatch, .valueNotFound: "\(place) is of another type"
    case .dataCorrupted(let context) where context.debugDescription == WorkerRequest.unknownField:
      "\(place) is not known"
    case .dataCorrupted: "\(place) is not valid"
    @unknown default: "\(place) is not valid"
    }
  }
}

import Foundation
import Torch

/// The results of `size` members of a process group, each in a thread of its own here.
///
/// - Parameter kind: CUDA gives each a GPU.
func together<Value>(
  _ size: Int, on kind: Device.Kind = .cpu, _ body: @escaping (ProcessGroup) throws -> Value
) throws -> [Value] {
  let results = Results(body)
  let port = freePort()
  DispatchQueue.concurrentPerform(iterations: size) { rank in
    let result = Result {
      let device = Device(kind, index: kind == .cuda ? rank : -1)
      return try results.body(
        ProcessGroup(host: "127.0.0.1", port: port, rank: rank, size: size, device: device, timeout: 60))
    }
    results.lock.withLock { results.values[rank] = result }
  }
  return try (0..<size).map { try results.values[$0]!.get() }
}

/// A port that was free a moment ago.
func freePort() -> Int {
  let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(socket) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(socket, $0, length)
      _ = getsockname(socket, $0, &length)
    }
  }
  return Int(UInt16(bigEndian: address.sin_port))
}

private final class Results<Value>: @unchecked Sendable {
  let lock = NSLock()
  var values: [Int: Result<Value, any Error>] = [:]
  let body: (ProcessGroup) throws -> Value
  init(_ body: @escaping (ProcessGroup) throws -> Value) { self.body = body }
}

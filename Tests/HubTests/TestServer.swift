import Foundation
import Synchronization

/// What a server was asked.
struct TestRequest: Sendable {
  let method: String
  let target: String
  let headers: [String: String]
  let body: Data
  /// Of a hub: sent to its store of large files.
  var isStore = false

  var path: String { String(target.split(separator: "?")[0]) }
}

/// What goes wrong with an answer.
enum ServerFault: Sendable {
  case status(Int, [String: String] = [:])
  /// The connection ends after so many bytes of the body.
  case cut(after: Int)
  /// The same, of an answer that does not say how long it is.
  case end(after: Int)
  /// The content has another first byte.
  case wrongByte
  /// Sends so many bytes, then nothing more until the client leaves.
  case stall(Int)
  /// Nothing until so many requests for content are open side by side, or have been (a minute at most), then half, and the rest
  /// when the gate is open.
  case together(Int, Gate)
  /// A kilobyte each so many milliseconds.
  case slow(Int)
  /// The whole file, whatever range was asked for.
  case noRange
}

/// Takes connections at a free port of this machine, each on a thread of its own.
final class Listener: Sendable {
  let port: UInt16
  private let descriptor: Int32
  private let isOpen = Atomic<Bool>(true)

  init() throws {
    signal(SIGPIPE, SIG_IGN)
    #if os(Linux)
      let stream = Int32(SOCK_STREAM.rawValue)
    #else
      let stream = SOCK_STREAM
    #endif
    descriptor = socket(AF_INET, stream, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isReady = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard isReady else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    port = UInt16(bigEndian: address.sin_port)
  }

  func serve(_ answer: @escaping @Sendable (Connection) -> Void) {
    Thread.detachNewThread { [descriptor] in
      while true {
        let client = accept(descriptor, nil, nil)
        guard client >= 0 else { return }
        Thread.detachNewThread {
          let connection = Connection(descriptor: client)
          answer(connection)
          connection.end()
        }
      }
    }
  }

  func stop() {
    guard isOpen.exchange(false, ordering: .relaxed) else { return }
    // Wakes the thread that waits in `accept`; `close` alone does not.
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }
}

/// What one thread waits for until another has seen what it wanted to see, a minute at most.
final class Gate: Sendable {
  private let isOpen = Atomic(false)

  func open() { isOpen.store(true, ordering: .relaxed) }

  func wait() {
    for _ in 0..<6000 where !isOpen.load(ordering: .relaxed) { usleep(10_000) }
  }
}

/// One request and its answer.
struct Connection {
  let descriptor: Int32

  func request() -> TestRequest? {
    var bytes = Data()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    func receive() -> Bool {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 { bytes += buffer[..<count] }
      return count > 0
    }
    var end = bytes.range(of: Data("\r\n\r\n".utf8))
    while end == nil {
      guard receive() else { return nil }
      end = bytes.range(of: Data("\r\n\r\n".utf8))
    }
    guard let end else { return nil }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    let words = lines[0].split(separator: " ").map(String.init)
    let fields = lines.dropFirst().map { $0.split(separator: ":", maxSplits: 1) }
    let headers = Dictionary(
      fields.map { ($0[0].lowercased(), $0[1].trimmingCharacters(in: .whitespaces)) },
      uniquingKeysWith: { $1 })
    let length = headers["content-length"].flatMap { Int($0) } ?? 0
    while bytes.count - end.upperBound < length { guard receive() else { return nil } }
    return TestRequest(
      method: words[0], target: words[1], headers: headers, body: Data(bytes[end.upperBound...]))
  }

  func send(
    _ status: Int, _ headers: [String: String] = [:], _ body: Data = Data("no".utf8), isHead: Bool = false,
    _ fault: ServerFault? = nil
  ) {
    var fields = headers.merging(["Content-Length": "\(body.count)", "Connection": "close"]) { $1 }
    if case .end = fault { fields["Content-Length"] = nil }
    let head = "HTTP/1.1 \(status) Whatever\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
    write(Data(head.utf8))
    if isHead { return }
    switch fault {
    case .cut(let count), .end(let count): write(body.prefix(count))
    case .stall(let count):
      write(body.prefix(count))
      var byte: UInt8 = 0
      while recv(descriptor, &byte, 1, 0) > 0 {}
    case .together(_, let gate):
      let half = body.count / 2
      write(body.prefix(half))
      gate.wait()
      write(body.dropFirst(half))
    case .slow(let milliseconds): send(body, pausing: milliseconds)
    default: write(body)
    }
  }

  /// A kilobyte at a time.
  private func send(_ body: Data, pausing milliseconds: Int) {
    for start in stride(from: 0, to: body.count, by: 1024) {
      guard write(Data(body.dropFirst(start).prefix(1024))) else { return }
      usleep(UInt32(1000 * milliseconds))
    }
  }

  @discardableResult private func write(_ data: Data) -> Bool {
    var rest = [UInt8](data)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, 0) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// In order, so that the other side receives all that was sent.
  func end() {
    shutdown(descriptor, Int32(SHUT_WR))
    close(descriptor)
  }
}

import Foundation
import Synchronization

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

/// One request and its answer.
struct Connection {
  let descriptor: Int32

  func request(isStore: Bool) -> TestHub.Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    let words = lines[0].split(separator: " ").map(String.init)
    let fields = lines.dropFirst().map { $0.split(separator: ":", maxSplits: 1) }
    return TestHub.Request(
      method: words[0], target: words[1],
      headers: Dictionary(
        fields.map { ($0[0].lowercased(), $0[1].trimmingCharacters(in: .whitespaces)) },
        uniquingKeysWith: { $1 }), isStore: isStore)
  }

  func send(
    _ status: Int, _ headers: [String: String] = [:], _ body: Data = Data("no".utf8), isHead: Bool = false,
    _ fault: TestHub.Fault? = nil
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
    case .together: send(body, pausing: 10)
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

public import Foundation

extension SafeTensors {
  /// A tensor that is made when its turn to be written comes, so that a file may be larger than memory.
  public struct Pending {
    public let name: String
    public let shape: [Int]
    public let dtype: DType
    let parts: [() throws -> Tensor]

    /// - Parameter make: gives a tensor of exactly this shape and dtype.
    public init(name: String, shape: [Int], dtype: DType, make: @escaping () throws -> Tensor) {
      self.init(name: name, shape: shape, dtype: dtype, parts: [make])
    }

    /// - Parameter parts: give what lies one after another along the first axis of this shape.
    public init(name: String, shape: [Int], dtype: DType, parts: [() throws -> Tensor]) {
      self.name = name
      self.shape = shape
      self.dtype = dtype
      self.parts = parts
    }

    public var byteCount: Int { shape.reduce(dtype.size, *) }
  }

  /// Writes tensors in the given order, atomically: a file of this name is replaced only by a complete one.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to url: URL
  ) throws {
    let pending = tensors.map { name, tensor in
      Pending(name: name, shape: tensor.shape, dtype: tensor.dtype) { tensor }
    }
    try write(pending: pending, metadata: metadata, to: url)
  }

  /// The same for tensors that are made one after another.
  ///
  /// - Parameter written: is called after each tensor with the number of those done; what it throws ends the writing.
  public static func write(
    pending tensors: [Pending], metadata: [String: String] = [:], to url: URL,
    written: (Int) throws -> Void = { _ in }
  ) throws {
    var header: [String: Any] = [:]
    if !metadata.isEmpty { header["__metadata__"] = metadata }
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.byteCount
      header[tensor.name] = [
        "dtype": tensor.dtype.safeTensorsName, "shape": tensor.shape, "data_offsets": [offset, end],
      ]
      offset = end
    }
    precondition(
      header.count == tensors.count + (metadata.isEmpty ? 0 : 1), "tensor names must be unique")
    var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys])
    json.append(contentsOf: [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8))

    // Why a tensor could not be made, or the writing was ended: no fault of the file.
    var failure: (any Error)?
    func noting<Result>(_ body: () throws -> Result) throws -> Result {
      do { return try body() } catch {
        failure = error
        throw error
      }
    }

    // However long the name is, this one is not too long.
    let name = String(decoding: url.lastPathComponent.utf8.prefix(200), as: UTF8.self)
    let temporary = url.deletingLastPathComponent()
      .appending(path: ".\(name).\(ProcessInfo.processInfo.processIdentifier).tmp")
    do {
      let file = try OutputFile(temporary)
      var length = UInt64(json.count).littleEndian
      try withUnsafeBytes(of: &length) { try file.write($0) }
      try json.withUnsafeBytes { try file.write($0) }
      for (index, pending) in tensors.enumerated() {
        var elements = 0
        for part in pending.parts {
          let tensor = try noting(part)
          elements += tensor.count
          precondition(
            tensor.shape.dropFirst() == pending.shape.dropFirst() && tensor.dtype == pending.dtype,
            "\(pending.name) is not what was announced")
          try tensor.withUnsafeBytes { try file.write($0) }
        }
        precondition(elements == pending.shape.reduce(1, *), "\(pending.name) is not as long as announced")
        try noting { try written(index + 1) }
      }
      try file.synchronize()
      try POSIXError.check(rename(temporary.path, url.path))
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      if let failure { throw failure }
      guard let error = error as? POSIXError else { throw error }
      throw WeightError(writing: url, error)
    }
  }
}

extension WeightError {
  fileprivate init(writing url: URL, _ error: POSIXError) {
    self =
      [.ENOSPC, .EDQUOT, .EFBIG].contains(error.code)
      ? .diskFull(file: url.path)
      : .unwritable(file: url.path, reason: String(cString: strerror(error.code.rawValue)))
  }
}

/// A file to write, with the system's own reasons where that fails: Foundation does not pass all of them on.
private final class OutputFile {
  private let descriptor: Int32

  init(_ url: URL) throws {
    descriptor = open(url.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    try POSIXError.check(descriptor)
  }

  deinit { close(descriptor) }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      try POSIXError.check(count)
      rest = rest.dropFirst(count)
    }
  }

  func synchronize() throws { try POSIXError.check(fsync(descriptor)) }
}

extension POSIXError {
  fileprivate static func check(_ result: some SignedInteger) throws {
    if result < 0 { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }
}

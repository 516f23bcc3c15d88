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

    let temporary = url.deletingLastPathComponent()
      .appending(path: ".\(url.lastPathComponent).\(ProcessInfo.processInfo.processIdentifier).tmp")
    do {
      guard FileManager.default.createFile(atPath: temporary.path, contents: nil) else {
        throw WeightError.unwritable(
          file: url.path, reason: "the folder does not exist or is not writable")
      }
      let file = try FileHandle(forWritingTo: temporary)
      defer { try? file.close() }
      var length = UInt64(json.count).littleEndian
      try file.write(contentsOf: Data(bytes: &length, count: 8))
      try file.write(contentsOf: json)
      for (index, pending) in tensors.enumerated() {
        var elements = 0
        for part in pending.parts {
          let tensor = try noting(part)
          elements += tensor.count
          precondition(
            tensor.shape.dropFirst() == pending.shape.dropFirst() && tensor.dtype == pending.dtype,
            "\(pending.name) is not what was announced")
          try tensor.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            try file.write(
              contentsOf: Data(bytesNoCopy: .init(mutating: start), count: bytes.count, deallocator: .none))
          }
        }
        precondition(elements == pending.shape.reduce(1, *), "\(pending.name) is not as long as announced")
        try noting { try written(index + 1) }
      }
      try file.synchronize()
      _ = try FileManager.default.replaceItem(at: url, withTemporary: temporary)
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      if let failure { throw failure }
      if error is WeightError { throw error }
      throw WeightError.unwritable(file: url.path, reason: error.localizedDescription)
    }
  }
}

extension FileManager {
  /// `rename(2)`: the old file stays until the new one is in its place.
  fileprivate func replaceItem(at url: URL, withTemporary temporary: URL) throws {
    if rename(temporary.path, url.path) != 0 {
      throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: url.path])
    }
  }
}

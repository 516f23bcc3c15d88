public import Foundation

extension SafeTensors {
  /// Writes tensors in the given order, atomically: a file of this name is replaced only by a complete one.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to url: URL
  ) throws {
    var header: [String: Any] = [:]
    if !metadata.isEmpty { header["__metadata__"] = metadata }
    var offset = 0
    for (name, tensor) in tensors {
      let end = offset + tensor.count * tensor.dtype.size
      header[name] = [
        "dtype": tensor.dtype.safeTensorsName, "shape": tensor.shape, "data_offsets": [offset, end],
      ]
      offset = end
    }
    precondition(
      header.count == tensors.count + (metadata.isEmpty ? 0 : 1), "tensor names must be unique")
    var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys])
    json.append(contentsOf: [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8))

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
      for (_, tensor) in tensors {
        try tensor.withUnsafeBytes { bytes in
          guard let start = bytes.baseAddress else { return }
          try file.write(
            contentsOf: Data(bytesNoCopy: .init(mutating: start), count: bytes.count, deallocator: .none))
        }
      }
      try file.synchronize()
      _ = try FileManager.default.replaceItem(at: url, withTemporary: temporary)
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      if let error = error as? WeightError { throw error }
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

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// A whole file mapped read-only into memory; tensors over it keep it alive.
final class MappedFile {
  let bytes: UnsafeRawBufferPointer

  init(path: String) throws(WeightError) {
    // A named pipe would keep `open` waiting for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(file: path, reason: "it is not a regular file")
    }
    guard status.st_size > 0 else { throw .malformed(file: path, reason: "the file is empty") }
    // Private and writable: libtorch may be handed the memory as mutable, the file itself never changes.
    guard
      let start = mmap(
        nil, Int(status.st_size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0),
      start != MAP_FAILED
    else {
      throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    bytes = UnsafeRawBufferPointer(start: start, count: Int(status.st_size))
  }

  /// Gives the memory back: pages are read again when they are touched. Changes made to them would be lost.
  func releasePages() {
    _ = madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count, MADV_DONTNEED)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count) }
}

internal import Foundation

/// One process at a time does some work; the system lets go of the lock when that process ends, however it ends.
final class ProcessLock: @unchecked Sendable {
  enum Failure: Error {
    case held
    case notWritable(reason: String)
  }

  private let descriptor: Int32

  /// - Parameter file: is made where it is missing, and stays: removing it would let two hold it.
  init(_ file: URL) throws(Failure) {
    descriptor = open(file.path(percentEncoded: false), O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .notWritable(reason: String(cString: strerror(errno))) }
    // Some file systems have no locks.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      close(descriptor)
      throw .held
    }
  }

  deinit { close(descriptor) }
}

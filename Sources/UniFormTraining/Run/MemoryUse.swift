internal import Foundation

/// What this process holds in memory.
enum MemoryUse {
  /// Bytes that lie in physical memory; 0 where the system does not say.
  static var residentBytes: Double {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
    else { return 0 }
    return kilobytes * 1024
  }
}

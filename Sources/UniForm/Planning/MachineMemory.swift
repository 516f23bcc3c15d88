internal import Foundation
#if canImport(Glibc)
  internal import Glibc
#endif

/// Memory that a process may still take, and what it has taken.
public enum MachineMemory {
  /// Bytes that can be taken without others being pushed out: what the system has available, or the rest below the limit
  /// of a control group or of the process, whichever is least. Nil where the system does not say.
  public static var available: Int? {
    let rest = addressSpace.map { max(0, $0.rest - addressReserve) }
    return [available(root: URL(filePath: "/")), rest].compactMap(\.self).min()
  }

  /// Resident memory of this process in bytes: now, and the most so far. Nil where the system does not say.
  public static var resident: (now: Int, peak: Int)? {
    guard let fields = table(URL(filePath: "/proc/self/status")), let now = fields["VmRSS"],
      let peak = fields["VmHWM"]
    else { return nil }
    return (now, peak)
  }

  /// - Parameter root: of the file systems `proc` and `sys`.
  static func available(root: URL) -> Int? {
    guard let system = table(root.appending(path: "proc/meminfo"))?["MemAvailable"] else { return nil }
    return ([system] + groups(root).compactMap(rest)).min()
  }

  /// The folders of the process's control groups, from its own upwards: each may have a limit.
  private static func groups(_ root: URL) -> [URL] {
    let lines = text(root.appending(path: "proc/self/cgroup"))?.split(separator: "\n") ?? []
    return lines.flatMap { line -> [URL] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      let top: URL
      switch fields[1] {
      case "": top = root.appending(path: "sys/fs/cgroup")
      case let names where names.split(separator: ",").contains("memory"):
        top = root.appending(path: "sys/fs/cgroup/memory")
      default: return []
      }
      // Inside a container the path may be that of the host, and only the top exists.
      let steps = fields[2].split(separator: "/").map(String.init)
      return (0...steps.count).reversed().map { count in
        steps.prefix(count).reduce(top) { $0.appending(path: $1) }
      }
    }
  }

  /// What a control group may still take: its limit less what it has, without files that are only cached.
  private static func rest(_ group: URL) -> Int? {
    func number(_ name: String) -> Int? {
      text(group.appending(path: name)).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
    guard let limit = number("memory.max") ?? number("memory.limit_in_bytes"),
      let used = number("memory.current") ?? number("memory.usage_in_bytes")
    else { return nil }
    let statistics = text(group.appending(path: "memory.stat"))?.split(separator: "\n") ?? []
    var cached = 0
    for line in statistics {
      let fields = line.split(separator: " ")
      guard fields.count == 2, let value = Int(fields[1]) else { continue }
      if ["inactive_file", "total_inactive_file"].contains(fields[0]) { cached = value }
    }
    return max(0, limit - used + cached)
  }

  /// The limit of the process itself (`ulimit -v`), which counts everything mapped, and what is below it; nil where there
  /// is none.
  public static var addressSpace: (limit: Int, rest: Int)? {
    var limit = rlimit()
    guard getrlimit(resource(RLIMIT_AS), &limit) == 0, limit.rlim_cur < rlim_t(Int.max),
      let mapped = table(URL(filePath: "/proc/self/status"))?["VmSize"]
    else { return nil }
    return (Int(limit.rlim_cur), max(0, Int(limit.rlim_cur) - mapped))
  }

  /// Address space that stacks of threads and libraries take besides what is planned. Where it lacks, oneDNN goes on
  /// without the code that it could not generate, and crashes; so it is left free.
  public static let addressReserve = 192 << 20

  #if canImport(Glibc)
    private static func resource(_ resource: __rlimit_resource) -> __rlimit_resource_t {
      __rlimit_resource_t(resource.rawValue)
    }
  #else
    private static func resource(_ resource: Int32) -> Int32 { resource }
  #endif

  /// `Name:  1234 kB` line by line, in bytes.
  private static func table(_ file: URL) -> [String: Int]? {
    guard let text = text(file) else { return nil }
    var fields: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let number = parts[1].split(whereSeparator: \.isWhitespace).first else {
        continue
      }
      fields[String(parts[0])] = Int(number).map { $0 * 1024 }
    }
    return fields
  }

  private static func text(_ file: URL) -> String? { try? String(contentsOf: file, encoding: .utf8) }
}

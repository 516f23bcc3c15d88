import Foundation
import Media
import Subprocess

/// Measures files that do not say how long they are, as browsers record them.
enum PacketScan {
  /// Where the last packet ends, in seconds on the file's own clock; nil where ffprobe finds none, or gives up.
  static func end(of file: URL, within limits: MediaLimits) async throws -> Double? {
    let probe = [
      "ffprobe", "-v", "error", "-protocol_whitelist", "file", "-format_whitelist",
      limits.formats.joined(separator: ","), "-show_entries", "packet=pts_time,duration_time",
      "-of", "csv=p=0", "file:" + file.path(percentEncoded: false),
    ]
    #if os(Linux)
      let command =
        ["prlimit", "--as=\(limits.memoryBytes)", "--cpu=\(limits.processorSeconds)", "--core=0"] + probe
    #else
      let command = probe
    #endif
    let result = try await Subprocess.run(
      Configuration(executable: .name(command[0]), arguments: Arguments(Array(command.dropFirst()))),
      input: .none, output: .sequence, error: .discarded
    ) { execution in
      var end: Double?
      for try await line in execution.standardOutput.strings() {
        let times = line.split(separator: ",").map { Double($0) ?? 0 }
        guard let start = times.first else { continue }
        end = max(end ?? 0, start + (times.dropFirst().first ?? 0))
      }
      return end
    }
    return result.terminationStatus.isSuccess ? result.closureResult : nil
  }
}

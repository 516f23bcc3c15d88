import Foundation

/// Python with the official client of the widely used interface: installed, or brought by pip once into the build folder.
enum OpenAIClient {
  private static let requirement = "openai==3.57.0"

  /// Nil where it can neither be found nor fetched; a line on standard error says why.
  static let python: String? = {
    let places = [ProcessInfo.processInfo.environment["UNIFORM_PYTHON"], "python3"].compactMap(\.self)
    if let place = places.first(where: { hasClient($0) }) { return place }
    let folder = ServerProcess.root.appending(path: "Server/.build/openai-client").path
    let own = folder + "/bin/python"
    if hasClient(own) { return own }
    let script = """
      python3 -m venv --clear "$0" && "$0/bin/python" -m pip install --quiet --disable-pip-version-check \
        --retries 1 --timeout 10 "$1"
      """
    let (status, output) = run("bash", ["-c", script, folder, requirement])
    if status == 0 && hasClient(own) { return own }
    let reason = output.split(separator: "\n").last ?? "no reason given"
    try? FileHandle.standardError.write(
      contentsOf: Data("The Python package openai could not be fetched: \(reason)\n".utf8))
    return nil
  }()

  private static func hasClient(_ python: String) -> Bool {
    run(python, ["-c", "from openai.resources import videos"]).status == 0
  }

  private static func run(_ tool: String, _ arguments: [String]) -> (status: Int32, output: String) {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    guard (try? process.run()) != nil else { return (127, "") }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}

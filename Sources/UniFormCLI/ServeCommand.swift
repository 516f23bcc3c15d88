import ArgumentParser
import Foundation

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Make clips over HTTP.",
    discussion: """
      Starts the program uniform-server with the same options, which 'uniform serve --help' lists; Docs/Server.md \
      describes what it answers.
      """,
    // Whoever asks for help wants that of the server.
    helpNames: [])

  @Argument(
    parsing: .captureForPassthrough, help: ArgumentHelp("Options of the server.", valueName: "options"))
  var options: [String] = []

  func run() throws {
    guard let uniform = Bundle.main.executableURL?.resolvingSymlinksInPath() else {
      throw CommandFailure("it is not known where this program lies", .software)
    }
    let server = try Self.server(beside: uniform).path(percentEncoded: false)
    let arguments = [server, "--uniform", uniform.path(percentEncoded: false)] + options
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    pointers.append(nil)
    execv(server, pointers)
    throw CommandFailure(
      "'\(server)' could not be started: \(String(cString: strerror(errno)))", .unavailable)
  }

  /// Installed beside this program; in a checkout, in the server's own build folder of the same kind.
  private static func server(beside uniform: URL) throws -> URL {
    let folder = uniform.deletingLastPathComponent()
    let root = folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let builds = [folder.deletingLastPathComponent().lastPathComponent, ""].map {
      root.appending(path: "Server/.build").appending(path: $0).appending(path: folder.lastPathComponent)
    }
    for place in [folder] + builds {
      let server = place.appending(path: "uniform-server")
      if FileManager.default.isExecutableFile(atPath: server.path(percentEncoded: false)) { return server }
    }
    throw CommandFailure(
      "the program uniform-server is not built; './uniform serve' in the checkout builds it", .unavailable)
  }
}

import Foundation
import Media
import Synchronization
import UniForm

/// Tells the user how it goes, in one of four ways. May be called from any thread.
final class Reporter: Sendable {
  enum Style: Sendable {
    /// A bar that is drawn over and over in the last line.
    case terminal
    /// A line now and then, for logs.
    case plain
    /// One JSON object per line.
    case json
    case quiet

    /// - Parameter descriptor: where progress goes.
    static func chosen(json: Bool, quiet: Bool, descriptor: Int32 = STDOUT_FILENO) -> Style {
      if json { return .json }
      if quiet { return .quiet }
      let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
      return isatty(descriptor) == 1 && terminal != "dumb" && !terminal.isEmpty ? .terminal : .plain
    }
  }

  let style: Style
  private let descriptor: Int32
  private let state = Mutex(State())
  private let write: @Sendable (String) -> Void

  private struct State {
    var meter = RateMeter()
    /// A bar stands in the last line of the terminal.
    var hasBar = false
    var lastTenth = -1
    /// When a log was last told something.
    var lastLine: ContinuousClock.Instant?
  }

  /// Long work is heard of so often in a log, however little of it is done.
  private static let longestSilence = Duration.seconds(30)

  init(
    _ style: Style, descriptor: Int32 = STDOUT_FILENO,
    write: @escaping @Sendable (String) -> Void = {
      // Whoever read it may have gone; the clip is what counts.
      try? FileHandle.standardOutput.write(contentsOf: Data($0.utf8))
    }
  ) {
    self.style = style
    self.descriptor = descriptor
    self.write = write
    if style == .json { Self.forPrograms.withLock { $0 = self } }
  }

  /// The last that tells programs how it goes; they hear of a failure of the command as well.
  private static let forPrograms = Mutex<Reporter?>(nil)

  static func end(with failure: CommandFailure) { forPrograms.withLock { $0 }?.event(.failure(failure)) }

  /// A line for people.
  func note(_ line: String) {
    guard style == .terminal || style == .plain else { return }
    state.withLock { state in
      clearBar(&state)
      write(line + "\n")
    }
  }

  /// An object for programs.
  func event(_ event: ReportEvent) {
    guard style == .json else { return }
    state.withLock { _ in write(event.json) }
  }

  /// Something the user should know although the work goes on; on standard error.
  func warn(_ message: String) {
    event(ReportEvent("warning", message: message.oneLine))
    state.withLock { state in
      clearBar(&state)
      StandardError.print("uniform: warning: \(message.oneLine)")
    }
  }

  /// One line of a list that could not be carried out; on standard error.
  func fail(line: Int, _ failure: CommandFailure) {
    event(.failure(failure, line: line))
    state.withLock { state in
      clearBar(&state)
      StandardError.print("uniform: error: line \(line): \(failure)")
    }
  }

  /// - Parameter unit: what is counted, in the plural.
  func progress(
    _ stage: String, completed: Int, total: Int, unit: String = "steps", now: ContinuousClock.Instant = .now
  ) {
    state.withLock { state in
      let isNew = state.meter.update(stage: stage, completed: completed, at: now)
      if isNew { state.lastTenth = -1 }
      let rate = state.meter.rate
      let line = ProgressLine(stage: stage, completed: completed, total: total, unit: unit, rate: rate)
      switch style {
      case .quiet: break
      case .json:
        write(
          ReportEvent(
            "progress", stage: stage, step: completed, steps: total, rate: rate?.rounded(to: 3),
            secondsLeft: line.secondsLeft?.rounded(to: 1)
          ).json)
      case .terminal:
        write("\r\u{1B}[K" + line.bar(columns: columns))
        state.hasBar = true
      case .plain:
        let tenth = total > 1 ? completed * 10 / total : 0
        let isOverdue = state.lastLine.map { now - $0 >= Self.longestSilence } ?? true
        guard tenth > state.lastTenth || isOverdue else { break }
        (state.lastTenth, state.lastLine) = (tenth, now)
        write(line.text + "\n")
      }
    }
  }

  /// Of the terminal as it is now; 80 where it does not say.
  private var columns: Int {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// Takes the bar away, so that whatever comes next has a line of its own.
  func endProgress() { state.withLock { clearBar(&$0) } }

  private func clearBar(_ state: inout State) {
    if state.hasBar { write("\r\u{1B}[K") }
    state.hasBar = false
  }
}

import Foundation
import Synchronization

/// Numbers about this server since its start, in the text format of Prometheus.
final class Metrics: Sendable {
  private struct Histogram {
    let bounds: [Double]
    var counts: [Int]
    var sum = 0.0
    var count = 0

    init(_ bounds: [Double]) {
      self.bounds = bounds
      counts = bounds.map { _ in 0 }
    }

    mutating func add(_ value: Double) {
      sum += value
      count += 1
      for (index, bound) in bounds.enumerated() where value <= bound { counts[index] += 1 }
    }

    func lines(_ name: String) -> [String] {
      zip(bounds, counts).map { "\(name)_bucket{le=\"\($0)\"} \($1)" }
        + ["\(name)_bucket{le=\"+Inf\"} \(count)", "\(name)_sum \(sum)", "\(name)_count \(count)"]
    }
  }

  private struct State {
    var requests: [String: Int] = [:]
    var latency = Histogram([0.001, 0.005, 0.02, 0.1, 0.5, 2, 10])
    var jobs = Histogram([0.5, 1, 2, 5, 10, 30, 60, 300, 1800])
    var waits = Histogram([0.1, 1, 10, 60, 600, 3600])
    var finished: [String: Int] = [:]
    var stepRate = 0.0
    var workersEnded = 0
  }
  private let state = Mutex(State())

  func answered(method: String, route: String, status: Int, seconds: Double) {
    state.withLock {
      $0.requests["method=\"\(method)\",route=\"\(route)\",status=\"\(status)\"", default: 0] += 1
      $0.latency.add(seconds)
    }
  }

  func started(_ job: Job) { state.withLock { $0.waits.add(Date.now.timeIntervalSince(job.createdAt)) } }

  func finished(_ job: Job) {
    state.withLock {
      $0.finished[job.status.rawValue, default: 0] += 1
      if let start = job.startedAt, let end = job.finishedAt, job.status == .succeeded {
        $0.jobs.add(end.timeIntervalSince(start))
      }
    }
  }

  func stepRate(_ rate: Double) { state.withLock { $0.stepRate = rate } }
  func workerEnded() { state.withLock { $0.workersEnded += 1 } }

  /// - Parameters:
  ///   - jobs: how many there are of each status.
  ///   - memory: bytes that the workers hold.
  func text(jobs: [JobStatus: Int], memory: [Int], watchers: Int) -> String {
    let state = state.withLock(\.self)
    var lines: [String] = []
    func family(_ name: String, _ kind: String, _ help: String, _ samples: [String]) {
      lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(kind)"] + samples
    }
    func gauge(_ name: String, _ help: String, _ value: some CustomStringConvertible) {
      family(name, "gauge", help, ["\(name) \(value)"])
    }
    gauge("uniform_queue_depth", "Jobs that wait.", jobs[.queued] ?? 0)
    family(
      "uniform_jobs", "gauge", "Jobs that are kept, by status.",
      JobStatus.allCases.map { "uniform_jobs{status=\"\($0.rawValue)\"} \(jobs[$0] ?? 0)" })
    family(
      "uniform_jobs_finished_total", "counter", "Jobs that ended since the start, by status.",
      state.finished.sorted { $0.key < $1.key }.map {
        "uniform_jobs_finished_total{status=\"\($0.key)\"} \($0.value)"
      })
    gauge("uniform_step_rate", "Denoising steps per second, last seen.", state.stepRate)
    family(
      "uniform_job_seconds", "histogram", "From start to success.", state.jobs.lines("uniform_job_seconds"))
    family(
      "uniform_job_wait_seconds", "histogram", "From creation to start.",
      state.waits.lines("uniform_job_wait_seconds"))
    family(
      "uniform_http_request_seconds", "histogram", "From request to the head of its answer.",
      state.latency.lines("uniform_http_request_seconds"))
    family(
      "uniform_http_requests_total", "counter", "Requests answered.",
      state.requests.sorted { $0.key < $1.key }.map { "uniform_http_requests_total{\($0.key)} \($0.value)" })
    gauge("uniform_workers_ready", "Workers that run.", memory.count)
    family(
      "uniform_workers_ended_total", "counter", "Workers that ended without being told to.",
      ["uniform_workers_ended_total \(state.workersEnded)"])
    gauge("uniform_worker_memory_bytes", "Resident memory of all workers.", memory.reduce(0, +))
    gauge("uniform_watchers", "Open streams of events.", watchers)
    gauge("process_resident_memory_bytes", "Resident memory of the server.", Self.residentBytes)
    return lines.joined(separator: "\n") + "\n"
  }

  /// 0 where the system does not say.
  private static var residentBytes: Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
      * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}

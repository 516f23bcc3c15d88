import UnixSignals
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Everything together: jobs, workers and the answers to requests.
struct Server {
  private let options: ServerOptions
  private let token: String?
  private let center: JobCenter
  private let supervisors: [WorkerSupervisor]
  private let logger: Logger

  /// - Throws: `ServerFailure` where the list of jobs cannot be used.
  init(options: ServerOptions, worker: WorkerOptions, token: String?, data: DataDirectory, logger: Logger)
    async throws
  {
    self.options = options
    self.token = token
    self.logger = logger
    center = JobCenter(
      store: try JobStore(data.database), hub: EventHub(maximum: options.maxWatchers), metrics: Metrics(),
      data: data, options: options, logger: logger)
    supervisors = (0..<worker.workers).map { WorkerSupervisor(index: $0, options: worker, logger: logger) }
    try await center.recover()
  }

  /// Until a signal asks to end.
  func run() async throws {
    let workers = Task { [center, supervisors] in
      await withTaskGroup(of: Void.self) { group in
        for supervisor in supervisors { group.addTask { await supervisor.run(center) } }
      }
    }
    do {
      try await center.awaitReady()
    } catch {
      workers.cancel()
      await workers.value
      throw error
    }
    var application = Application(
      router: try router(),
      server: .http1(configuration: .init(idleTimeout: .seconds(90))),
      configuration: ApplicationConfiguration(address: .hostname(options.host, port: options.port)),
      onServerRunning: { [options] channel in
        let host = options.host.contains(":") ? "[\(options.host)]" : options.host
        let port = channel.localAddress?.port ?? options.port
        let line = "UniForm answers at http://\(host):\(port)\n"
        try? FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
      },
      logger: quietLogger)
    application.addServices(Upkeep(center: center))
    var configuration = ServiceGroupConfiguration(
      services: [.init(service: application)], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: quietLogger)
    // Downloads that take longer are cut.
    configuration.maximumGracefulShutdownDuration = .seconds(10)
    let group = ServiceGroup(configuration: configuration)
    let result = await Swift.Result { try await group.run() }
    await center.close()
    let patience = Task {
      try await Task.sleep(for: .seconds(3))
      workers.cancel()
    }
    await workers.value
    patience.cancel()
    do {
      try result.get()
    } catch let error as IOError {
      throw ServerFailure("cannot answer at \(options.host):\(options.port): \(error)", 69)
    }
  }

  /// The libraries' own messages, only where they matter.
  private var quietLogger: Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .error)
    return logger
  }

  private func router() throws -> Router<ServerContext> {
    guard let resources = Bundle.module.url(forResource: "Resources", withExtension: nil),
      let document = try? Data(contentsOf: resources.appending(path: "openapi.json"))
    else { throw ServerFailure("the files of this program are incomplete; build it again", 70) }
    let web = resources.appending(path: "web").path(percentEncoded: false)
    let pages = try FileManager.default.subpathsOfDirectory(atPath: web)
    let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: AnswerMiddleware(metrics: center.metrics, logger: logger))
    router.add(middleware: GuardMiddleware(options: options, token: token, pages: pages))
    router.add(middleware: FileMiddleware(web, searchForIndexHtml: true))
    let api = API(
      center: center, receiver: UploadReceiver(data: center.data, options: options),
      options: options, token: token, document: document)
    for route in Route.allCases {
      router.on(RouterPath(route.path), method: route.method, use: api.handler(for: route))
    }
    return router
  }
}

extension Swift.Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}

/// What is done now and then; at the end, streams are ended, for the server waits for them.
private struct Upkeep: Service {
  let center: JobCenter

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var beats = 0
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(15))
        center.hub.beat()
        // What the disk did not take is tried again.
        await center.dispatch()
        beats += 1
        if beats % 240 == 1 { await center.removeOldUploads() }
      }
    }
    await center.close()
  }
}

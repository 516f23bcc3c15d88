import Foundation
import Torch
import UniForm
import WorkerProtocol

/// Takes requests, and makes one clip after another.
actor ClipWorker {
  private let making: ClipMaking
  private let planning: ClipPlanning
  private let channel: WorkerChannel
  private var waiting: [ClipOrder] = []
  private var current: (job: String, work: Task<Void, Never>)?
  private var isEnding = false
  /// The last of those that are under way, one after the other.
  private var plans: Task<Void, Never>?
  nonisolated let description: WorkerDescription

  /// - Throws: where the device is missing, or the memory for the model.
  init(directory: ModelDirectory, machine: MachineOptions, channel: WorkerChannel) throws {
    let device = try machine.place.checkedDevice()
    let planned = [GenerationTask.t2av, .a2v, .v2a].map { machine.planned($0, of: directory) }
    let keepsLoaded = try machine.keepsLoaded(directory, for: planned, clips: .max)
    let pipeline = PipelineActor(
      directory, device: device, dtype: machine.dtype.dtype, keepsLoaded: keepsLoaded,
      threads: machine.place.threads)
    self.channel = channel
    planning = ClipPlanning(directory: directory, machine: machine, pipeline: pipeline)
    description = planning.description
    making = ClipMaking(
      directory: directory, pipeline: pipeline, planning: planning, channel: channel, model: description,
      keepsLoaded: keepsLoaded)
  }

  func handle(_ request: WorkerRequest) {
    switch request {
    case .generate(let job, let request, let folder):
      guard folder.hasPrefix("/") else {
        let problem = RequestProblem(field: "folder", message: "'\(folder)' is no absolute path")
        return channel.send(.failed(job: job, WorkerFailure(problem)))
      }
      waiting.append(ClipOrder(job: job, request: request, folder: URL(filePath: folder)))
      makeNext()
    case .cancel(let job):
      if current?.job == job { current?.work.cancel() }
      // Of a job that is neither, the answer is on its way already.
      for _ in waiting.filter({ $0.job == job }) { channel.send(.cancelled(job: job)) }
      waiting.removeAll { $0.job == job }
    case .plan(let id, let request):
      let before = plans
      plans = Task {
        await before?.value
        channel.send(await planning.answer(id: id, request))
      }
    }
  }

  private func makeNext() {
    guard current == nil, !waiting.isEmpty else { return }
    let order = waiting.removeFirst()
    let work = Task {
      let event = await making(order)
      // What this process gives up because it ends, another one goes on with.
      if !isEnding { order.clear() }
      channel.send(event)
      current = nil
      makeNext()
    }
    current = (order.job, work)
  }

  /// Gives up what is being made: whoever wanted it is gone, and may have asked another worker already. What is saved of
  /// it stays.
  func finish() async {
    isEnding = true
    waiting = []
    current?.work.cancel()
    await current?.work.value
    await plans?.value
  }
}

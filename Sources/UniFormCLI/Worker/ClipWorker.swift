import Foundation
import Torch
import UniForm
import WorkerProtocol

/// Takes requests, and makes one clip after another.
actor ClipWorker {
  private struct Order {
    let job: String
    let request: ClipRequest
    let folder: String
  }

  private let making: ClipMaking
  private let planning: ClipPlanning
  private let channel: WorkerChannel
  private var waiting: [Order] = []
  private var current: (job: String, work: Task<Void, Never>)?

  /// - Throws: where the device is missing, or the memory for the model.
  init(directory: ModelDirectory, machine: MachineOptions, channel: WorkerChannel) throws {
    let device = try machine.place.checkedDevice()
    let planned = [GenerationTask.t2av, .a2v, .v2a].map { machine.planned($0, of: directory) }
    let pipeline = PipelineActor(
      directory, device: device, dtype: machine.dtype.dtype,
      keepsLoaded: try machine.keepsLoaded(directory, for: planned, clips: .max),
      threads: machine.place.threads)
    self.channel = channel
    planning = ClipPlanning(directory: directory, machine: machine, pipeline: pipeline)
    making = ClipMaking(directory: directory, pipeline: pipeline, planning: planning, channel: channel)
  }

  var description: WorkerDescription {
    get throws { try planning.description }
  }

  func handle(_ request: WorkerRequest) {
    switch request {
    case .generate(let job, let request, let folder):
      waiting.append(Order(job: job, request: request, folder: folder))
      makeNext()
    case .cancel(let job):
      if current?.job == job { current?.work.cancel() }
      let count = waiting.count
      waiting.removeAll { $0.job == job }
      // Of a job that is neither, the answer is on its way already.
      if waiting.count < count { channel.send(.cancelled(job: job)) }
    case .plan(let id, let request):
      Task { channel.send(await planning.answer(id: id, request)) }
    }
  }

  private func makeNext() {
    guard current == nil, !waiting.isEmpty else { return }
    let order = waiting.removeFirst()
    let work = Task {
      channel.send(await making(job: order.job, order.request, folder: URL(filePath: order.folder)))
      current = nil
      makeNext()
    }
    current = (order.job, work)
  }

  /// Gives up what is being made: whoever wanted it is gone, and may have asked another worker already.
  func finish() async {
    waiting = []
    current?.work.cancel()
    await current?.work.value
  }
}

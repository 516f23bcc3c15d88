public import Torch

/// A pipeline for asynchronous code: an actor on a thread of its own.
///
/// ```swift
/// let uniform = PipelineActor(try ModelDirectory(url))
/// let clips = try await uniform.generate(GenerationRequest(prompt: "heavy rain on a tin roof"))
/// ```
///
/// Requests are carried out one after another. A failed operator is thrown as `TorchError` instead of stopping the
/// process.
public actor PipelineActor {
  private let executor = PipelineExecutor()
  private let make: @Sendable () throws -> UniFormPipeline
  private var pipeline: UniFormPipeline?

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// The arguments of ``UniFormPipeline/init(_:device:dtype:keepsLoaded:usesGraphs:)``, which is made with the first request.
  ///
  /// - Parameter threads: that libtorch uses inside one operator on the CPU; nil takes as many as on the calling thread.
  public init(
    _ directory: ModelDirectory, device: Device = .cpu, dtype: DType? = nil, keepsLoaded: Bool = true,
    usesGraphs: Bool = true, threads: Int? = nil
  ) {
    // Asked for here: work that is under way on other threads changes what a new one begins with.
    let threads = threads ?? ComputeThreads.count
    make = {
      ComputeThreads.count = threads
      return try UniFormPipeline(
        directory, device: device, dtype: dtype, keepsLoaded: keepsLoaded, usesGraphs: usesGraphs)
    }
  }

  /// ``UniFormPipeline/generate(_:count:progress:)``. Cancelling the task stops it at the next report of progress.
  public func generate(
    _ request: GenerationRequest, count: Int = 1,
    progress: @Sendable (GenerationProgress) -> Bool = { _ in true }
  ) throws -> [GeneratedClip] {
    try withPipeline { pipeline in
      try pipeline.generate(request, count: count) { progress($0) && !Task.isCancelled }
    }
  }

  /// The clips of several requests as they are finished, each with the index of its request; see
  /// ``UniFormPipeline/generate(_:progress:finished:)``. Whoever stops reading stops the work.
  public nonisolated func clips(
    of requests: [GenerationRequest],
    progress: @escaping @Sendable (GenerationProgress) -> Bool = { _ in true }
  ) -> AsyncThrowingStream<(index: Int, clip: GeneratedClip), any Error> {
    AsyncThrowingStream { continuation in
      let work = Task {
        do {
          try await withPipeline { pipeline in
            try pipeline.generate(requests, progress: { progress($0) && !Task.isCancelled }) {
              continuation.yield((index: $0, clip: $1))
            }
          }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in work.cancel() }
    }
  }

  /// Runs `body` on the pipeline's thread.
  public func withPipeline<Result: Sendable>(_ body: (UniFormPipeline) throws -> Result) throws -> Result {
    try catchingTorchErrors {
      let pipeline = try self.pipeline ?? make()
      self.pipeline = pipeline
      return try body(pipeline)
    }
  }
}

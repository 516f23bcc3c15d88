internal import CTorch
internal import Foundation

/// Sums the gradients of a model over its replicas, those of this process's threads and those of other processes, while
/// the backward pass still runs.
///
/// Parameters are gathered in buckets, last layers first, since their gradients come first. A bucket whose gradients are
/// all there is summed over the threads and handed to the process group; buckets are handed over in their order, which
/// is the same in every process. The sum is left in the first replica.
///
/// Not every loss reaches every parameter. Which ones it leaves out is learned the first time that a kind of loss comes
/// by, so that from then on no bucket waits for them.
public final class GradientReducer: @unchecked Sendable {
  private struct Bucket {
    let parameters: [Int]
    /// Gradients that are still to come.
    var pending = 0
    var buffer: Tensor?
    var work: ProcessGroup.Work?
  }

  /// `[worker][parameter]`
  private let replicas: [[Tensor]]
  private let group: ProcessGroup?
  private let lock = NSLock()
  private var buckets: [Bucket]
  private let bucketOf: [Int]
  /// By kind of loss: the parameters that it leaves out.
  private var leftOut: [String: Set<Int>] = [:]
  private var current: (kind: String, leftOut: Set<Int>) = ("", [])
  private var isListening: [Bool]
  /// Of each worker: where its failures are kept.
  private var scopes: [ErrorScope?]
  /// The first bucket that was not handed over yet.
  private var next = 0
  private var failure: (any Error)?

  /// - Parameters:
  ///   - replicas: the trained parameters of each thread's replica, in one order.
  ///   - bucketBytes: about as large as one message becomes.
  public init(_ replicas: [[ParameterStore.Entry]], group: ProcessGroup?, bucketBytes: Int = 25 << 20) {
    self.replicas = replicas.map { $0.map(\.tensor) }
    self.group = group
    var contents: [[Int]] = []
    var bytes = 0
    for (index, tensor) in self.replicas[0].enumerated().reversed() {
      let size = tensor.count * tensor.dtype.size
      if contents.isEmpty || bytes + size > bucketBytes {
        contents.append([])
        bytes = 0
      }
      contents[contents.count - 1].append(index)
      bytes += size
    }
    buckets = contents.map { Bucket(parameters: $0) }
    var places = [Int](repeating: 0, count: self.replicas[0].count)
    for (bucket, parameters) in contents.enumerated() { for index in parameters { places[index] = bucket } }
    bucketOf = places
    isListening = replicas.map { _ in false }
    scopes = replicas.map { _ in nil }
    guard isNeeded else { return }
    for (worker, tensors) in self.replicas.enumerated() {
      for (index, tensor) in tensors.enumerated() {
        tensor.onGradient { [weak self] in self?.arrived(index, from: worker) }
      }
    }
  }

  deinit {
    guard isNeeded else { return }
    for tensor in replicas.joined() { tensor.onGradient(nil) }
  }

  private var isNeeded: Bool { replicas.count > 1 || group != nil }

  /// Before the backward passes of an update. `kind` names the loss: one kind reaches the same parameters each time.
  public func begin(kind: String) {
    guard isNeeded else { return }
    lock.withLock {
      current = (kind, leftOut[kind] ?? [])
      next = 0
      for bucket in buckets.indices {
        let expected = buckets[bucket].parameters.filter { !current.leftOut.contains($0) }.count
        buckets[bucket].pending = expected * replicas.count
      }
      for worker in isListening.indices { isListening[worker] = false }
    }
  }

  /// Before the last backward pass of a worker in an update: what it leaves in the parameters is the whole gradient.
  public func listen(to worker: Int) {
    guard isNeeded else { return }
    lock.withLock { (isListening[worker], scopes[worker]) = (true, ErrorScope.current) }
  }

  private func arrived(_ index: Int, from worker: Int) {
    lock.withLock {
      guard isListening[worker], failure == nil else { return }
      guard !current.leftOut.contains(index) else {
        failure = UnexpectedGradient(kind: current.kind)
        return
      }
      buckets[bucketOf[index]].pending -= 1
      ErrorScope.within(scopes[worker]) {
        while next < buckets.count, buckets[next].pending == 0 { handOver() }
      }
    }
  }

  /// After the backward passes: waits for all sums, which are then the gradients of the first replica.
  public func finish() throws {
    guard isNeeded else { return }
    try lock.withLock {
      while next < buckets.count && failure == nil { handOver() }
      defer { failure = nil }
      if let failure { throw failure }
      var missing: Set<Int> = []
      for bucket in buckets.indices {
        try buckets[bucket].work?.wait()
        if let buffer = buckets[bucket].buffer { spread(buffer, over: buckets[bucket].parameters) }
        missing.formUnion(buckets[bucket].parameters.filter { replicas[0][$0].gradient == nil })
        (buckets[bucket].work, buckets[bucket].buffer) = (nil, nil)
      }
      leftOut[current.kind] = missing
    }
  }

  /// Sums the next bucket over the threads and starts its sum over the processes.
  private func handOver() {
    let bucket = next
    next += 1
    withoutGradient {
      for index in buckets[bucket].parameters { sumOverThreads(index) }
      guard let group else { return }
      let parts = buckets[bucket].parameters.map { index in
        (replicas[0][index].gradient ?? replicas[0][index].detached.zerosLike).flattened().to(.float32).to(
          group.device)
      }
      let buffer = Tensor.concatenate(parts, axis: 0)
      buckets[bucket].buffer = buffer
      do {
        buckets[bucket].work = try group.startAllReduce(buffer)
      } catch {
        failure = error
      }
    }
  }

  private func sumOverThreads(_ index: Int) {
    for replica in replicas.dropFirst() {
      guard let gradient = replica[index].gradient else { continue }
      if let sum = replicas[0][index].gradient {
        sum.add_(gradient)
      } else {
        replicas[0][index].setGradient(gradient)
      }
      replica[index].setGradient(nil)
    }
  }

  /// Views of the buffer become the gradients.
  private func spread(_ buffer: Tensor, over parameters: [Int]) {
    var start = 0
    for index in parameters {
      let tensor = replicas[0][index]
      let count = tensor.count
      if tensor.gradient != nil {
        let sum = buffer.narrowed(0, start: start, length: count).reshaped(tensor.shape)
        tensor.setGradient(sum.to(tensor.dtype).to(tensor.device))
      }
      start += count
    }
  }
}

/// A loss of one kind reached a parameter that it had not reached before.
struct UnexpectedGradient: Error, CustomStringConvertible {
  let kind: String
  var description: String { "a loss of the kind \"\(kind)\" reaches other parameters than before" }
}

extension Tensor {
  /// Calls `body` whenever a backward pass has left a gradient in this leaf, on the thread of that pass; nil ends that.
  func onGradient(_ body: (() -> Void)?) {
    final class Context {
      let body: () -> Void
      init(_ body: @escaping () -> Void) { self.body = body }
    }
    guard let body else {
      _ = ct_tensor_set_gradient_hook(pointer, nil, nil) { _ in }
      return
    }
    let context = Unmanaged.passRetained(Context(body)).toOpaque()
    let status = ct_tensor_set_gradient_hook(
      pointer, { Unmanaged<Context>.fromOpaque($0!).takeUnretainedValue().body() }, context,
      { Unmanaged<Context>.fromOpaque($0!).release() })
    if status != CT_OK { ErrorScope.report(TorchError(status: status, operation: "gradient_hook")) }
  }
}

/// AdamW whose state is divided among processes (the first stage of ZeRO): each keeps the moments of its share of the
/// parameters, updates those, and everybody gets the result.
public struct ShardedAdamW {
  public let parameters: [ParameterStore.Entry]
  /// The process that keeps the state of each parameter.
  public let owners: [Int]
  /// Over the parameters of this process.
  public let local: AdamW
  private let group: ProcessGroup?

  /// - Parameter parameters: equal in all processes, and with equal gradients whenever ``step(learningRate:)`` is called.
  public init(
    _ parameters: [ParameterStore.Entry], _ configuration: AdamW.Configuration = AdamW.Configuration(),
    group: ProcessGroup? = nil
  ) {
    self.parameters = parameters
    self.group = group
    owners = Self.owners(sizes: parameters.map(\.tensor.count), processes: group?.size ?? 1)
    let rank = group?.rank ?? 0
    local = AdamW(zip(parameters, owners).filter { $0.1 == rank }.map(\.0), configuration)
  }

  public func step(learningRate: Double) throws {
    local.step(learningRate: learningRate)
    guard let group else { return }
    for rank in 0..<group.size {
      try share(zip(parameters, owners).filter { $0.1 == rank }.map(\.0.tensor), of: rank)
    }
  }

  private func share(_ tensors: [Tensor], of rank: Int) throws {
    guard let group, !tensors.isEmpty else { return }
    try withoutGradient {
      let isMine = rank == group.rank
      let buffer =
        isMine
        ? Tensor.concatenate(tensors.map { $0.detached.flattened().to(group.device) }, axis: 0)
        : Tensor.empty([tensors.reduce(0) { $0 + $1.count }], dtype: tensors[0].dtype, device: group.device)
      try group.broadcast(buffer, root: rank)
      guard !isMine else { return }
      var start = 0
      for tensor in tensors {
        tensor.copy_(buffer.narrowed(0, start: start, length: tensor.count).reshaped(tensor.shape))
        start += tensor.count
      }
    }
  }

  /// The largest parameters first, each to the process that has least: a function of the sizes alone.
  public static func owners(sizes: [Int], processes: Int) -> [Int] {
    var owners = [Int](repeating: 0, count: sizes.count)
    var loads = [Int](repeating: 0, count: processes)
    for index in sizes.indices.sorted(by: { (sizes[$0], $1) > (sizes[$1], $0) }) {
      let owner = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) }!
      owners[index] = owner
      loads[owner] += sizes[index]
    }
    return owners
  }
}

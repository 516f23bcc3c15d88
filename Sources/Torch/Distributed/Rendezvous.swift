/// Where the processes of a job meet, in the variables that torchrun, SLURM scripts and Kubernetes operators set.
public struct Rendezvous: Sendable, Equatable {
  public var host: String
  public var port: Int
  public var rank: Int
  public var size: Int
  /// Among the processes of this machine: picks the device.
  public var localRank: Int

  public init(host: String, port: Int, rank: Int, size: Int, localRank: Int = 0) {
    self.host = host
    self.port = port
    self.rank = rank
    self.size = size
    self.localRank = localRank
  }

  /// Reads `MASTER_ADDR`, `MASTER_PORT`, `RANK`, `WORLD_SIZE` and `LOCAL_RANK`; nil where `WORLD_SIZE` is missing or 1.
  ///
  /// - Throws: ``EnvironmentError`` for a variable that is missing or makes no sense.
  public init?(environment: [String: String]) throws(EnvironmentError) {
    func number(_ name: String, default fallback: Int? = nil, in range: ClosedRange<Int>)
      throws(EnvironmentError)
      -> Int
    {
      guard let text = environment[name], !text.isEmpty else {
        guard let fallback else { throw EnvironmentError("\(name) is missing, though WORLD_SIZE is set") }
        return fallback
      }
      guard let value = Int(text), range.contains(value) else {
        throw EnvironmentError("\(name) is \"\(text)\", not in \(range.lowerBound)…\(range.upperBound)")
      }
      return value
    }
    let size = try number("WORLD_SIZE", default: 1, in: 1...1_000_000)
    guard size > 1 else {
      let rank = try number("RANK", default: 0, in: 0...1_000_000)
      guard rank == 0 else {
        let stated = environment["WORLD_SIZE"].flatMap { $0.isEmpty ? nil : $0 } ?? "missing"
        throw EnvironmentError("RANK is \(rank), but WORLD_SIZE is \(stated)")
      }
      return nil
    }
    guard let host = environment["MASTER_ADDR"], !host.isEmpty else {
      throw EnvironmentError("MASTER_ADDR is missing, though WORLD_SIZE is \(size)")
    }
    self.init(
      host: host, port: try number("MASTER_PORT", default: 29_500, in: 1...65_535),
      rank: try number("RANK", in: 0...(size - 1)), size: size,
      localRank: try number("LOCAL_RANK", default: 0, in: 0...(size - 1)))
  }
}

/// A variable of the environment that cannot be used, in one line.
public struct EnvironmentError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}

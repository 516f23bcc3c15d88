public import Torch

/// Numbers of one clip: a vector per row.
public struct FeatureMatrix: Sendable, Equatable {
  public let rows: Int
  public let columns: Int
  /// Row after row.
  public let values: [Double]

  public init(rows: Int, columns: Int, values: [Double]) {
    precondition(values.count == rows * columns, "\(values.count) values for \(rows) × \(columns)")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// One row.
  public init(_ values: [Double]) { self.init(rows: 1, columns: values.count, values: values) }
  public init(_ values: [Float]) { self.init(values.map(Double.init)) }

  /// From `[D]` or `[N, D]`.
  public init(_ tensor: Tensor) {
    let rows = tensor.rank > 1 ? tensor.size(0) : 1
    self.init(rows: rows, columns: tensor.count / max(rows, 1), values: tensor.values(as: Double.self))
  }

  public var tensor: Tensor { Tensor(values, shape: [rows, columns]) }
}

/// What one extractor found in one clip, by name.
public typealias ClipFeatures = [String: FeatureMatrix]

extension [FeatureMatrix] {
  /// All rows of all clips, `[N, D]` in float64.
  var rows: Tensor {
    let columns = first?.columns ?? 1
    return Tensor(flatMap(\.values), shape: [reduce(0) { $0 + $1.rows }, columns])
  }
}

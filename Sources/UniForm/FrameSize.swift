/// Pixels of a picture, written as `96x64`: width, then height.
public struct FrameSize: Sendable, Hashable, Codable, LosslessStringConvertible {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// `96x64`, or one number for a square; nil for anything else, signs and spaces included.
  public init?(_ description: String) {
    let parts = description.split(separator: /[xX×]/, omittingEmptySubsequences: false)
    let numbers = parts.compactMap { $0.allSatisfy(\.isASCIIDigit) ? Int($0) : nil }
    guard numbers.count == parts.count, (1...2).contains(numbers.count) else { return nil }
    self.init(width: numbers[0], height: numbers[numbers.count - 1])
  }

  public var description: String { "\(width)x\(height)" }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}

/// Width to height of a picture, written as `16:9`.
public struct AspectRatio: Sendable, Hashable, LosslessStringConvertible {
  public let width: Int
  public let height: Int

  /// - Parameter width: 1…1,000,000, as `height`.
  public init?(width: Int, height: Int) {
    guard [width, height].allSatisfy((1...1_000_000).contains) else { return nil }
    self.width = width
    self.height = height
  }

  /// Two whole numbers and a colon; nil for anything else.
  public init?(_ description: String) {
    let parts = description.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { $0.allSatisfy(\.isASCIIDigit) ? Int($0) : nil }
    guard parts.count == 2, numbers.count == 2 else { return nil }
    self.init(width: numbers[0], height: numbers[1])
  }

  public var value: Double { Double(width) / Double(height) }
  public var description: String { "\(width):\(height)" }
}

extension ClipGeometry {
  public var size: FrameSize {
    get { FrameSize(width: width, height: height) }
    set { (width, height) = (newValue.width, newValue.height) }
  }
}

public import UniForm
internal import Torch

extension ParityComponent {
  /// The metrics; with those of the system, all that fixtures know.
  public static let metrics: [ParityComponent] = [.frechet, .kid, .farneback, .onsets]

  static let frechet = ParityComponent("frechet") { run in
    let c = try run.configuration(FrechetConfiguration.self)
    let (a, b) = (
      try run.input("a", "N", "D", holding: .numbers), try run.input("b", "M", "D", holding: .numbers)
    )
    let distance = try FrechetDistance.between(
      FeatureStatistics(a, correction: c.correction), FeatureStatistics(b, correction: c.correction))
    try run.compare(Tensor([distance]), "distance")
  }

  static let kid = ParityComponent("kid") { run in
    let c = try run.configuration(KernelConfiguration.self)
    let (a, b) = (
      try run.input("a", "N", "D", holding: .numbers), try run.input("b", "M", "D", holding: .numbers)
    )
    let kernel = KernelDistance(degree: c.degree, gamma: c.gamma, constant: c.constant)
    try run.compare(Tensor([kernel.between(a, b)]), "mmd2")
  }
}

private struct FrechetConfiguration: JSONConfiguration {
  var correction = 1

  enum CodingKeys: String, CodingKey {
    case correction = "ddof"
  }

  func validate() throws(ConfigurationError) {
    guard (0...1).contains(correction) else { throw ConfigurationError("ddof is \(correction), not 0 or 1") }
  }
}

/// The arguments of scikit-learn's polynomial kernel.
private struct KernelConfiguration: JSONConfiguration {
  var degree = 3
  var gamma: Double?
  var constant = 1.0
  var isUnbiased = true

  static let optionalKeys: Set<String> = ["gamma"]

  enum CodingKeys: String, CodingKey {
    case degree, gamma
    case constant = "coef0"
    case isUnbiased = "unbiased"
  }

  func validate() throws(ConfigurationError) {
    guard (1...16).contains(degree) else { throw ConfigurationError("degree is \(degree), not in 1…16") }
    guard isUnbiased else { throw ConfigurationError("only the unbiased estimate is supported") }
  }
}

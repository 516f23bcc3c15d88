import Testing
import Torch

@testable import UniFormEvaluation

@Suite struct I3DTests {
  static func weights() throws -> Weights { try FormulaWeights.weights { try I3D($0) } }

  /// `[1, 3, 16, 224, 224]` in −1…1.
  static var clip: Tensor {
    (FormulaNumbers.frames.permuted(3, 0, 1, 2).to(.float32) / 255 * 2 - 1).unsqueezed(0).contiguous
  }

  @Test(arguments: I3D.Epsilon.allCases)
  func `logits meet the golden numbers`(epsilon: I3D.Epsilon) throws {
    let network = try I3D(Self.weights(), epsilon: epsilon)
    let logits = network.logits(Self.clip)
    #expect(logits.shape == [1, 400])
    switch epsilon {
    case .hub:
      expectGolden(
        logits, first: [5.73657, 2.85553, -3.8363, 16.142, 0.467542, -2.90978], sum: -20.4221, norm: 143.031,
        tolerance: 1e-4)
    case .videoGPT:
      expectGolden(
        logits, first: [5.78596, 2.88466, -3.87512, 16.3073, 0.471316, -2.93235], sum: -20.6009,
        norm: 144.479, tolerance: 1e-4)
    }
  }

  @Test func `the pooled channels meet the golden numbers`() throws {
    let network = try I3D(Self.weights())
    let pooled = withoutGradient { network.pooled(Self.clip) }
    expectGolden(
      pooled, first: [0, 1.0309, 6.29905, 0.0509381, 0, 4.27326], sum: 3297.51, norm: 166.642, tolerance: 1e-4
    )
  }

  @Test func `cropping pre-processing meets the golden numbers`() throws {
    let part = FormulaNumbers.frames.narrowed(1, start: 0, length: 64).narrowed(2, start: 0, length: 80)
    let clip = try I3D.Preprocessing.cropped(part)
    #expect(clip.shape == [1, 3, 16, 224, 224])
    expectGolden(
      clip, first: [0.681793, 0.704202, 0.723249, 0.741176, 0.759104, 0.777031, 0.794958, 0.812885],
      sum: -0.371635, norm: 1093.62, tolerance: 1e-5)
  }

  @Test
  func `the three kinds of pre-processing agree on square pictures of the right size, and differ otherwise`()
    throws
  {
    let frames = FormulaNumbers.frames.narrowed(0, start: 0, length: 1)
    let same = try I3D.Preprocessing.allCases.map { try $0(frames) }
    for clip in same { #expect((clip - same[0]).abs.maximum.item < 1e-6) }
    // From 4 to 224 pixels: TensorFlow 1 starts at the corner, the others half a pixel further out.
    let small = frames.narrowed(1, start: 0, length: 4).narrowed(2, start: 0, length: 4)
    let (a, b, c) = (
      try I3D.Preprocessing.stretched(small), try I3D.Preprocessing.cropped(small),
      try I3D.Preprocessing.tensorFlow(small)
    )
    #expect((a - b).abs.maximum.item < 1e-6)
    #expect((a - c).abs.maximum.item > 0.05)
    let red = small.selected(3, 0).flattened().values(as: Double.self).map { $0 / 255 * 2 - 1 }
    let row = c.flattened().sliced(0, from: 0, to: 224).values(as: Double.self)
    #expect(abs(row[0] - red[0]) < 1e-6 && abs(row[56] - red[1]) < 1e-6 && abs(row[223] - red[3]) < 1e-6)
    #expect(abs(row[28] - (red[0] + red[1]) / 2) < 1e-6)
  }

  @Test func `frames are picked as the protocols say`() throws {
    #expect(try I3D.Frames.first(16).indices(of: 68) == Array(0..<16))
    #expect(try I3D.Frames.whole.indices(of: 68).count == 68)
    let spread = try I3D.Frames.evenly(24).indices(of: 68)
    #expect(spread.count == 24 && spread.first == 0 && spread.last == 67)
    #expect(throws: NetworkInputError.tooFewFrames(network: "I3D", found: 15, needed: 16)) {
      try I3D.Frames.first(16).indices(of: 15)
    }
    #expect(throws: NetworkInputError.tooFewFrames(network: "I3D", found: 8, needed: 9)) {
      try I3D.Frames.whole.indices(of: 8)
    }
    #expect(throws: NetworkInputError.notFrames(shape: [16, 3, 8, 8])) {
      try I3D.Preprocessing.cropped(.zeros([16, 3, 8, 8], dtype: .uint8))
    }
  }

  @Test func `files under all three spellings make the same network`() throws {
    let clip = Self.clip.narrowed(2, start: 0, length: 9)
    let plain = try Self.weights()
    let expected = try I3D(plain).logits(clip)
    for other in [PublishedI3D.hassony(plain), PublishedI3D.tensorFlow(plain)] {
      let found = try I3D(other).logits(clip)
      // The graph of the hub has no gains: they are one.
      let reference =
        other.items.keys.contains { $0.contains("batch3d.weight") }
        ? expected : try I3D(plain.ungained).logits(clip)
      #expect((found - reference).abs.maximum.item < 1e-4)
    }
  }

  @Test func `a file of another network is refused`() throws {
    var weights = try Self.weights()
    weights.items["extra"] = weights.items["logits.conv3d.bias"]
    #expect(throws: WeightError.unexpected(tensors: ["extra"], file: "formula")) { try I3D(weights) }
    weights.items["extra"] = nil
    weights.items["logits.conv3d.bias"] = nil
    #expect(throws: WeightError.missing(tensor: "logits.conv3d.bias", file: "formula")) { try I3D(weights) }
  }
}

extension Weights {
  fileprivate var ungained: Weights { renamed { $0.hasSuffix("bn.weight") ? nil : $0 } }
}

/// The other two spellings of I3D's names, made from VideoGPT's.
enum PublishedI3D {
  private static func steps(_ name: String) -> [String] { name.split(separator: ".").map(String.init) }

  static func hassony(_ weights: Weights) -> Weights {
    weights.renamed { name in
      var steps = steps(name)
      steps[0] =
        steps[0] == "logits" ? "conv3d_0c_1x1" : steps[0].prefix(1).lowercased() + steps[0].dropFirst()
      let branches = [
        "b0": "branch_0", "b1a": "branch_1.0", "b1b": "branch_1.1", "b2a": "branch_2.0", "b2b": "branch_2.1",
        "b3b": "branch_3.1",
      ]
      return steps.map { $0 == "bn" ? "batch3d" : branches[$0] ?? $0 }.joined(separator: ".")
    }
  }

  static func tensorFlow(_ weights: Weights) -> Weights {
    var items: [String: Weights.Item] = [:]
    for (name, item) in weights.items where !name.hasSuffix("bn.weight") {
      let steps = steps(name)
      var path = ["RGB/inception_i3d", steps[0]]
      if steps[0] == "logits" { path = ["RGB/inception_i3d", "Logits", "Conv3d_0c_1x1"] }
      if steps.count == 4 {
        let third = steps[0] == "Mixed_5b" && steps[1] == "b2b" ? "Conv3d_0a_3x3" : "Conv3d_0b_3x3"
        let units = [
          "b0": "Branch_0/Conv3d_0a_1x1", "b1a": "Branch_1/Conv3d_0a_1x1", "b1b": "Branch_1/Conv3d_0b_3x3",
          "b2a": "Branch_2/Conv3d_0a_1x1", "b2b": "Branch_2/\(third)", "b3b": "Branch_3/Conv3d_0b_1x1",
        ]
        path.append(units[steps[1]]!)
      }
      let leaves = [
        "conv3d.weight": "conv_3d/w", "conv3d.bias": "conv_3d/b", "bn.bias": "batch_norm/beta",
        "bn.running_mean": "batch_norm/moving_mean", "bn.running_var": "batch_norm/moving_variance",
      ]
      path.append(leaves[steps.suffix(2).joined(separator: ".")]!)
      let s = item.shape
      let shape =
        s.count == 5 ? [s[2], s[3], s[4], s[1], s[0]] : path.last == "conv_3d/b" ? s : [1, 1, 1, 1, s[0]]
      items[path.joined(separator: "/")] = .init(shape: shape) { () throws(WeightError) in
        let tensor = try item.load()
        return s.count == 5 ? tensor.permuted(2, 3, 4, 1, 0).contiguous : tensor.reshaped(shape)
      }
    }
    return Weights(items: items, source: "graph")
  }
}

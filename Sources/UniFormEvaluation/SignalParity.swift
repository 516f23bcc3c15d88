internal import Torch
internal import UniForm
internal import Media

extension ParityComponent {
  static let farneback = ParityComponent("farneback") { run in
    let c = try run.configuration(FarnebackConfiguration.self)
    let frames = try run.input("frames", "F", "H", "W", holding: .integers(0...255))
    guard frames.dtype == .uint8, frames.size(0) > 1 else {
      throw run.unusable("inputs.frames must hold two pictures of bytes at least")
    }
    let gray = GrayFrames(
      width: frames.size(2), height: frames.size(1), frameRate: 1,
      pixels: frames.values(as: Int.self).map(UInt8.init))
    let flow = c.flow
    let fields = (1..<gray.count).map { index in
      let (dx, dy) = flow.flow(in: gray, from: index - 1, to: index)
      return Tensor.stack([Tensor(dx), Tensor(dy)], axis: 1).reshaped(gray.height, gray.width, 2)
    }
    try run.compare(.stack(fields), "flow")
    try run.compare(Tensor(flow.meanMagnitudes(gray, threads: 2)), "magnitudes")
  }

  static let onsets = ParityComponent("onsets") { run in
    let detection = OnsetDetection()
    _ = try run.configuration(OnsetConfiguration.self)
    let samples = try run.input("waveform", "N").values(as: Double.self).map(Float.init)
    let strength = detection.strength(
      Waveform(sampleRate: detection.strength.sampleRate, samples: samples))
    try run.compare(Tensor(strength), "strength")
    try run.compare(Tensor(detection.frames(strength)), "frames")
  }
}

/// The arguments of OpenCV's function.
private struct FarnebackConfiguration: JSONConfiguration {
  var flow = FarnebackFlow()

  init() {}

  enum CodingKeys: String, CodingKey {
    case pyr_scale, levels, winsize, iterations, poly_n, poly_sigma
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    flow.pyramidScale = try values.decode(Double.self, forKey: .pyr_scale)
    flow.levels = try values.decode(Int.self, forKey: .levels)
    flow.window = try values.decode(Int.self, forKey: .winsize)
    flow.iterations = try values.decode(Int.self, forKey: .iterations)
    flow.neighbourhood = try values.decode(Int.self, forKey: .poly_n)
    flow.sigma = try values.decode(Double.self, forKey: .poly_sigma)
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(flow.pyramidScale, forKey: .pyr_scale)
    try values.encode(flow.levels, forKey: .levels)
    try values.encode(flow.window, forKey: .winsize)
    try values.encode(flow.iterations, forKey: .iterations)
    try values.encode(flow.neighbourhood, forKey: .poly_n)
    try values.encode(flow.sigma, forKey: .poly_sigma)
  }

  func validate() throws(ConfigurationError) {
    guard (0.1...0.9).contains(flow.pyramidScale), (0...16).contains(flow.levels),
      (1...99).contains(flow.window), flow.window % 2 == 1, (1...99).contains(flow.iterations),
      (1...32).contains(flow.neighbourhood), flow.sigma > 0, flow.sigma <= 32
    else {
      throw ConfigurationError(
        "pyr_scale must be in 0.1…0.9, levels in 0…16, winsize odd in 1…99, iterations in 1…99, poly_n in 1…32, "
          + "poly_sigma above 0 and at most 32")
    }
  }
}

/// The one setting of librosa that is supported.
private struct OnsetConfiguration: JSONConfiguration {
  var sampleRate = 22_050
  var transformLength = 2048
  var hop = 512
  var bandCount = 128

  enum CodingKeys: String, CodingKey {
    case sampleRate = "sr"
    case transformLength = "n_fft"
    case hop = "hop_length"
    case bandCount = "n_mels"
  }

  func validate() throws(ConfigurationError) {
    guard self == OnsetConfiguration() else {
      throw ConfigurationError("only sr 22050, n_fft 2048, hop_length 512 and n_mels 128 are supported")
    }
  }
}

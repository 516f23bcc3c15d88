/// One picture of 8-bit RGB that can be drawn on.
struct RGBPicture {
  let width: Int
  let height: Int
  /// `height · width · 3` bytes, row after row.
  var pixels: [UInt8]

  init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(pixels.count == width * height * 3)
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  init(width: Int, height: Int, fill: (UInt8, UInt8, UInt8)) {
    self.init(width: width, height: height, pixels: [UInt8](repeating: 0, count: width * height * 3))
    self.fill(x: 0, y: 0, width: width, height: height, fill)
  }

  mutating func set(x: Int, y: Int, _ color: (UInt8, UInt8, UInt8)) {
    let offset = (y * width + x) * 3
    (pixels[offset], pixels[offset + 1], pixels[offset + 2]) = color
  }

  mutating func fill(x: Int, y: Int, width: Int, height: Int, _ color: (UInt8, UInt8, UInt8)) {
    for row in y..<(y + height) {
      for column in x..<(x + width) { set(x: column, y: row, color) }
    }
  }

  mutating func paste(_ picture: RGBPicture, x: Int, y: Int) {
    for row in 0..<picture.height {
      let source = row * picture.width * 3
      let target = ((y + row) * width + x) * 3
      pixels.replaceSubrange(
        target..<(target + picture.width * 3), with: picture.pixels[source..<(source + picture.width * 3)])
    }
  }

  func resized(width: Int, height: Int) -> RGBPicture {
    let down = Resampling(from: self.height, to: height)
    let across = Resampling(from: self.width, to: width)
    let tall = down.apply(pixels.map(Float.init), stride: self.width * 3)
    let rowLength = self.width * 3
    let result = (0..<height).flatMap { row in
      across.apply(Array(tall[(row * rowLength)..<((row + 1) * rowLength)]), stride: 3)
    }
    return RGBPicture(
      width: width, height: height, pixels: result.map { UInt8(min(255, max(0, $0.rounded()))) })
  }
}

/// One axis brought to another length: linear between neighbours when it grows, an average of all that falls
/// together when it shrinks.
struct Resampling {
  /// For each output the first input and the weights from there on, which sum to 1.
  private let taps: [(first: Int, weights: [Float])]

  init(from inputCount: Int, to outputCount: Int) {
    let scale = Double(inputCount) / Double(outputCount)
    let reach = max(1, scale)
    taps = (0..<outputCount).map { output in
      let center = (Double(output) + 0.5) * scale - 0.5
      let low = max(0, Int((center - reach).rounded(.up)))
      let high = min(inputCount - 1, Int((center + reach).rounded(.down)))
      let weights = (min(low, high)...max(low, high)).map { max(0, 1 - abs(Double($0) - center) / reach) }
      let sum = weights.reduce(0, +)
      return sum > 0
        ? (min(low, high), weights.map { Float($0 / sum) })
        : (min(inputCount - 1, max(0, Int(center.rounded()))), [1])
    }
  }

  /// - Parameters:
  ///   - values: `[input, stride]`.
  /// - Returns: `[output, stride]`.
  func apply(_ values: [Float], stride: Int) -> [Float] {
    var result = [Float](repeating: 0, count: taps.count * stride)
    for (output, tap) in taps.enumerated() {
      for (offset, weight) in tap.weights.enumerated() {
        let source = (tap.first + offset) * stride
        for index in 0..<stride { result[output * stride + index] += weight * values[source + index] }
      }
    }
    return result
  }
}

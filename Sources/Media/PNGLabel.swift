extension PNGWriter {
  /// One line of words on a picture.
  struct Label: Sendable {
    enum Anchor: Sendable { case left, center, right }

    let text: String
    /// Pixels: where the anchor of the line stands, and its top.
    let x: Int
    let y: Int
    /// Height of the letters in pixels.
    let size: Int
    /// `0xRRGGBB`.
    let color: String
    let anchor: Anchor

    init(_ text: String, x: Int, y: Int, size: Int, color: String, anchor: Anchor) {
      self.text = text
      self.x = x
      self.y = y
      self.size = size
      self.color = color
      self.anchor = anchor
    }
  }
}

extension PNGWriter.Label {
  /// As a filter of ffmpeg.
  var filter: String {
    let left =
      switch anchor {
      case .left: "\(x)"
      case .center: "\(x)-text_w/2"
      case .right: "\(x)-text_w"
      }
    // A space keeps the line there when a caption is empty.
    let words = text.isEmpty ? " " : text
    return "drawtext=font=sans:fontsize=\(size):fontcolor=\(color):x=\(left):y=\(y):expansion=none"
      + ":text=\(words.escaped("\\':").escaped("\\'[],;"))"
  }
}

extension String {
  /// With a backslash before each of `characters`.
  fileprivate func escaped(_ characters: String) -> String {
    String(flatMap { characters.contains($0) ? ["\\", $0] : [$0] })
  }
}

import ArgumentParser
import Media
import UniForm

/// How large pictures are, as the user says it.
enum PictureSize: Equatable, Sendable {
  /// As the model was trained.
  case trained
  case exactly(FrameSize)
  case aspect(AspectRatio)
  /// The aspect of the video that is given.
  case input

  /// - Throws: where a text is no size, or no aspect, or both are given.
  init(size: String?, aspect: String?) throws {
    switch (size, aspect) {
    case (nil, nil): self = .trained
    case (let size?, nil):
      guard let pixels = FrameSize(size) else {
        throw SizeFailure("size '\(size)' is no WIDTHxHEIGHT, such as 96x64, nor one number for a square")
      }
      self = .exactly(pixels)
    case (nil, "input"): self = .input
    case (nil, let aspect?):
      guard let ratio = AspectRatio(aspect) else {
        throw SizeFailure("aspect '\(aspect)' is no WIDTH:HEIGHT, such as 16:9, nor 'input'")
      }
      self = .aspect(ratio)
    case (_?, _?): throw SizeFailure("size and aspect contradict each other; give one of them")
    }
  }

  /// Pixels for `model`; nil for its own.
  ///
  /// - Parameter video: what is given, if anything.
  /// - Throws: `GenerationError` for a size or aspect that the model does not make.
  func pixels(of model: ModelDirectory, for video: MediaInformation.VideoStream?) throws -> FrameSize? {
    switch self {
    case .trained: return nil
    case .exactly(let size): return size
    case .aspect(let aspect): return try model.size(for: aspect)
    case .input:
      guard let shown = video?.displaySize else { return nil }
      return try AspectRatio(width: shown.width, height: shown.height).map(model.size(for:))
    }
  }
}

/// What is wrong with a size, in one line.
struct SizeFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

struct SizeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Pixels of the pictures, such as 96x64, or 96 for a square. Without it, what the model was trained on.",
      valueName: "size"))
  var size: String?
  @Option(
    help: ArgumentHelp(
      """
      Choose the size by its aspect, such as 16:9, 4:3, 1:1 or 9:16, with about as many pixels as the model was \
      trained on; 'input' takes the aspect of the given video.
      """,
      valueName: "aspect"))
  var aspect: String?

  var picture: PictureSize {
    get throws { try PictureSize(size: size, aspect: aspect) }
  }

  func validate() throws {
    do {
      _ = try picture
    } catch let failure as SizeFailure {
      throw ValidationError("--\(failure)")
    }
  }
}

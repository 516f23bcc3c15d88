public import Foundation

/// What is wrong with a data set, or with a cache made of one, in one line.
public enum DataError: Error, Sendable, Equatable, CustomStringConvertible {
  // The source
  case noSource(URL)
  case unreadableFolder(String)
  /// Nothing in it is a clip of this layout.
  case noClips(URL, layout: String, hint: String)
  case missingList(URL, layout: String, file: String)
  case malformedList(file: String, line: Int?, reason: String)
  case unknownSplit(String, known: [String])
  case nothingChosen(by: String)
  case nothingLeftOut(by: String)
  /// None of so many clips has a caption.
  case noCaptions(count: Int)
  case noCaptionOf(file: String)
  // The cache
  case noCache(URL, isBegun: Bool)
  case damagedCache(URL, reason: String)
  case emptyCache(URL)
  case otherGeometry(URL, key: String, found: Int, needed: Int, model: String)
  case otherEncoder(URL, part: String, model: String)
  case noTextStates(URL)
  /// A cache that was begun with something else than what is asked for now.
  case otherRecipe(URL, what: String)
  case nothingUsable(URL, skipped: Int)
  /// Another process makes the same part.
  case busy(URL)
  case notWritable(URL, reason: String)
  case diskFull(URL)

  public var description: String {
    switch self {
    case .noSource(let url): "'\(url.relativePath)' is no folder; give the folder of the data set"
    case .unreadableFolder(let path):
      "the folder '\(path)' cannot be read; allow it, or move it out of the data set"
    case .noClips(let url, let layout, let hint):
      "'\(url.relativePath)' has no clips in the layout '\(layout)' (\(hint)); check the folder and --layout"
    case .missingList(let url, let layout, let file):
      "'\(url.relativePath)' has no \(file), which the layout '\(layout)' needs; put it there or give it as --list"
    case .malformedList(let file, let line, let reason):
      "'\(file)'\(line.map { ", line \($0)" } ?? ""): \(reason)"
    case .unknownSplit(let split, let known):
      "there is no split '\(split)'; known are \(known.isEmpty ? "none" : known.joined(separator: ", "))"
    case .nothingChosen(let choice): "\(choice) leaves no clip; check it against the ids of the data set"
    case .nothingLeftOut(let choice):
      "\(choice) names no clip of the data set; check its ids, or leave the option away"
    case .noCaptions(let count):
      "none of the \(count) clips has a caption; give --captions, or --no-captions to train without text"
    case .noCaptionOf(let file): "'\(file)' has no caption for any of the clips; check its ids"
    case .noCache(let url, isBegun: false):
      "'\(url.relativePath)' is no cache of encoded clips; make one with 'uniform prepare'"
    case .noCache(let url, isBegun: true):
      "the cache '\(url.relativePath)' is not complete; run the same 'uniform prepare' again to finish it"
    case .damagedCache(let url, let reason):
      "the cache '\(url.relativePath)' is damaged (\(reason)); remove it and make it anew with 'uniform prepare'"
    case .emptyCache(let url): "the cache '\(url.relativePath)' holds no clips"
    case .otherGeometry(let url, let key, let found, let needed, let model):
      "the cache '\(url.relativePath)' was made with \"\(key)\" \(found), but '\(model)' has \(needed); make it "
        + "anew with 'uniform prepare'"
    case .otherEncoder(let url, let part, let model):
      "the cache '\(url.relativePath)' was made by another \(part) than that of '\(model)'; make it anew with "
        + "'uniform prepare'"
    case .noTextStates(let url):
      "the cache '\(url.relativePath)' has no states of a text encoder; make it anew without --tokens-only"
    case .otherRecipe(let url, let what):
      "'\(url.relativePath)' was begun with \(what); give the same again, or another --output"
    case .nothingUsable(let url, let skipped):
      "none of \(skipped) clips could be used; '\(url.relativePath)' says why for each"
    case .busy(let url):
      "another process makes '\(url.relativePath)'; wait for it, or share the work by RANK and WORLD_SIZE"
    case .notWritable(let url, let reason):
      "cannot write '\(url.relativePath)' (\(reason)); choose another output"
    case .diskFull(let url):
      "the disk is full while writing '\(url.relativePath)'; free some space and run the same command again"
    }
  }
}

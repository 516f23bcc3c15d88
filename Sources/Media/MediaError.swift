public import Foundation

/// Everything that can go wrong between a media file and the pipeline.
///
/// `description` is one line that says what happened, to which file, and what to do about it.
public enum MediaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// `ffmpeg` or `ffprobe` is not on the search path.
  case toolMissing(String)
  /// A request that cannot be met whatever the file holds: a negative start, zero seconds, …
  case invalidRequest(String)
  case fileMissing(URL)
  /// The path names a directory, a device or a pipe.
  case notAFile(URL)
  case emptyFile(URL)
  /// No decoder accepts the bytes: not a clip at all, or one cut off before its index.
  case unreadable(URL, String)
  /// The file opens, but what it announces cannot be decoded to the end.
  case damaged(URL, String)
  case noVideo(URL)
  case noAudio(URL)
  /// The sound track is there, but holds digital silence. Thrown by callers that need to hear something.
  case silent(URL)
  case startBeyondEnd(URL, start: Double, seconds: Double)
  /// Less is left after the start than the caller can do without.
  case tooShort(URL, seconds: Double, needed: Double)
  case unknownEnding(URL)
  /// The ending asks for pictures or sound that the clip does not have.
  case nothingToWrite(URL, String)
  case folderMissing(URL)
  case outputIsFolder(URL)
  case notWritable(URL, String)
  case diskFull(URL)
  case writeFailed(URL, String)
  /// The task was cancelled; no child process and no file is left.
  case cancelled

  public var description: String {
    switch self {
    case .toolMissing(let tool):
      "\(tool) was not found; install it with `apt-get install ffmpeg`"
    case .invalidRequest(let what): what
    case .fileMissing(let url):
      "\(url.quoted) does not exist; check the path"
    case .notAFile(let url):
      "\(url.quoted) is not a regular file; give the path of a video or sound file"
    case .emptyFile(let url):
      "\(url.quoted) is empty; copy or download it again"
    case .unreadable(let url, let reason):
      "\(url.quoted) is not a readable clip (\(reason)); copy or download it again"
    case .damaged(let url, let reason):
      "\(url.quoted) is damaged (\(reason)); copy or download it again, or choose an undamaged part"
    case .noVideo(let url):
      "\(url.quoted) has no pictures; give a file with a video track"
    case .noAudio(let url):
      "\(url.quoted) has no sound; give a file with an audio track"
    case .silent(let url):
      "\(url.quoted) has an audio track, but it is silent; give a file with sound"
    case .startBeyondEnd(let url, let start, let seconds):
      "start \(start.brief) s lies beyond the end of \(url.quoted) (\(seconds.brief) s); choose an earlier start"
    case .tooShort(let url, let seconds, let needed):
      "\(url.quoted) has \(seconds.brief) s from there, \(needed.brief) s are needed; give a longer one"
    case .unknownEnding(let url):
      "\(url.quoted) has no ending this program writes; use .mp4, .webm, .gif or .wav"
    case .nothingToWrite(let url, let reason):
      "\(url.quoted) cannot be written (\(reason)); choose another ending"
    case .folderMissing(let url):
      "the folder \(url.quoted) does not exist; create it or choose another output"
    case .outputIsFolder(let url):
      "\(url.quoted) is a folder; give the name of a file to write"
    case .notWritable(let url, let reason):
      "cannot write into the folder \(url.quoted) (\(reason)); choose another output"
    case .diskFull(let url):
      "the disk is full while writing \(url.quoted); free some space or choose another output"
    case .writeFailed(let url, let reason):
      "\(url.quoted) could not be written (\(reason))"
    case .cancelled: "cancelled"
    }
  }
}

extension URL {
  /// The path as one line, whatever characters the name holds.
  var quoted: String { "'" + path(percentEncoded: false).oneLine + "'" }
}

extension String {
  /// Without control characters, so that a message stays one line and cannot steer a terminal.
  var oneLine: String {
    String(
      String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }
}

extension Double {
  /// At most three decimals, for messages.
  var brief: String {
    let text = String(format: "%.3f", self)
    return text.replacing(#/\.?0+$/#, with: "")
  }
}

public import Foundation

/// Looks into a media file without decoding it.
public enum MediaProbe {
  /// - Throws: `.fileMissing`, `.notAFile`, `.emptyFile`, `.unreadable`, `.toolMissing`, `.cancelled`.
  public static func probe(_ url: URL) async throws(MediaError) -> MediaInformation {
    try checkRegularFile(url)
    let outcome = try await FFmpeg.run(
      .ffprobe, inputOptions + ["-show_format", "-show_streams", "-of", "json", FFmpeg.argument(url)])
    guard outcome.succeeded else { throw .unreadable(url, outcome.reason.withoutPath(of: url)) }
    let report: Report
    do {
      report = try JSONDecoder().decode(Report.self, from: Data(outcome.standardOutput))
    } catch {
      throw .unreadable(url, "ffprobe's report could not be read")
    }
    // ffmpeg plays plain text as ANSI art.
    guard report.format.format_name != "tty" else { throw .unreadable(url, "it is a text file") }
    let measured = if report.mustBeMeasured { try await ends(in: url) } else { [Int: Double]() }
    let information = MediaInformation(report, measured: measured)
    guard information.video != nil || information.audio != nil else {
      throw .unreadable(url, "it holds neither pictures nor sound")
    }
    return information
  }

  /// Where each stream ends, by its packets; empty where ffprobe gives up, or has more to say than on ten hours.
  private static func ends(in url: URL) async throws(MediaError) -> [Int: Double] {
    let outcome = try await FFmpeg.run(
      .ffprobe,
      inputOptions + [
        "-show_entries", "packet=stream_index,pts_time,duration_time", "-of", "csv=p=0", FFmpeg.argument(url),
      ], outputLimit: 1 << 26)
    guard outcome.succeeded else { return [:] }
    var ends: [Int: Double] = [:]
    for line in outcome.standardOutput.split(separator: UInt8(ascii: "\n")) {
      let fields = String(decoding: line, as: UTF8.self).split(separator: ",")
      guard fields.count >= 3, let stream = Int(fields[0]) else { continue }
      // Bare H.264 has no times: each packet begins where the one before ends.
      let end = ends[stream] ?? 0
      ends[stream] = max(end, (Double(fields[1]) ?? end) + (Double(fields[2]) ?? 0))
    }
    return ends.filter { $0.value > 0 }
  }

  /// A playlist must not make ffmpeg open anything but files.
  static var inputOptions: [String] {
    ["-protocol_whitelist", "file"] + (MediaLimits.current?.inputOptions ?? [])
  }

  private static func checkRegularFile(_ url: URL) throws(MediaError) {
    guard url.isFileURL else {
      throw .invalidRequest("'\(url.absoluteString.oneLine)' is not a file; download it first")
    }
    let target = url.resolvingSymlinksInPath()
    guard
      let attributes = try? FileManager.default.attributesOfItem(atPath: target.path(percentEncoded: false))
    else {
      throw .fileMissing(url)
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else { throw .notAFile(url) }
    guard (attributes[.size] as? NSNumber)?.int64Value != 0 else { throw .emptyFile(url) }
  }
}

extension String {
  /// A tool's message without the file name that our own message already gives.
  func withoutPath(of url: URL) -> String {
    replacing(url.path(percentEncoded: false).oneLine + ": ", with: "")
  }
}

// MARK: - ffprobe's report

/// The part of ffprobe's JSON that matters here, under its own names.
private struct Report: Decodable {
  let format: Format
  let streams: [Stream]

  struct Format: Decodable {
    let format_name: String
    let start_time: String?
    let duration: String?
    let tags: [String: String]?
  }

  struct Stream: Decodable {
    let index: Int
    let codec_type: String?
    let codec_name: String?
    let profile: String?
    let pix_fmt: String?
    let color_space: String?
    let field_order: String?
    let width: Int?
    let height: Int?
    let sample_aspect_ratio: String?
    let r_frame_rate: String?
    let avg_frame_rate: String?
    let start_time: String?
    let duration: String?
    let sample_rate: String?
    let channels: Int?
    let tags: [String: String]?
    let disposition: [String: Int]?
    let side_data_list: [SideData]?

    struct SideData: Decodable { let rotation: Double? }

    var start: Double { start_time.flatMap(Double.init) ?? 0 }

    func isShown(_ type: String) -> Bool {
      codec_type == type && codec_name != nil && disposition?["attached_pic"] != 1
    }
  }

  private var isMatroska: Bool { format.format_name.contains("matroska") }

  /// Recordings made live do not say how long they are. Of Matroska's streams that begin late one program says when they
  /// end and another how long they are, and nothing tells which. A still picture has no length.
  var mustBeMeasured: Bool {
    let isSilent = format.duration == nil && !streams.contains { end(of: $0) != nil }
    let isLate = isMatroska && streams.contains { $0.start > 0.1 }
    return (isSilent || isLate) && !MediaInformation.isStill(format.format_name)
  }

  /// Where the longest stream ends on the file's clock, as far as the container says so.
  private var containerEnd: Double? {
    guard let seconds = format.duration.flatMap(Double.init) else { return nil }
    // Matroska counts from zero, wherever the streams begin.
    return isMatroska ? seconds : (format.start_time.flatMap(Double.init) ?? 0) + seconds
  }

  /// Where a stream ends, as far as the file says so.
  func end(of stream: Stream) -> Double? {
    if let seconds = stream.duration.flatMap(Double.init) { return stream.start + seconds }
    // Matroska has a tag, as hours:minutes:seconds.
    guard let tag = stream.tags?["DURATION"] else { return nil }
    let time = tag.split(separator: ":").reduce(0.0) { $0 * 60 + (Double($1) ?? 0) }
    return time > 0 ? time : nil
  }

  /// Where the last of `ends` is, one for each stream that is shown; the container's word where one is unknown.
  func last(of ends: [Double?]) -> Double? {
    let known = ends.compactMap(\.self)
    return known.count == ends.count ? known.max() : containerEnd ?? known.max()
  }

  /// The stream that players choose: the one marked as default, else the first.
  func stream(_ type: String) -> Stream? {
    let candidates = streams.filter { $0.isShown(type) }
    return candidates.first { $0.disposition?["default"] == 1 } ?? candidates.first
  }
}

extension MediaInformation {
  /// - Parameter ends: of the streams, by their index, where they were measured.
  fileprivate init(_ report: Report, measured ends: [Int: Double]) {
    let isStill = Self.isStill(report.format.format_name)
    func end(of stream: Report.Stream) -> Double? {
      isStill ? nil : ends[stream.index] ?? report.end(of: stream)
    }
    let shown = [report.stream("video"), report.stream("audio")]
    let video = shown[0].flatMap { VideoStream($0, end: end(of: $0)) }
    let audio = shown[1].flatMap { AudioStream($0, end: end(of: $0)) }
    // Codecs with a priming delay start a little before zero; what is heard starts at zero.
    let origin = video?.start ?? max(audio?.start ?? 0, 0)
    let last = isStill ? nil : report.last(of: shown.compactMap(\.self).map { end(of: $0) })
    self.init(
      container: report.format.format_name, duration: last.map { $0 - origin }, origin: origin, video: video,
      audio: audio,
      tags: ([report.format.tags] + report.streams.map(\.tags)).compactMap { $0 }.reduce(into: [:]) {
        all, tags in
        all.merge(tags.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
      })
  }
}

extension MediaInformation.VideoStream {
  fileprivate init?(_ stream: Report.Stream, end: Double?) {
    guard let width = stream.width, let height = stream.height, width > 0, height > 0 else { return nil }
    let average = stream.avg_frame_rate.flatMap { MediaInformation.Rate($0) }
    let nominal = stream.r_frame_rate.flatMap { MediaInformation.Rate($0) }
    // A still picture has no rate; 25 is what ffmpeg shows one at.
    let fallback = MediaInformation.Rate(numerator: 25, denominator: 1)
    let turn =
      stream.side_data_list?.compactMap(\.rotation).first ?? stream.tags?["rotate"].flatMap {
        -(Double($0) ?? 0)
      } ?? 0
    self.init(
      index: stream.index, codec: stream.codec_name ?? "", pixelFormat: stream.pix_fmt ?? "",
      colorSpace: stream.color_space, isInterlaced: ["tt", "bb", "tb", "bt"].contains(stream.field_order),
      codedWidth: width, codedHeight: height,
      sampleAspectRatio: stream.sample_aspect_ratio.flatMap { MediaInformation.Rate($0, separator: ":") }?
        .value ?? 1,
      rotation: ((Int(-turn.rounded()) % 360 + 405) % 360) / 90 * 90,
      averageFrameRate: average ?? nominal ?? fallback, nominalFrameRate: nominal ?? average ?? fallback,
      start: stream.start, duration: end.map { $0 - stream.start })
  }
}

extension MediaInformation.AudioStream {
  fileprivate init?(_ stream: Report.Stream, end: Double?) {
    guard let rate = stream.sample_rate.flatMap({ Int($0) }), rate > 0, let channels = stream.channels,
      channels > 0
    else { return nil }
    self.init(
      index: stream.index, codec: stream.codec_name ?? "", profile: stream.profile, sampleRate: rate,
      channels: channels, start: stream.start, duration: end.map { $0 - stream.start })
  }
}

extension MediaInformation.Rate {
  /// Reads `30000/1001`; `nil` for `0/0` and anything else that is no positive fraction.
  fileprivate init?(_ text: String, separator: Character = "/") {
    let parts = text.split(separator: separator).compactMap { Int($0) }
    guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return nil }
    self.init(numerator: parts[0], denominator: parts[1])
  }
}

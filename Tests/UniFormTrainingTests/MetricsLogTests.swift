import Foundation
import Testing

@testable import UniFormTraining

@Suite struct MetricsLogTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func aLineIsTheMeanSinceTheOneBefore() throws {
    var lines: [String] = []
    let log = try MetricsLog(
      title: "test", url: RunDirectory.metricsURL(in: folder.url), every: 2, interval: 0
    ) { lines.append($0) }
    log.begin(step: 0, elapsed: 0)
    for step in 1...5 {
      log.add([("loss", Double(step))])
      log.record(step: step, of: 5, elapsed: Double(step), skipped: 0)
    }
    log.finish(step: 5, of: 5, elapsed: 5, skipped: 0)
    let metrics = try metrics(in: folder.url)
    #expect(metrics.map { $0["step"] } == [2, 4, 5])
    #expect(metrics.map { $0["loss"] } == [1.5, 3.5, 5])
    #expect(metrics.allSatisfy { $0["steps_per_second"] == 1 && $0["memory_gb"]! >= 0 })
    #expect(lines.count == 5)
    #expect(lines[1].hasPrefix("test  step 2 of 5  loss 2  1.00 steps/s"))
    #expect(lines[1].hasSuffix("0:03 left"))
  }

  @Test func checksumsAreThoseOfTheFormat() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
  }

  /// Read back as the format says: length, its checksum, bytes, their checksum.
  @Test func eventsAreRecordsOfProtocolBuffers() throws {
    do {
      let writer = try TensorBoardWriter(folder: folder.url)
      writer.begin(step: 7)
      writer.write(step: 8, [("loss", 0.5), ("bad", .nan)])
    }
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder.url.path).first {
        $0.hasPrefix("events.out.tfevents.")
      })
    var rest = Array(try Data(contentsOf: folder.url.appending(path: name)))
    var records: [[UInt8]] = []
    while !rest.isEmpty {
      let length = rest.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
      #expect(Array(rest[8..<12]) == CRC32C.masked(Array(rest.prefix(8))))
      let record = Array(rest[12..<(12 + length)])
      #expect(Array(rest[(12 + length)..<(16 + length)]) == CRC32C.masked(record))
      records.append(record)
      rest = Array(rest[(16 + length)...])
    }
    #expect(records.count == 3)
    // Behind the time: step 8 (field 2), then the summary (field 5) with one value: tag "loss" and 0.5.
    let loss: [UInt8] = [0x0A, 4] + Array("loss".utf8) + [0x15, 0, 0, 0, 0x3F]
    #expect(
      Array(records[2][9...]) == [0x10, 8, 0x2A, UInt8(loss.count + 2), 0x0A, UInt8(loss.count)] + loss)
  }
}

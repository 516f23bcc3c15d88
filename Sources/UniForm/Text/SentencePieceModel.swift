internal import CSentencePiece
internal import Foundation

/// Owner of one loaded vocabulary. libsentencepiece only reads it after loading, so threads may share it.
final class SentencePieceModel: @unchecked Sendable {
  private let processor: OpaquePointer

  /// - Returns: `nil` for bytes that are no model; ``lastError`` says why.
  init?(_ bytes: [UInt8]) {
    guard let processor = bytes.withUnsafeBytes({ csp_open($0.baseAddress, $0.count) }) else { return nil }
    self.processor = processor
  }

  deinit { csp_close(processor) }

  var pieceCount: Int { Int(csp_vocabulary_size(processor)) }

  func piece(_ id: Int32) -> String? { csp_piece(processor, id).map { String(cString: $0) } }

  func id(_ piece: String) -> Int32 {
    var piece = piece
    return piece.withUTF8 { utf8 in
      utf8.withMemoryRebound(to: CChar.self) { csp_id(processor, $0.baseAddress, $0.count) }
    }
  }

  func encode(_ text: String) throws(TokenizerError) -> [Int32] {
    var text = text
    var ids: UnsafeMutablePointer<Int32>?
    let count = text.withUTF8 { utf8 in
      utf8.withMemoryRebound(to: CChar.self) { csp_encode(processor, $0.baseAddress, $0.count, &ids) }
    }
    guard count >= 0 else { throw .notEncodable(reason: Self.lastError) }
    defer { csp_free(ids) }
    return Array(UnsafeBufferPointer(start: ids, count: count))
  }

  static func train(sentences: [String], vocabularySize: Int32) throws(TokenizerError) -> [UInt8] {
    // One block of text, and where each sentence lies in it.
    let utf8 = sentences.flatMap { $0.utf8.map(CChar.init(bitPattern:)) }
    let sizes = sentences.map(\.utf8.count)
    var model: UnsafeMutableRawPointer?
    var size = 0
    let trained = utf8.withUnsafeBufferPointer { text in
      var offset = 0
      let starts = sizes.map { size -> UnsafePointer<CChar>? in
        defer { offset += size }
        return text.baseAddress.map { $0 + offset }
      }
      return csp_train(starts, sizes, sentences.count, vocabularySize, &model, &size)
    }
    guard trained else { throw .notTrainable(reason: lastError) }
    defer { csp_free(model) }
    return Array(UnsafeRawBufferPointer(start: model, count: size))
  }

  /// What libsentencepiece last said on this thread, without its source line and the condition in brackets.
  static var lastError: String {
    let message = String(cString: csp_error_message())
    let line = message.split(whereSeparator: \.isNewline).first ?? "libsentencepiece gives no reason"
    let reason = line.range(of: "] ", options: .backwards).map { line[$0.upperBound...] } ?? line
    return reason.allSatisfy(\.isWhitespace) ? "it cannot be parsed" : String(reason)
  }
}

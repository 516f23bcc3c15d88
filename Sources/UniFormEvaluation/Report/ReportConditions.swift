internal import Foundation

/// What the numbers of a report hold for, in words; its JSON has the same as fields.
extension EvaluationReport {
  /// A paragraph each.
  var conditions: [String] {
    let sides =
      "\(generated.readable) of \(generated.clips) generated clips"
      + (reference.map { " against \($0.readable) of \($0.clips) reference clips" } ?? "")
      + (clipSeconds.map { ", the first \($0.formatted()) s of each" } ?? "")
    var paragraphs = ["\(sides). UniForm \(version)."]
    if let pairs {
      let alone = [
        Self.list(pairs.generatedAlone, "generated"), Self.list(pairs.referenceAlone, "reference"),
      ].compactMap(\.self)
      paragraphs.append(
        "\(pairs.count) pairs."
          + (alone.isEmpty ? "" : " Without a partner: " + alone.joined(separator: "; ") + "."))
    }
    if let conditions = settings?["conditions"] { paragraphs.append("Conditions: \(conditions).") }
    let others = (settings ?? [:]).filter { $0.key != "conditions" }.sorted { $0.key < $1.key }
    if !others.isEmpty {
      let texts = others.map { "\($0.key.replacing("_", with: " ")) \($0.value)" }
      paragraphs.append("Settings: " + texts.joined(separator: "; ") + ".")
    }
    return paragraphs
  }

  private static func list(_ names: [String], _ side: String) -> String? {
    guard !names.isEmpty else { return nil }
    let shown = names.prefix(20).joined(separator: ", ")
    return "\(names.count) \(side) (\(shown)\(names.count > 20 ? ", …" : ""))"
  }
}

import Foundation
import Testing

@testable import UniFormEvaluation

@Suite struct PublishedNetworkTests {
  @Test func `every network has a name, a file and a licence of its own`() {
    let all = EvaluationNetwork.published
    #expect(Set(all.map(\.id)).count == all.count && Set(all.map(\.file)).count == all.count)
    for network in all {
      #expect(network.file.hasSuffix(".safetensors") && !network.inputs.isEmpty && !network.licence.isEmpty)
      #expect(network.featureWidth != nil || network.classCount != nil)
    }
    #expect(
      VGGish.network.need.hasPrefix("needs vggish.safetensors from torchvggish")
        && VGGish.network.need.hasSuffix("licence Apache-2.0"))
    #expect(ImageBind.network.need.contains("imagebind_huge.safetensors, bpe_simple_vocab_16e6.txt from"))
  }

  @Test func `the documentation lists every file`() throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../Docs/EvaluationNetworks.md").standardized
    let text = try String(contentsOf: url, encoding: .utf8)
    for network in EvaluationNetwork.published {
      for file in [network.file] + network.companions { #expect(text.contains("`\(file)`"), "\(file)") }
    }
  }
}

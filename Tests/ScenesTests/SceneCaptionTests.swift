import Foundation
import Testing

@testable import Scenes

@Suite struct SceneCaptionTests {
  private static let captions: [SceneClass: [(text: String, attributes: [String: String])]] = {
    let renderer = SceneRenderer(geometry: SceneGeometry())
    var captions: [SceneClass: [(text: String, attributes: [String: String])]] = [:]
    for sceneClass in SceneClass.allCases {
      captions[sceneClass] = (0..<300).map {
        let scene = renderer.compose(seed: UInt64($0), sceneClass: sceneClass)
        return (scene.caption, scene.attributes)
      }
    }
    return captions
  }()

  private func words(_ caption: String) -> [String] {
    caption.replacing(",", with: "").split(separator: " ").map(String.init)
  }

  @Test(arguments: SceneClass.allCases)
  func areShortPlainSentences(_ sceneClass: SceneClass) throws {
    for (caption, _) in try #require(Self.captions[sceneClass]) {
      #expect(caption == caption.lowercased())
      #expect((1...20).contains(words(caption).count), "\(caption)")
      #expect(!caption.contains("  ") && !caption.contains(" ,") && !caption.hasSuffix(","), "\(caption)")
      #expect(!caption.contains(",,"), "\(caption)")
      #expect(caption.allSatisfy { $0.isLetter || " ,'".contains($0) }, "\(caption)")
    }
  }

  @Test func useAtMostTwoHundredAndFiftyWords() {
    let vocabulary = Set(Self.captions.values.joined().flatMap { words($0.text) })
    #expect(vocabulary.count <= 250 && vocabulary.count > 120, "\(vocabulary.count)")
  }

  @Test(arguments: SceneClass.allCases)
  func nameTheirClassAndNothingThatIsNotThere(_ sceneClass: SceneClass) throws {
    let palettes = Palette.rooms + Palette.skies
    for (caption, attributes) in try #require(Self.captions[sceneClass]) {
      let words = Set(words(caption))
      #expect(!words.isDisjoint(with: sceneClass.words), "\(caption)")
      for palette in palettes where palette.name != attributes["background"] {
        #expect(!palette.phrases.contains { caption.contains($0) }, "\(caption)")
      }
      guard let color = attributes["color"] else { continue }
      let background = Set((attributes["background"] ?? "").split(separator: " ").map(String.init))
      // "blue" of "under a blue sky" and "green" of "on green leaves" are no colours of the thing.
      let phrases = words.subtracting(background)
      for other in Tint.all.map(\.name) where other != color && !["blue", "green", "white"].contains(other) {
        #expect(!phrases.contains(other), "\(caption)")
      }
    }
  }

  /// People name some attributes and leave out others, so the captions do.
  @Test(arguments: SceneClass.allCases)
  func leaveOutWhatPeopleLeaveOut(_ sceneClass: SceneClass) throws {
    let captions = try #require(Self.captions[sceneClass])
    func share(_ isNamed: ((text: String, attributes: [String: String])) -> Bool) -> Double {
      Double(captions.count(where: isNamed)) / Double(captions.count)
    }
    let places = (Palette.rooms + Palette.skies).flatMap(\.phrases)
    #expect((0.4...0.65).contains(share { caption in places.contains { caption.text.contains($0) } }))
    if captions[0].attributes["color"] != nil {
      #expect((0.4...0.9).contains(share { words($0.text).contains($0.attributes["color"]!) }))
    }
    #expect((0.06...0.6).contains(share { words($0.text).count <= 5 }))
  }

  @Test(arguments: SceneClass.allCases)
  func varyInWording(_ sceneClass: SceneClass) throws {
    let captions = try #require(Self.captions[sceneClass])
    #expect(Set(captions.map(\.text)).count > 100)
    #expect(Set(captions.map { words($0.text).prefix(2).joined(separator: " ") }).count >= 3)
  }

  @Test func takeTheRightArticle() throws {
    for (caption, _) in Self.captions.values.joined() {
      let words = words(caption)
      for (article, noun) in zip(words, words.dropFirst()) where article == "a" || article == "an" {
        let vowel = "aeiou".contains(try #require(noun.first))
        #expect((article == "an") == vowel, "\(caption)")
      }
    }
  }

  @Test func sayWhatPeopleAskFor() throws {
    let rain = try #require(Self.captions[.rain])
    #expect(rain.contains { $0.text.contains("heavy rain on a tin roof") })
    let bounce = try #require(Self.captions[.bounce])
    #expect(bounce.contains { $0.text.contains("a rubber ball bouncing") })
    let anvil = try #require(Self.captions[.anvil])
    #expect(anvil.contains { $0.text.contains("a hammer striking an anvil") })
  }
}

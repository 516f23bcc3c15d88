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
      #expect((4...20).contains(words(caption).count), "\(caption)")
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
  func nameTheirClassColourAndBackground(_ sceneClass: SceneClass) throws {
    let palettes = Palette.rooms + Palette.skies
    for (caption, attributes) in try #require(Self.captions[sceneClass]) {
      #expect(!Set(words(caption)).isDisjoint(with: sceneClass.words), "\(caption)")
      if let color = attributes["color"] { #expect(words(caption).contains(color), "\(caption)") }
      let palette = try #require(palettes.first { $0.name == attributes["background"] })
      #expect(palette.phrases.contains { caption.contains($0) }, "\(caption)")
    }
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

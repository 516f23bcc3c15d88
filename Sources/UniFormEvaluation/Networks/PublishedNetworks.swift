extension EvaluationNetwork {
  /// All networks that scores can be computed with, those with a weight file or without.
  public static let published: [EvaluationNetwork] =
    [
      I3D.network, C3D.network, VGGish.network, Cnn14.network, YAMNet.network, PaSST.network,
      Synchformer.network, ImageBind.network, MSCLAP.network,
    ] + CLAP.Family.allCases.map(\.network)
}

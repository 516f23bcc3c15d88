/// The version of this package, stored with every clip.
public enum UniFormVersion {
  public static let current = "0.1.0"
}

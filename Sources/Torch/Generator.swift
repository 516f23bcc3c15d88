internal import CTorch

/// A seeded source of random numbers. The global one of libtorch is never touched.
///
/// Numbers are drawn on the CPU whatever the device, so that a seed means the same everywhere.
public final class Generator {
  let pointer: ct_generator

  public init(seed: UInt64) {
    var result: ct_generator?
    // libtorch's engine takes 32 bits; longer seeds are mixed so that their upper half counts.
    let isShort = seed <= UInt64(UInt32.max)
    let status = ct_generator_create(isShort ? seed : (seed &* 0x9E37_79B9_7F4A_7C15) >> 32, &result)
    guard status == CT_OK, let result else {
      fatalError(TorchError(status: status, operation: "generator").description)
    }
    pointer = result
  }

  deinit { ct_generator_release(pointer) }

  /// All of its state as bytes; setting it back continues the same sequence.
  public var state: [UInt8] {
    get {
      var result: ct_tensor?
      let status = ct_generator_state(pointer, &result)
      guard status == CT_OK, let result else {
        fatalError(TorchError(status: status, operation: "generator").description)
      }
      return Tensor(owned: result).values()
    }
    set {
      let state = Tensor(newValue)
      let status = withExtendedLifetime(state) { ct_generator_set_state(pointer, state.pointer) }
      if status != CT_OK {
        ErrorScope.report(TorchError(status: status, operation: "generator.state"))
      }
    }
  }
}

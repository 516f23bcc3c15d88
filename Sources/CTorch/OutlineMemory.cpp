#include <c10/core/Allocator.h>

#include <algorithm>

#include "CTorch.h"

namespace {

// Of the calling thread: work that is outlined stays on one.
thread_local int64_t live_bytes = 0, peak_bytes = 0, total_bytes = 0;

/// "Memory" of tensors without elements, libtorch's meta device: counts what tensors on a CPU would take, and takes
/// nothing. Work that runs on such tensors tells how much memory it needs before it is done.
class OutlineMemory final : public c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    // As large tensors lie on a CPU (TensorMemory.cpp).
    constexpr size_t large = 2 << 20;
    const size_t unit = bytes >= 8 * large ? large : bytes >= large ? 64 << 10 : 1;
    bytes = (bytes + unit - 1) / unit * unit;
    const auto count = static_cast<int64_t>(bytes);
    live_bytes += count;
    total_bytes += count;
    peak_bytes = std::max(peak_bytes, live_bytes);
    // The context is the size itself: there is no memory to point to.
    return {nullptr, reinterpret_cast<void *>(bytes),
            [](void *context) { live_bytes -= reinterpret_cast<int64_t>(context); },
            c10::Device(c10::DeviceType::Meta)};
  }

  void copy_data(void *, const void *, size_t) const override {}
};

const bool is_set = [] {
  static OutlineMemory memory;
  c10::SetAllocator(c10::DeviceType::Meta, &memory, 1);
  return true;
}();

}  // namespace

void ct_outline_memory(int64_t *live, int64_t *peak, int64_t *total) noexcept {
  *live = live_bytes;
  *peak = peak_bytes;
  *total = total_bytes;
}

void ct_outline_memory_restart(void) noexcept { peak_bytes = live_bytes; }

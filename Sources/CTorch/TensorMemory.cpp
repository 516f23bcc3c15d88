#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <sys/mman.h>

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "CTorch.h"

namespace {

/// Memory of tensors on the CPU. A large tensor's memory comes from the system and goes back to it; taken in pages of
/// 4 kB, that was a seventh of the time of a wide transformer, and in pages of 2 MB it is hardly seen.
class TensorMemory final : public c10::Allocator {
  static constexpr size_t large = 2 << 20;

  c10::DataPtr allocate(size_t bytes) override {
    void *memory = nullptr;
    if (bytes > 0) {
      if (posix_memalign(&memory, bytes >= large ? large : 64, bytes) != 0) {
        throw c10::OutOfMemoryError(
            {__func__, __FILE__, static_cast<uint32_t>(__LINE__)},
            "out of memory: " + std::to_string(bytes / 1'000'000) + " MB more are needed at once");
      }
#ifdef MADV_HUGEPAGE
      // Advice: where the system has no such pages, nothing changes.
      if (bytes >= large) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    }
    return {memory, memory, &free, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &free; }

  void copy_data(void *to, const void *from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

const bool is_set = [] {
  static TensorMemory memory;
  c10::SetCPUAllocator(&memory, 1);
  return true;
}();

}  // namespace

void ct_release_free_memory(void) noexcept {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

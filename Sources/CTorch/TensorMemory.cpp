#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <unordered_map>
#include <vector>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "CTorch.h"

namespace {

constexpr size_t large = 2 << 20;         // a block is kept, and lies in pages of that size
constexpr size_t unit = 64 << 10;         // of the length of large blocks, and of their place
constexpr size_t very_large = 8 * large;  // from here on, whole pages of 2 MB cost little more

size_t alignment(size_t bytes) { return bytes >= very_large ? large : bytes >= large ? unit : 64; }

void *system_memory(size_t bytes) {
  void *memory = nullptr;
  if (posix_memalign(&memory, alignment(bytes), bytes) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
  // Advice: where the system has no such pages, nothing changes.
  if (bytes >= large) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

/// Large blocks, and those of them that are free and kept for the next tensor of about their size.
///
/// The system clears what it hands out, which was a fifth of the time of a wide transformer. What is kept never adds to
/// the highest use: as soon as a new block would take all blocks together above what tensors have held at once, the
/// oldest free ones go back.
class LargeBlocks {
  static constexpr size_t most_kept = 512 << 20;

  struct Block {
    void *memory;
    size_t bytes;
  };
  std::mutex mutex;
  std::unordered_map<void *, size_t> used;
  std::vector<Block> kept;  // the oldest first
  size_t used_bytes = 0, kept_bytes = 0, highest_use = 0;

  void give_back_oldest() {
    kept_bytes -= kept.front().bytes;
    free(kept.front().memory);
    kept.erase(kept.begin());
  }

  void *take(Block block) {
    used.emplace(block.memory, block.bytes);
    used_bytes += block.bytes;
    highest_use = std::max(highest_use, used_bytes);
    return block.memory;
  }

 public:
  void *allocate(size_t bytes) {
    if (bytes > SIZE_MAX - large) return nullptr;
    bytes = (bytes + alignment(bytes) - 1) / alignment(bytes) * alignment(bytes);
    const std::lock_guard<std::mutex> lock(mutex);
    auto best = kept.end();
    for (auto block = kept.begin(); block != kept.end(); block++) {
      const bool fits = block->bytes >= bytes && block->bytes / 2 <= bytes;
      if (fits && (best == kept.end() || block->bytes <= best->bytes)) best = block;
    }
    if (best != kept.end()) {
      const Block block = *best;
      kept.erase(best);
      kept_bytes -= block.bytes;
      return take(block);
    }
    while (!kept.empty() && used_bytes + kept_bytes + bytes > highest_use) give_back_oldest();
    void *memory = system_memory(bytes);
    while (!memory && !kept.empty()) {
      give_back_oldest();
      memory = system_memory(bytes);
    }
    return memory ? take({memory, bytes}) : nullptr;
  }

  /// False for memory that is none of these blocks.
  bool release(void *memory) {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = used.find(memory);
    if (found == used.end()) return false;
    const Block block{memory, found->second};
    used.erase(found);
    used_bytes -= block.bytes;
    kept.push_back(block);
    kept_bytes += block.bytes;
    while (kept_bytes > most_kept) give_back_oldest();
    return true;
  }

  void give_back_all() {
    const std::lock_guard<std::mutex> lock(mutex);
    while (!kept.empty()) give_back_oldest();
    highest_use = used_bytes;
  }
};

LargeBlocks &large_blocks() {
  static LargeBlocks *blocks = new LargeBlocks;  // tensors may outlive every static object
  return *blocks;
}

/// Memory of tensors on the CPU: large ones in pages of 2 MB, which are kept for the next tensor.
class TensorMemory final : public c10::Allocator {
  static void release(void *memory) {
    const bool may_be_large = reinterpret_cast<uintptr_t>(memory) % unit == 0;
    if (!may_be_large || !large_blocks().release(memory)) free(memory);
  }

  c10::DataPtr allocate(size_t bytes) override {
    void *memory = nullptr;
    if (bytes > 0) {
      memory = bytes >= large ? large_blocks().allocate(bytes) : system_memory(bytes);
      if (!memory) {
        throw c10::OutOfMemoryError(
            {__func__, __FILE__, static_cast<uint32_t>(__LINE__)},
            "out of memory: " + std::to_string(bytes / 1'000'000) + " MB more are needed at once");
      }
    }
    return {memory, memory, &release, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void *to, const void *from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

const bool is_set = [] {
  static TensorMemory memory;
  c10::SetCPUAllocator(&memory, 1);
  return true;
}();

}  // namespace

void ct_save_address_space(void) noexcept {
#ifdef __GLIBC__
  // Each thread would set 64 MB aside.
  mallopt(M_ARENA_MAX, 1);
#endif
}

void ct_release_free_memory(void) noexcept {
  large_blocks().give_back_all();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

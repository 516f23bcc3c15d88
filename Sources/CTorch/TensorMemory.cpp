#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "CTorch.h"

namespace {

constexpr size_t page = 4 << 10;
constexpr size_t large = 128 << 10;       // from here on, a block is kept when it is free
constexpr size_t huge_page = 2 << 20;     // blocks lie in such pages from their size on
constexpr size_t unit = 64 << 10;         // of the length of those blocks
constexpr size_t very_large = 8 * huge_page;  // from here on, whole huge pages cost little more

size_t rounded(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

/// Straight from the system, to which it can go back at any time; the heaps of the C library hold back what lies
/// between blocks in use.
void *mapped(size_t bytes) {
  const bool lies_in_huge_pages = bytes >= huge_page;
  const size_t around = bytes >= very_large ? huge_page - page : lies_in_huge_pages ? unit - page : 0;
  void *const start = mmap(nullptr, bytes + around, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  const uintptr_t from = reinterpret_cast<uintptr_t>(start), memory = rounded(from, around + page);
  if (memory > from) munmap(start, memory - from);
  if (from + around > memory) munmap(reinterpret_cast<void *>(memory + bytes), from + around - memory);
#ifdef MADV_HUGEPAGE
  // Advice: where the system has no such pages, nothing changes.
  if (lies_in_huge_pages) madvise(reinterpret_cast<void *>(memory), bytes, MADV_HUGEPAGE);
#endif
  return reinterpret_cast<void *>(memory);
}

/// Large blocks, and those of them that are free and kept for the next tensor of about their size.
///
/// The system clears what it hands out, which was a fifth of the time of a wide transformer. What is kept never adds to
/// the highest use: as soon as a new block would take all blocks together above what tensors have held at once, the
/// oldest free ones go back.
class LargeBlocks {
  static constexpr size_t most_kept = 512 << 20;

  using Age = uint64_t;
  std::mutex mutex;
  std::unordered_map<void *, size_t> used;
  std::map<std::pair<size_t, Age>, void *> kept;  // by size, the oldest of a size first
  std::map<Age, size_t> ages;                     // of what is kept
  Age now = 0;
  size_t used_bytes = 0, kept_bytes = 0, highest_use = 0;

  void give_back_oldest() {
    const auto [age, bytes] = *ages.begin();
    const auto block = kept.find({bytes, age});
    munmap(block->second, bytes);
    forget(block);
  }

  void forget(std::map<std::pair<size_t, Age>, void *>::iterator block) {
    kept_bytes -= block->first.first;
    ages.erase(block->first.second);
    kept.erase(block);
  }

  void *take(void *memory, size_t bytes) {
    used.emplace(memory, bytes);
    used_bytes += bytes;
    highest_use = std::max(highest_use, used_bytes);
    return memory;
  }

 public:
  void *allocate(size_t bytes) {
    if (bytes > SIZE_MAX / 2) return nullptr;
    bytes = rounded(bytes, bytes >= very_large ? huge_page : bytes >= huge_page ? unit : page);
    const std::lock_guard<std::mutex> lock(mutex);
    const auto best = kept.lower_bound({bytes, 0});
    if (best != kept.end() && best->first.first / 2 <= bytes) {
      void *const memory = best->second;
      const size_t size = best->first.first;
      forget(best);
      return take(memory, size);
    }
    while (!kept.empty() && used_bytes + kept_bytes + bytes > highest_use) give_back_oldest();
    void *memory = mapped(bytes);
    while (!memory && !kept.empty()) {
      give_back_oldest();
      memory = mapped(bytes);
    }
    return memory ? take(memory, bytes) : nullptr;
  }

  /// False for memory that is none of these blocks.
  bool release(void *memory) {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = used.find(memory);
    if (found == used.end()) return false;
    const size_t bytes = found->second;
    used.erase(found);
    used_bytes -= bytes;
    kept_bytes += bytes;
    kept.emplace(std::pair(bytes, now), memory);
    ages.emplace(now++, bytes);
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

/// Memory of tensors on the CPU: large blocks are kept for the next tensor.
class TensorMemory final : public c10::Allocator {
  static void release(void *memory) {
    const bool may_be_large = reinterpret_cast<uintptr_t>(memory) % page == 0;
    if (!may_be_large || !large_blocks().release(memory)) free(memory);
  }

  c10::DataPtr allocate(size_t bytes) override {
    void *memory = nullptr;
    if (bytes > 0) {
      const bool is_small = bytes < large;
      if (is_small ? posix_memalign(&memory, 64, bytes) != 0 : !(memory = large_blocks().allocate(bytes))) {
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

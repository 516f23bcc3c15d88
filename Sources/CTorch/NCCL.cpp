#include "NCCL.h"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <type_traits>

#include "CUDALibrary.h"

using namespace ctorch;
using Options = c10d::Backend::Options;

namespace {

// Both classes derive from those of libtorch's other half, on which everything but their construction is virtual. What the
// classes take themselves follows from the versions of libtorch and NCCL: 1112 and 248 bytes in 2.11 with NCCL 2.28.
constexpr size_t group_size = 8192, options_size = 2048;

struct Functions {
  /// Of c10d::ProcessGroupNCCL::Options.
  void (*construct_options)(void *options, bool is_high_priority_stream);
  /// Of c10d::ProcessGroupNCCL.
  void (*construct)(void *group, c10::intrusive_ptr<c10d::Store> store, int rank, int size,
                    c10::intrusive_ptr<Options> options);
};

const Functions &functions() {
  static const Functions found = [] {
    Functions f{};
    find_in_cuda_library("_ZN4c10d16ProcessGroupNCCL7OptionsC1Eb", f.construct_options);
    find_in_cuda_library(
        "_ZN4c10d16ProcessGroupNCCLC1EN3c1013intrusive_ptrINS_5StoreENS1_6detail34intrusive_target_default_null_"
        "typeIS3_EEEEiiNS2_INS0_7OptionsENS5_IS8_EEEE",
        f.construct);
    return f;
  }();
  return found;
}

/// An object of a class of which only the constructor is known here; its own destructor, which is virtual, frees it.
template <typename Base, typename Body>
c10::intrusive_ptr<Base> constructed(size_t size, Body &&construct) {
  static_assert(std::has_virtual_destructor_v<Base>);
  struct Free {
    void operator()(void *memory) const { ::operator delete(memory); }
  };
  std::unique_ptr<void, Free> memory(::operator new(size));
  std::memset(memory.get(), 0, size);
  construct(memory.get());
  return c10::intrusive_ptr<Base>::unsafe_steal_from_new(static_cast<Base *>(memory.release()));
}

/// c10d watches its collectives in a thread that ends the process, with its stack, where one fails or takes long. Here
/// whoever waits for a collective is told of it; what is set in the environment stays.
void leave_failures_to_those_who_wait() {
  setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", 0);
  setenv("TORCH_NCCL_ENABLE_MONITORING", "0", 0);
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> ctorch::make_nccl(c10::intrusive_ptr<c10d::Store> store, int rank, int size,
                                                    std::chrono::milliseconds timeout) {
  const Functions &nccl = functions();
  if (nccl.construct_options == nullptr || nccl.construct == nullptr)
    throw std::runtime_error("this libtorch has no NCCL for GPUs");
  leave_failures_to_those_who_wait();
  auto options =
      constructed<Options>(options_size, [&](void *memory) { nccl.construct_options(memory, false); });
  options->timeout = timeout;
  options->group_name = "nccl";
  auto keys = c10::make_intrusive<c10d::PrefixStore>("nccl", std::move(store));
  return constructed<c10d::Backend>(
      group_size, [&](void *memory) { nccl.construct(memory, keys, rank, size, options); });
}

// CUDA graphs.
#include <c10/core/Allocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstddef>
#include <memory>

#include "CUDALibrary.h"
#include "Handle.h"

using namespace ctorch;

namespace {

/// The members of at::cuda::CUDAGraph. Null where the library has none, or one of another shape under another name.
struct Functions {
  void (*construct)(void *graph, bool keeps_graph) = nullptr;
  void (*destroy)(void *graph) = nullptr;
  void (*begin)(void *graph, c10::MempoolId_t pool, int mode) = nullptr;
  void (*end)(void *graph) = nullptr;
  void (*replay)(void *graph) = nullptr;

  bool are_complete() const { return construct && destroy && begin && end && replay; }
};

/// cudaStreamCaptureModeThreadLocal: only what this thread does can spoil the capture.
constexpr int thread_local_mode = 1;

const Functions &functions() {
  static const Functions found = [] {
    Functions f;
    find_in_cuda_library("_ZN2at4cuda9CUDAGraphC1Eb", f.construct);
    find_in_cuda_library("_ZN2at4cuda9CUDAGraphD1Ev", f.destroy);
    find_in_cuda_library("_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode", f.begin);
    find_in_cuda_library("_ZN2at4cuda9CUDAGraph11capture_endEv", f.end);
    find_in_cuda_library("_ZN2at4cuda9CUDAGraph6replayEv", f.replay);
    return f;
  }();
  return found;
}

/// Another current stream until the end of the scope.
class OnStream {
 public:
  OnStream(const c10::impl::VirtualGuardImpl &guard, c10::Stream stream)
      : guard_(guard), before_(guard.exchangeStream(stream)) {}
  ~OnStream() { guard_.exchangeStream(before_); }
  OnStream(const OnStream &) = delete;
  OnStream &operator=(const OnStream &) = delete;

 private:
  const c10::impl::VirtualGuardImpl &guard_;
  c10::Stream before_;
};

}  // namespace

struct ct_graph_impl {
  /// An at::cuda::CUDAGraph, 104 bytes in libtorch 2.11.
  alignas(std::max_align_t) std::byte object[512];
  c10::DeviceIndex device;
};

bool ct_graph_is_available(int32_t device_type) noexcept {
  return static_cast<c10::DeviceType>(device_type) == c10::DeviceType::CUDA && ct_device_is_available(device_type) &&
         functions().are_complete();
}

ct_status ct_graph_capture(int32_t device_type, int32_t index, bool (*body)(void *context), void *context,
                           ct_graph *out) noexcept {
  return guarded("capture", [&] {
    TORCH_CHECK(ct_graph_is_available(device_type), "this device has no graphs");
    const Functions &graphs = functions();
    const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
    const c10::Device device(c10::DeviceType::CUDA,
                             index < 0 ? guard.getDevice().index() : static_cast<c10::DeviceIndex>(index));
    // What the body reads must be there: it runs on a stream of its own, since the default one cannot be captured.
    guard.synchronizeDevice(device.index());
    const OnStream side(guard, guard.getStreamFromGlobalPool(device));
    // Once without capture, in which libraries choose kernels and take their workspace.
    *out = nullptr;
    if (!body(context)) return;
    guard.synchronizeDevice(device.index());
    // After a failed capture the allocator goes on asking the object about streams, so that it must stay.
    auto *graph = new ct_graph_impl;
    graph->device = device.index();
    graphs.construct(graph->object, false);
    graphs.begin(graph->object, {0, 0}, thread_local_mode);
    body(context);
    graphs.end(graph->object);
    *out = graph;
  });
}

ct_status ct_graph_replay(ct_graph graph) noexcept {
  return guarded("replay", [&] { functions().replay(graph->object); });
}

void ct_graph_release(ct_graph graph) noexcept {
  try {
    // Its memory goes back to the allocator, which knows nothing of a replay that is still running.
    c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).synchronizeDevice(graph->device);
    functions().destroy(graph->object);
    delete graph;
  } catch (...) {
  }
}

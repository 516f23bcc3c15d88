// Collectives between processes: c10d's TCPStore for the rendezvous, its Gloo backend for what lies in the host's memory and
// its NCCL backend for what lies on GPUs, all part of libtorch.
#include <ATen/ops/zeros.h>
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/exception.h>

#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "Handle.h"
#include "NCCL.h"

using namespace ctorch;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

struct Group {
  c10::intrusive_ptr<c10d::TCPStore> store;
  c10::intrusive_ptr<c10d::Backend> gloo;
  /// Null without a GPU of its own.
  c10::intrusive_ptr<c10d::Backend> nccl;
  milliseconds message_limit;
  std::once_flag is_aborted;

  c10d::Backend &backend(const at::Tensor &tensor) const {
    if (tensor.is_cpu()) return *gloo;
    TORCH_CHECK(nccl && tensor.is_cuda(), "no backend for tensors on ", tensor.device().str());
    return *nccl;
  }
};

/// Something that is under way.
struct Collective {
  c10::intrusive_ptr<c10d::Work> work;
  /// That of NCCL is only queued on the GPU when c10d has waited for it.
  bool is_on_gpu;
  Clock::time_point deadline;
};

Group *group(ct_group handle) { return reinterpret_cast<Group *>(handle); }

bool is_loopback(const std::string &host) { return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0; }

/// The address to talk from: that of the interface that GLOO_SOCKET_IFNAME names, loopback where the rendezvous is
/// there, and otherwise the one that this machine's name leads to.
auto device(const std::string &host) {
  if (const char *interface = std::getenv("GLOO_SOCKET_IFNAME"); interface != nullptr && *interface != 0)
    return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
  if (is_loopback(host)) return c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1");
  return c10d::ProcessGroupGloo::createDefaultDevice();
}

ct_work own(const Group &group, c10::intrusive_ptr<c10d::Work> work, bool is_on_gpu) {
  return reinterpret_cast<ct_work>(new Collective{std::move(work), is_on_gpu, Clock::now() + group.message_limit});
}

Collective *collective(ct_work handle) { return reinterpret_cast<Collective *>(handle); }

/// Until it is over on the GPU; false where it goes on after the limit.
bool wait_on_gpu(const Collective &collective, milliseconds limit) {
  constexpr std::chrono::microseconds pause{50};
  const auto end = Clock::now() + limit;
  while (!collective.work->isCompleted()) {
    const auto now = Clock::now();
    if (now >= collective.deadline) throw std::runtime_error("timed out waiting for the others' part of a collective");
    if (now >= end) return false;
    std::this_thread::sleep_for(pause);
  }
  if (const auto failure = collective.work->exception()) std::rethrow_exception(failure);
  collective.work->wait();
  return true;
}

/// c10d writes what went wrong, with the stack, before it throws the same; the caller says it once, in a line. TORCH_CPP_LOG_LEVEL
/// leaves libtorch's level.
void log_fatal_alone() {
  constexpr int fatal = 3;
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = fatal;
}

/// Of the store that rank 0 holds, in at most `limit`.
///
/// TCPStore's own time limit is one of each attempt, of which it makes several: 300 s have lasted 637. So the attempts are
/// short, and counted here.
c10::intrusive_ptr<c10d::TCPStore> connect(const std::string &host, c10d::TCPStoreOptions options,
                                           const milliseconds limit) {
  constexpr milliseconds attempt{2000};
  const auto deadline = Clock::now() + limit;
  options.waitWorkers = false;
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    options.timeout = options.isServer ? limit : std::clamp(left, milliseconds{1}, attempt);
    try {
      auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
      store->setTimeout(std::max(left, milliseconds{1}));
      return store;
    } catch (const c10d::TimeoutError &) {
      if (Clock::now() >= deadline)
        throw std::runtime_error("nobody answered in " + std::to_string(limit.count() / 1000) + " s");
    }
  }
}

struct Pulse {
  c10::intrusive_ptr<c10d::TCPStore> store;
  std::vector<std::string> keys;
  size_t rank;
};

Pulse *pulse(ct_pulse handle) { return reinterpret_cast<Pulse *>(handle); }

}  // namespace

ct_status ct_group_create(const char *host, int32_t port, int32_t rank, int32_t size, int64_t meeting_milliseconds,
                          int64_t message_milliseconds, ct_group *out) noexcept {
  log_fatal_alone();
  return guarded("rendezvous", [&] {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.isServer = rank == 0;
    options.numWorkers = static_cast<size_t>(size);
    auto result = std::make_unique<Group>();
    result->store = connect(host, options, milliseconds(meeting_milliseconds));
    result->store->waitForWorkers();
    auto gloo = c10d::ProcessGroupGloo::Options::create(milliseconds(meeting_milliseconds));
    gloo->devices.push_back(device(host));
    result->gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(result->store, rank, size, gloo);
    result->message_limit = milliseconds(message_milliseconds);
    result->gloo->setTimeout(result->message_limit);
    *out = reinterpret_cast<ct_group>(result.release());
  });
}

ct_status ct_group_use_nccl(ct_group handle, int32_t index, int64_t meeting_milliseconds) noexcept {
  return guarded("nccl", [&] {
    TORCH_CHECK(ct_device_is_available(static_cast<int32_t>(c10::DeviceType::CUDA)), "there is no CUDA device here");
    Group &members = *group(handle);
    const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
    members.store->setTimeout(milliseconds(meeting_milliseconds));
    auto nccl = make_nccl(members.store, members.gloo->getRank(), members.gloo->getSize(), members.message_limit);
    // Its processes meet at their first collective; so this is that one, and what keeps them apart is known here.
    std::vector<at::Tensor> nothing{at::zeros({1}, device)};
    const Collective first{nccl->allreduce(nothing), true, Clock::now() + milliseconds(meeting_milliseconds)};
    wait_on_gpu(first, milliseconds(meeting_milliseconds));
    members.nccl = std::move(nccl);
  });
}

void ct_group_abort(ct_group handle) noexcept {
  guarded("abort", [&] {
    std::call_once(group(handle)->is_aborted, [&] {
      if (group(handle)->nccl) group(handle)->nccl->abort();
    });
  });
}

void ct_group_release(ct_group handle) noexcept {
  try {
    if (group(handle)->nccl) group(handle)->nccl->shutdown();
    delete group(handle);
  } catch (...) {
  }
}

ct_status ct_group_all_reduce(ct_group handle, ct_tensor tensor, ct_work *out) noexcept {
  return guarded("all_reduce", [&] {
    std::vector<at::Tensor> tensors{borrow(tensor)};
    auto &backend = group(handle)->backend(tensors[0]);
    *out = own(*group(handle), backend.allreduce(tensors), tensors[0].is_cuda());
  });
}

ct_status ct_group_broadcast(ct_group handle, ct_tensor tensor, int32_t root, ct_work *out) noexcept {
  return guarded("broadcast", [&] {
    std::vector<at::Tensor> tensors{borrow(tensor)};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    auto &backend = group(handle)->backend(tensors[0]);
    *out = own(*group(handle), backend.broadcast(tensors, options), tensors[0].is_cuda());
  });
}

ct_status ct_group_send(ct_group handle, ct_tensor tensor, int32_t rank, ct_work *out) noexcept {
  return guarded("send", [&] {
    std::vector<at::Tensor> tensors{borrow(tensor)};
    *out = own(*group(handle), group(handle)->gloo->send(tensors, rank, 0), false);
  });
}

ct_status ct_group_receive(ct_group handle, ct_tensor tensor, int32_t rank, ct_work *out) noexcept {
  return guarded("receive", [&] {
    std::vector<at::Tensor> tensors{borrow(tensor)};
    *out = own(*group(handle), group(handle)->gloo->recv(tensors, rank, 0), false);
  });
}

ct_status ct_group_barrier(ct_group handle, ct_work *out) noexcept {
  return guarded("barrier", [&] { *out = own(*group(handle), group(handle)->gloo->barrier(), false); });
}

ct_status ct_work_wait_for(ct_work handle, int64_t limit, bool *done) noexcept {
  return guarded("wait", [&] {
    const Collective &waited = *collective(handle);
    if (waited.is_on_gpu) {
      *done = wait_on_gpu(waited, milliseconds(limit));
      return;
    }
    *done = true;
    try {
      waited.work->wait(milliseconds(limit));
    } catch (...) {
      if (waited.work->isCompleted()) throw;
      *done = false;
    }
  });
}

ct_status ct_work_wait(ct_work handle) noexcept {
  return guarded("wait", [&] { collective(handle)->work->wait(); });
}

void ct_work_abort(ct_work handle) noexcept {
  guarded("abort", [&] { collective(handle)->work->abort(); });
}

void ct_work_release(ct_work handle) noexcept {
  try {
    delete collective(handle);
  } catch (...) {
  }
}

ct_status ct_pulse_create(const char *host, int32_t port, int32_t rank, int32_t size, int64_t timeout_milliseconds,
                          ct_pulse *out) noexcept {
  return guarded("pulse", [&] {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    auto result = std::make_unique<Pulse>();
    result->store = connect(host, options, milliseconds(timeout_milliseconds));
    for (int32_t member = 0; member < size; member++) result->keys.push_back("pulse/" + std::to_string(member));
    result->rank = static_cast<size_t>(rank);
    *out = reinterpret_cast<ct_pulse>(result.release());
  });
}

ct_status ct_pulse_beat(ct_pulse handle, int64_t beat, int64_t *beats) noexcept {
  return guarded("pulse", [&] {
    const auto text = std::to_string(beat);
    auto &store = *pulse(handle)->store;
    store.set(pulse(handle)->keys[pulse(handle)->rank], std::vector<uint8_t>(text.begin(), text.end()));
    for (const auto &value : store.multiGet(pulse(handle)->keys))
      *beats++ = std::stoll(std::string(value.begin(), value.end()));
  });
}

void ct_pulse_release(ct_pulse handle) noexcept {
  try {
    delete pulse(handle);
  } catch (...) {
  }
}

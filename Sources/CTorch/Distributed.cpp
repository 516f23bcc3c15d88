// Collectives between processes: c10d's TCPStore for the rendezvous and its Gloo backend, both part of libtorch.
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/exception.h>

#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

#include "Handle.h"

using namespace ctorch;
using std::chrono::milliseconds;

namespace {

struct Group {
  c10::intrusive_ptr<c10d::TCPStore> store;
  c10::intrusive_ptr<c10d::Backend> backend;
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

ct_work own(c10::intrusive_ptr<c10d::Work> work) { return reinterpret_cast<ct_work>(work.release()); }

c10d::Work *work(ct_work handle) { return reinterpret_cast<c10d::Work *>(handle); }

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
  const auto deadline = std::chrono::steady_clock::now() + limit;
  options.waitWorkers = false;
  while (true) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    options.timeout = options.isServer ? limit : std::clamp(left, milliseconds{1}, attempt);
    try {
      auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
      store->setTimeout(std::max(left, milliseconds{1}));
      return store;
    } catch (const c10d::TimeoutError &) {
      if (std::chrono::steady_clock::now() >= deadline)
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
    result->backend = c10::make_intrusive<c10d::ProcessGroupGloo>(result->store, rank, size, gloo);
    result->backend->setTimeout(milliseconds(message_milliseconds));
    *out = reinterpret_cast<ct_group>(result.release());
  });
}

void ct_group_release(ct_group handle) noexcept {
  try {
    delete group(handle);
  } catch (...) {
  }
}

ct_status ct_group_all_reduce(ct_group handle, ct_tensor tensor, ct_work *out) noexcept {
  return guarded("all_reduce", [&] {
    std::vector<at::Tensor> tensors{borrow(tensor)};
    *out = own(group(handle)->backend->allreduce(tensors));
  });
}

ct_status ct_group_broadcast(ct_group handle, ct_tensor tensor, int32_t root, ct_work *out) noexcept {
  return guarded("broadcast", [&] {
    std::vector<at::Tensor> tensors{borrow(tensor)};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    *out = own(group(handle)->backend->broadcast(tensors, options));
  });
}

ct_status ct_group_send(ct_group handle, ct_tensor tensor, int32_t rank, ct_work *out) noexcept {
  return guarded("send", [&] {
    std::vector<at::Tensor> tensors{borrow(tensor)};
    *out = own(group(handle)->backend->send(tensors, rank, 0));
  });
}

ct_status ct_group_receive(ct_group handle, ct_tensor tensor, int32_t rank, ct_work *out) noexcept {
  return guarded("receive", [&] {
    std::vector<at::Tensor> tensors{borrow(tensor)};
    *out = own(group(handle)->backend->recv(tensors, rank, 0));
  });
}

ct_status ct_group_barrier(ct_group handle, ct_work *out) noexcept {
  return guarded("barrier", [&] { *out = own(group(handle)->backend->barrier()); });
}

ct_status ct_work_wait_for(ct_work handle, int64_t limit, bool *done) noexcept {
  return guarded("wait", [&] {
    *done = true;
    try {
      work(handle)->wait(milliseconds(limit));
    } catch (...) {
      if (work(handle)->isCompleted()) throw;
      *done = false;
    }
  });
}

ct_status ct_work_wait(ct_work handle) noexcept {
  return guarded("wait", [&] { work(handle)->wait(); });
}

void ct_work_abort(ct_work handle) noexcept {
  guarded("abort", [&] { work(handle)->abort(); });
}

void ct_work_release(ct_work handle) noexcept { c10::intrusive_ptr<c10d::Work>::reclaim(work(handle)); }

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

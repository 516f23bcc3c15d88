// Collectives between processes: c10d's TCPStore for the rendezvous and its Gloo backend, both part of libtorch.
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <cstdlib>

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

}  // namespace

ct_status ct_group_create(const char *host, int32_t port, int32_t rank, int32_t size, int64_t timeout_milliseconds,
                          ct_group *out) noexcept {
  return guarded("rendezvous", [&] {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.isServer = rank == 0;
    options.numWorkers = static_cast<size_t>(size);
    options.timeout = milliseconds(timeout_milliseconds);
    auto result = std::make_unique<Group>();
    result->store = c10::make_intrusive<c10d::TCPStore>(host, options);
    auto gloo = c10d::ProcessGroupGloo::Options::create(milliseconds(timeout_milliseconds));
    gloo->devices.push_back(device(host));
    result->backend = c10::make_intrusive<c10d::ProcessGroupGloo>(result->store, rank, size, gloo);
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

ct_status ct_group_barrier(ct_group handle) noexcept {
  return guarded("barrier", [&] { group(handle)->backend->barrier()->wait(); });
}

ct_status ct_work_wait(ct_work handle) noexcept {
  auto work = c10::intrusive_ptr<c10d::Work>::reclaim(reinterpret_cast<c10d::Work *>(handle));
  return guarded("wait", [&] { work->wait(); });
}

// c10d's NCCL backend, which is in libtorch's CUDA half.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>

namespace ctorch {

/// Throws where this libtorch has no NCCL or the machine no GPU.
c10::intrusive_ptr<c10d::Backend> make_nccl(c10::intrusive_ptr<c10d::Store> store, int rank, int size,
                                            std::chrono::milliseconds timeout);

}  // namespace ctorch

// Work divided among the threads of libtorch.
#ifndef UNIFORM_PARALLEL_RANGES_H
#define UNIFORM_PARALLEL_RANGES_H

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <algorithm>
#include <functional>

namespace uniform {

/// Calls `body` with consecutive ranges that cover 0 ..< count, one per thread, none shorter than `grain` if it can be.
///
/// libtorch's own parallel_for is a template that divides nothing unless it is compiled for OpenMP, which takes a
/// second runtime beside the one in use. This asks that runtime itself, so that both share their threads.
inline void parallel_ranges(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)> &body) {
  using Parallel = void (*)(void (*)(void *), void *, unsigned, unsigned);
  using Number = int (*)();
  static const auto parallel = reinterpret_cast<Parallel>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
  static const auto number = reinterpret_cast<Number>(dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
  static const auto team = reinterpret_cast<Number>(dlsym(RTLD_DEFAULT, "omp_get_num_threads"));
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), (count + grain - 1) / grain);
  if (threads <= 1 || !parallel || !number || !team) return body(0, count);
  struct Work {
    int64_t count;
    const std::function<void(int64_t, int64_t)> *body;
  } work{count, &body};
  parallel(
      [](void *argument) {
        const Work &work = *static_cast<const Work *>(argument);
        const int64_t index = number(), size = team();
        const int64_t begin = work.count * index / size, end = work.count * (index + 1) / size;
        if (begin < end) (*work.body)(begin, end);
      },
      &work, static_cast<unsigned>(threads), 0);
}

}  // namespace uniform
#endif

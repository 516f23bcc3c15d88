#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>

#include <mutex>

#include "Handle.h"

using namespace ctorch;

static at::Generator &generator_of(ct_generator generator) { return *reinterpret_cast<at::Generator *>(generator); }

ct_status ct_generator_create(uint64_t seed, ct_generator *out) noexcept {
  return guarded("generator", [&] {
    *out = reinterpret_cast<ct_generator>(new at::Generator(at::detail::createCPUGenerator(seed)));
  });
}

void ct_generator_release(ct_generator generator) noexcept { delete reinterpret_cast<at::Generator *>(generator); }

ct_status ct_generator_state(ct_generator generator, ct_tensor *out) noexcept {
  return guarded("generator", [&] {
    std::lock_guard<std::mutex> lock(generator_of(generator).mutex());
    *out = own(generator_of(generator).get_state());
  });
}

ct_status ct_generator_set_state(ct_generator generator, ct_tensor state) noexcept {
  return guarded("generator", [&] {
    std::lock_guard<std::mutex> lock(generator_of(generator).mutex());
    generator_of(generator).set_state(borrow(state));
  });
}

// A C interface to libtorch: one boxed dispatcher call, plus what is not an operator.
//
// Every function is noexcept. One that can fail returns CT_OK or an error code, and ct_error_message() then
// holds the text for this thread until the next failing call. Tensors in arguments are borrowed; tensors in
// results are owned by the caller, who gives them back with ct_tensor_release. NULL is the undefined tensor.
#ifndef UNIFORM_CTORCH_H
#define UNIFORM_CTORCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define CT_NOEXCEPT noexcept
#else
#define CT_NOEXCEPT
#endif

typedef enum {
  CT_OK = 0,
  CT_ERROR_ARGUMENT = 1,       // wrong kind or number of arguments, wrong shape or dtype
  CT_ERROR_OUT_OF_MEMORY = 2,
  CT_ERROR_NOT_IMPLEMENTED = 3,
  CT_ERROR_OTHER = 4
} ct_status;

typedef struct ct_tensor_impl *ct_tensor;
typedef struct ct_operator_impl *ct_operator;
typedef struct ct_generator_impl *ct_generator;
typedef struct ct_group_impl *ct_group;
typedef struct ct_work_impl *ct_work;
typedef struct ct_pulse_impl *ct_pulse;
typedef struct ct_graph_impl *ct_graph;

typedef enum {
  CT_NONE = 0,
  CT_TENSOR,
  CT_INT,
  CT_DOUBLE,
  CT_BOOL,
  CT_INTS,
  CT_DOUBLES,
  CT_BOOLS,
  CT_TENSORS,
  CT_OPTIONAL_TENSORS,
  CT_STRING,
  CT_DTYPE,
  CT_DEVICE,  // device type in the high 32 bits, index in the low
  CT_GENERATOR
} ct_tag;

/// One argument or result. `count` is the length of a list or string.
typedef struct {
  int32_t tag;
  int32_t count;
  union {
    ct_tensor tensor;
    int64_t integer;
    double real;
    bool boolean;
    const int64_t *integers;
    const double *reals;
    const bool *booleans;
    const ct_tensor *tensors;
    const char *string;
    ct_generator generator;
  } as;
} ct_value;

// Errors
const char *ct_error_message(void) CT_NOEXCEPT;
const char *ct_libtorch_version(void) CT_NOEXCEPT;

// Operators
ct_status ct_operator_find(const char *name, const char *overload, ct_operator *out) CT_NOEXCEPT;
/// Calls through the dispatcher; trailing arguments with defaults may be left out. A list of tensors among
/// the results is flattened. `produced` receives the number of results written to `results`.
ct_status ct_operator_call(ct_operator op, const ct_value *arguments, int32_t argument_count, ct_value *results,
                           int32_t capacity, int32_t *produced) CT_NOEXCEPT;
/// The operator's schema; the text lives as long as this thread makes no other ct_operator_schema call.
const char *ct_operator_schema(ct_operator op) CT_NOEXCEPT;

// Tensors
void ct_tensor_retain(ct_tensor tensor) CT_NOEXCEPT;
void ct_tensor_release(ct_tensor tensor) CT_NOEXCEPT;
int64_t ct_tensor_dimension_count(ct_tensor tensor) CT_NOEXCEPT;
const int64_t *ct_tensor_sizes(ct_tensor tensor) CT_NOEXCEPT;
int32_t ct_tensor_dtype(ct_tensor tensor) CT_NOEXCEPT;
int64_t ct_tensor_device(ct_tensor tensor) CT_NOEXCEPT;
bool ct_tensor_is_contiguous(ct_tensor tensor) CT_NOEXCEPT;
/// Of four or five axes, with the second one last in memory.
bool ct_tensor_is_channels_last(ct_tensor tensor) CT_NOEXCEPT;
/// The first element; NULL when the tensor has no memory of its own on the host.
void *ct_tensor_data(ct_tensor tensor) CT_NOEXCEPT;
/// A tensor over foreign memory; `release(context)` runs when its storage dies.
ct_status ct_tensor_from_memory(void *data, const int64_t *sizes, int32_t dimension_count, int32_t dtype,
                                void *context, void (*release)(void *context), ct_tensor *out) CT_NOEXCEPT;

// Autograd
bool ct_tensor_requires_grad(ct_tensor tensor) CT_NOEXCEPT;
ct_status ct_tensor_set_requires_grad(ct_tensor tensor, bool value) CT_NOEXCEPT;
ct_status ct_tensor_grad(ct_tensor tensor, ct_tensor *out) CT_NOEXCEPT;
ct_status ct_tensor_set_grad(ct_tensor tensor, ct_tensor gradient) CT_NOEXCEPT;
ct_status ct_backward(ct_tensor loss, ct_tensor gradient) CT_NOEXCEPT;
/// Gradients of `outputs` in `inputs`; a missing one comes out as NULL.
ct_status ct_gradients(const ct_tensor *outputs, int32_t output_count, const ct_tensor *output_gradients,
                       const ct_tensor *inputs, int32_t input_count, ct_tensor *out) CT_NOEXCEPT;
/// Calls `hook(context)` whenever a gradient has been accumulated in this leaf; NULL takes the hook away. `release(context)`
/// runs with the hook's end.
ct_status ct_tensor_set_gradient_hook(ct_tensor tensor, void (*hook)(void *context), void *context,
                                      void (*release)(void *context)) CT_NOEXCEPT;
bool ct_grad_mode(void) CT_NOEXCEPT;
void ct_set_grad_mode(bool enabled) CT_NOEXCEPT;
/// A function whose activations are recomputed in the backward pass. `forward(context, inputs, count, outputs,
/// capacity)` returns the number of outputs; `release(context)` runs when the graph no longer needs it.
typedef int32_t (*ct_forward)(void *context, const ct_tensor *inputs, int32_t count, ct_tensor *outputs,
                              int32_t capacity);
ct_status ct_checkpoint(ct_forward forward, void *context, void (*release)(void *context), const ct_tensor *inputs,
                        int32_t input_count, ct_tensor *outputs, int32_t capacity, int32_t *produced) CT_NOEXCEPT;

// Random numbers
ct_status ct_generator_create(uint64_t seed, ct_generator *out) CT_NOEXCEPT;
void ct_generator_release(ct_generator generator) CT_NOEXCEPT;
ct_status ct_generator_state(ct_generator generator, ct_tensor *out) CT_NOEXCEPT;
ct_status ct_generator_set_state(ct_generator generator, ct_tensor state) CT_NOEXCEPT;

// Tensors without elements that this thread made: what those that are alive would take, the most since the last
// restart, and all ever made; in bytes
void ct_outline_memory(int64_t *live, int64_t *peak, int64_t *total) CT_NOEXCEPT;
void ct_outline_memory_restart(void) CT_NOEXCEPT;

/// Gives memory that is free but kept for later back to the system, where it keeps any.
void ct_release_free_memory(void) CT_NOEXCEPT;
/// Takes less address space from here on, for a process that has little; before it has threads.
void ct_save_address_space(void) CT_NOEXCEPT;

// Devices
/// Loads the CUDA half of libtorch where the device needs it.
bool ct_device_is_available(int32_t device_type) CT_NOEXCEPT;
/// How many of them this machine has.
int32_t ct_device_count(int32_t device_type) CT_NOEXCEPT;
ct_status ct_device_synchronize(int32_t device_type, int32_t index) CT_NOEXCEPT;

// Graphs: work of a device that is queued once and replayed as a whole
/// Whether this machine has them; CUDA devices alone.
bool ct_graph_is_available(int32_t device_type) CT_NOEXCEPT;
/// Runs `body(context)` once as it is and once more to capture what it queues on the device. It returns whether it went
/// well, must not throw, wait for the device or read from it, or copy from memory of the host. NULL where the first
/// run failed.
ct_status ct_graph_capture(int32_t device_type, int32_t index, bool (*body)(void *context), void *context,
                           ct_graph *out) CT_NOEXCEPT;
/// Queues all of it on the current stream.
ct_status ct_graph_replay(ct_graph graph) CT_NOEXCEPT;
void ct_graph_release(ct_graph graph) CT_NOEXCEPT;

// Threads
int32_t ct_thread_count(void) CT_NOEXCEPT;
void ct_set_thread_count(int32_t count) CT_NOEXCEPT;
bool ct_set_flush_denormals(bool enabled) CT_NOEXCEPT;

// Processes that work together
/// Meets the other processes at host:port, where rank 0 listens. Every function below is called by all processes in the
/// same order. The first time limit holds for the meeting, the second for each later message.
ct_status ct_group_create(const char *host, int32_t port, int32_t rank, int32_t size, int64_t meeting_milliseconds,
                          int64_t message_milliseconds, ct_group *out) CT_NOEXCEPT;
/// From now on what is summed and shared on this CUDA device, which is the process's own, goes from GPU to GPU over NCCL.
ct_status ct_group_use_nccl(ct_group group, int32_t index, int64_t meeting_milliseconds) CT_NOEXCEPT;
/// Takes this process's GPU out of what will never end, since others are lost, and ends NCCL's threads, which must not
/// outlive the end of the process. The group can only be released then.
void ct_group_abort(ct_group group) CT_NOEXCEPT;
void ct_group_release(ct_group group) CT_NOEXCEPT;
/// The sum over all processes, in place; runs on until it was waited for.
ct_status ct_group_all_reduce(ct_group group, ct_tensor tensor, ct_work *out) CT_NOEXCEPT;
ct_status ct_group_broadcast(ct_group group, ct_tensor tensor, int32_t root, ct_work *out) CT_NOEXCEPT;
/// Of tensors on the CPU.
ct_status ct_group_send(ct_group group, ct_tensor tensor, int32_t rank, ct_work *out) CT_NOEXCEPT;
ct_status ct_group_receive(ct_group group, ct_tensor tensor, int32_t rank, ct_work *out) CT_NOEXCEPT;
ct_status ct_group_barrier(ct_group group, ct_work *out) CT_NOEXCEPT;
/// Waits for the end of the work, for so long at most; done is false where it goes on. Not for what sends or receives.
ct_status ct_work_wait_for(ct_work work, int64_t milliseconds, bool *done) CT_NOEXCEPT;
/// Waits for the end of the work.
ct_status ct_work_wait(ct_work work) CT_NOEXCEPT;
/// Ends what sends or receives, from another thread than the one that waits for it.
void ct_work_abort(ct_work work) CT_NOEXCEPT;
void ct_work_release(ct_work work) CT_NOEXCEPT;

/// A connection of its own to where rank 0 listens, on which each process tells that it lives. Does not need the others.
ct_status ct_pulse_create(const char *host, int32_t port, int32_t rank, int32_t size, int64_t timeout_milliseconds,
                          ct_pulse *out) CT_NOEXCEPT;
/// Tells the number of beats of this process, and gets those of all, waiting the first time for all to be there.
ct_status ct_pulse_beat(ct_pulse pulse, int64_t beat, int64_t *beats) CT_NOEXCEPT;
void ct_pulse_release(ct_pulse pulse) CT_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// libsentencepiece with a C interface. Nothing here throws; what failed returns NULL, -1 or false, and
// csp_error_message() says why, per thread, until the next failure. Text is UTF-8 with its size, so it may hold NUL.

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded vocabulary with its normalisation rules. Immutable: any number of threads may use one.
typedef struct csp_processor csp_processor;

/// Copies what it needs from the bytes of a serialised ModelProto (a `spiece.model`).
csp_processor *csp_open(const void *model, size_t size);
void csp_close(csp_processor *processor);

int32_t csp_vocabulary_size(const csp_processor *processor);
/// Borrowed from the processor, NUL-terminated; NULL outside the vocabulary.
const char *csp_piece(const csp_processor *processor, int32_t id);
/// The id of the unknown piece for what is no piece.
int32_t csp_id(const csp_processor *processor, const char *piece, size_t size);

/// The number of ids written to `*ids`, which csp_free() releases; -1 on failure.
ptrdiff_t csp_encode(const csp_processor *processor, const char *text, size_t size, int32_t **ids);

/// Trains a unigram vocabulary with nmt_nfkc normalisation in the order of T5: 0 <pad>, 1 </s>, 2 <unk>. The same
/// sentences give the same bytes. csp_free() releases `*model`.
bool csp_train(
    const char *const *sentences, const size_t *sizes, size_t count, int32_t vocabulary_size, void **model,
    size_t *model_size);

void csp_free(void *memory);
const char *csp_error_message(void);

#ifdef __cplusplus
}
#endif

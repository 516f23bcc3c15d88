#include "CSentencePiece.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct csp_processor {
  sentencepiece::SentencePieceProcessor processor;
};

namespace {

thread_local std::string error_message;

void check(const sentencepiece::util::Status &status) {
  if (!status.ok()) throw std::runtime_error(status.message());
}

/// Runs `body` and returns what it returns, or `failure` once its exception is written down.
template <typename Result, typename Body>
Result guarded(Result failure, Body body) noexcept {
  try {
    return body();
  } catch (const std::exception &error) {
    try {
      error_message = error.what();
    } catch (...) {
      error_message.clear();
    }
  } catch (...) {
    error_message.clear();
  }
  return failure;
}

/// A copy that csp_free() releases; never NULL, even for no bytes.
void *copy(const void *bytes, size_t size) {
  void *memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  if (size != 0) std::memcpy(memory, bytes, size);
  return memory;
}

class Sentences : public sentencepiece::SentenceIterator {
 public:
  Sentences(const char *const *texts, const size_t *sizes, size_t count)
      : texts_(texts), sizes_(sizes), count_(count) {
    read();
  }

  bool done() const override { return index_ >= count_; }
  void Next() override {
    ++index_;
    read();
  }
  const std::string &value() const override { return value_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  void read() {
    if (!done()) value_.assign(texts_[index_], sizes_[index_]);
  }

  const char *const *texts_;
  const size_t *sizes_;
  size_t count_;
  size_t index_ = 0;
  std::string value_;
};

}  // namespace

csp_processor *csp_open(const void *model, size_t size) {
  return guarded<csp_processor *>(nullptr, [&] {
    auto opened = std::make_unique<csp_processor>();
    check(opened->processor.LoadFromSerializedProto({static_cast<const char *>(model), size}));
    return opened.release();
  });
}

void csp_close(csp_processor *processor) { delete processor; }

int32_t csp_vocabulary_size(const csp_processor *processor) {
  return guarded<int32_t>(0, [&] { return processor->processor.GetPieceSize(); });
}

const char *csp_piece(const csp_processor *processor, int32_t id) {
  return guarded<const char *>(nullptr, [&]() -> const char * {
    if (id < 0 || id >= processor->processor.GetPieceSize()) throw std::out_of_range("no such piece");
    return processor->processor.IdToPiece(id).c_str();
  });
}

int32_t csp_id(const csp_processor *processor, const char *piece, size_t size) {
  return guarded<int32_t>(-1, [&] { return processor->processor.PieceToId({piece, size}); });
}

ptrdiff_t csp_encode(const csp_processor *processor, const char *text, size_t size, int32_t **ids) {
  return guarded<ptrdiff_t>(-1, [&] {
    std::vector<int> encoded;
    check(processor->processor.Encode(std::string_view(text, size), &encoded));
    static_assert(sizeof(int) == sizeof(int32_t));
    *ids = static_cast<int32_t *>(copy(encoded.data(), encoded.size() * sizeof(int32_t)));
    return static_cast<ptrdiff_t>(encoded.size());
  });
}

bool csp_train(
    const char *const *sentences, const size_t *sizes, size_t count, int32_t vocabulary_size, void **model,
    size_t *model_size) {
  return guarded(false, [&] {
    const std::unordered_map<std::string, std::string> settings = {
        {"model_type", "unigram"},
        {"normalization_rule_name", "nmt_nfkc"},
        {"vocab_size", std::to_string(vocabulary_size)},
        {"pad_id", "0"},
        {"eos_id", "1"},
        {"unk_id", "2"},
        {"bos_id", "-1"},
        {"character_coverage", "1.0"},  // small vocabularies still get every letter that occurs
        {"num_threads", "1"},           // sums of probabilities in one order: the same bytes everywhere
        {"minloglevel", "2"},
    };
    Sentences iterator(sentences, sizes, count);
    std::string trained;
    check(sentencepiece::SentencePieceTrainer::Train(settings, &iterator, &trained));
    *model = copy(trained.data(), trained.size());
    *model_size = trained.size();
    return true;
  });
}

void csp_free(void *memory) { std::free(memory); }

const char *csp_error_message(void) { return error_message.c_str(); }

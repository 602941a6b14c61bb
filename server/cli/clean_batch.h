// Rows that wait for their verdicts.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace bounced::cli {

// What becomes of a row.
enum class Fate : std::uint8_t {
  kAsked,  // the server's answer tells
  kEmpty,  // there is no address in it
  kInvalid,
  kSuppressed,
  kRisky,
  kSend,
};

// Consecutive rows, octet for octet.
struct CleanBatch {
  struct Row {
    std::size_t end;  // in `octets`; it begins where the one before it ends
    Fate fate;
  };
  std::string octets;
  std::vector<Row> rows;
  std::size_t asked = 0;  // rows of fate kAsked

  void Add(std::string_view raw, Fate fate) {
    octets += raw;
    rows.push_back({octets.size(), fate});
    asked += fate == Fate::kAsked ? 1 : 0;
  }
  void Clear() {
    octets.clear();
    rows.clear();
    asked = 0;
  }
};

// Hands batches from the thread that reads to the one that writes, and back to be filled again.
// Thread-safe.
class CleanQueue {
 public:
  // `batches` are all that there ever are.
  explicit CleanQueue(std::size_t batches);

  // The reader's side. Waits for a batch to fill; nullptr: the writer has stopped.
  std::unique_ptr<CleanBatch> TakeEmpty();
  void PutFull(std::unique_ptr<CleanBatch> batch);
  // No more come, because of `status`.
  void End(absl::Status status);

  // The writer's side. Waits for the oldest full batch; nullptr: there are no more.
  std::unique_ptr<CleanBatch> TakeFull();
  void PutEmpty(std::unique_ptr<CleanBatch> batch);
  void Stop();
  // What End() was given; to be asked when TakeFull() gave nullptr.
  absl::Status status() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_:
  std::vector<std::unique_ptr<CleanBatch>> empty_;
  std::deque<std::unique_ptr<CleanBatch>> full_;
  bool ended_ = false;
  bool stopped_ = false;
  absl::Status status_;
};

}  // namespace bounced::cli

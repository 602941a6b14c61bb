// How the reader fills pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/sqlite/statement.h"
#include "storage/store.h"

namespace bounced {

inline constexpr std::int64_t kNewest = std::numeric_limits<std::int64_t>::max();

// A page whose rows come from one query or from several, each with its id first, newest first:
// until it is full, or Store::kMaxRowsScanned. `read` gives the row, none when the filter does not
// want it, or an error.
template <typename Row, typename Read>
class PageFilling {
 public:
  PageFilling(int page_size, Read read) : page_size_(page_size), read_(std::move(read)) {}

  // Takes the rows of `query`, whether all of them.
  absl::StatusOr<bool> Take(Query& query) {
    for (;; ++scanned_) {
      absl::StatusOr<bool> there = query.Next();
      if (!there.ok()) return there.status();
      if (!*there) return true;
      bool full = page_.rows.size() >= static_cast<std::size_t>(page_size_);
      if (full || scanned_ == Store::kMaxRowsScanned) {
        page_.next = last_;
        return false;
      }
      last_ = query.Integer(0);
      absl::StatusOr<std::optional<Row>> row = read_(query);
      if (!row.ok()) return row.status();
      if (row->has_value()) page_.rows.push_back(**std::move(row));
    }
  }
  Page<Row> Release() { return std::move(page_); }

 private:
  const int page_size_;
  Read read_;
  int scanned_ = 0;
  Cursor last_ = 0;
  Page<Row> page_;
};

// Of one query, to its end.
template <typename Row, typename Read>
absl::StatusOr<Page<Row>> ReadPage(Query& query, int page_size, Read read) {
  PageFilling<Row, Read> page(page_size, std::move(read));
  absl::StatusOr<bool> taken = page.Take(query);
  if (!taken.ok()) return taken.status();
  return page.Release();
}

inline absl::Status CheckPaging(int page_size, Cursor from) {
  if (page_size >= 1 && from >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError("page_size must be at least 1, and the cursor not below 0");
}

}  // namespace bounced

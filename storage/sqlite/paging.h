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

// A row with its id first, newest first, until a page is full, the end, or Store::kMaxRowsScanned.
// `read` gives the row, none when the filter does not want it, or an error.
template <typename Row, typename Read>
absl::StatusOr<Page<Row>> ReadPage(Query& query, int page_size, Read read) {
  Page<Row> page;
  Cursor last = 0;
  for (int scanned = 0;; ++scanned) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) return page;
    bool full = page.rows.size() >= static_cast<std::size_t>(page_size);
    if (full || scanned == Store::kMaxRowsScanned) {
      page.next = last;
      return page;
    }
    last = query.Integer(0);
    absl::StatusOr<std::optional<Row>> row = read(query);
    if (!row.ok()) return row.status();
    if (row->has_value()) page.rows.push_back(**std::move(row));
  }
}

inline absl::Status CheckPaging(int page_size, Cursor from) {
  if (page_size >= 1 && from >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError("page_size must be at least 1, and the cursor not below 0");
}

}  // namespace bounced

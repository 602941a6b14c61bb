// Rows of a database file, page by page, without SQLite and without its trees: what is left when
// those are damaged ("The Database File Format", 1.5, 1.6, 2.1 and 4).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bounced {

// A value of a column, as it lies in a record. Texts and blobs are good as long as the record.
struct PageText {
  std::string_view octets;
};
struct PageBlob {
  std::string_view octets;
};
using PageValue = std::variant<std::monostate, std::int64_t, double, PageText, PageBlob>;

// One row of a table, or one entry of an index or of a table without rowids.
struct PageRow {
  std::optional<std::int64_t> rowid;  // none: of an index
  std::vector<PageValue> values;
};

// What was made of one page.
struct PageReading {
  bool is_of_tree = false;  // of a table or an index
  int broken_rows = 0;      // of its rows, those that could not be read
  // Pages on which rows of it that could be read go on.
  std::vector<std::int64_t> overflow = {};
};

// The values of the record `payload` (2.1). None: it is none. Total.
std::optional<std::vector<PageValue>> DecodePageRecord(std::string_view payload);

// The pages of a database with those of its WAL in their place. Reads only.
class PageFile {
 public:
  // The longest record that is read.
  static constexpr std::uint64_t kMaxPayloadOctets = 512 << 20;

  // As of FileStatus().
  static absl::StatusOr<PageFile> Open(const std::string& file);
  ~PageFile();
  PageFile(PageFile&& other) noexcept;
  PageFile& operator=(PageFile&&) = delete;

  std::int64_t pages() const { return pages_; }
  // How many commits in the WAL lie behind a frame that is damaged, so that SQLite would not read
  // them. Of the last transaction, which was cut off with the power, there may be one.
  int commits_behind_damage() const { return commits_behind_damage_; }
  std::int64_t page_octets() const { return static_cast<std::int64_t>(page_octets_); }

  // Calls `take` with each row that can be read on page `number` (from 1). A page of another kind
  // has none. DATA_LOSS: the disk does not give the page.
  absl::StatusOr<PageReading> ForEachRow(std::int64_t number,
                                         absl::FunctionRef<void(const PageRow&)> take) const;
  // Pages on which nothing is kept: those of the free list (1.5), as far as it can be followed, and
  // the one that SQLite locks (1.4).
  std::vector<std::int64_t> EmptyPages() const;

 private:
  explicit PageFile(int fd) : fd_(fd) {}
  void ReadWal(const std::string& file);
  absl::StatusOr<std::string> Page(std::int64_t number) const;
  // A cell at `at` of a page whose kind is `type`. Sets the pages on which it goes on.
  std::optional<PageRow> ReadCell(std::string_view page, std::size_t at, unsigned char type,
                                  std::string& payload, std::vector<std::int64_t>& overflow) const;

  int fd_;
  int wal_fd_ = -1;
  std::uint64_t page_octets_ = 4'096;
  std::uint64_t usable_octets_ = 4'096;
  std::int64_t pages_ = 0;
  int commits_behind_damage_ = 0;
  std::map<std::int64_t, std::int64_t> in_wal_;  // page to where it lies there
};

}  // namespace bounced

// Rows of CSV (RFC 4180) or of plain lines, with every octet that they came with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace bounced::cli {

// Of one row with its line end. A quote left open would else take in the rest of the file.
inline constexpr std::size_t kMaxRowOctets = 1 << 20;

struct CsvDialect {
  // What stands between two fields; none: each line is one field.
  std::optional<char> delimiter;
};

// The dialect that the beginning of a text is in: of comma, semicolon and tab the one that makes
// most fields of its first row, in doubt the one named first. With none of them it is plain lines.
// `head` need not be more than the first row, and should not be less.
CsvDialect SniffDialect(std::string_view head);
// Whether `head` holds the first row whole, whichever dialect it is in.
bool HoldsFirstRow(std::string_view head);

// One row. The views are good until the machine is fed again.
struct CsvRow {
  std::string_view raw;    // all of it, line end included
  std::uint64_t line = 0;  // on which it begins, from 1
  bool has_quote = false;
  // INVALID_ARGUMENT: it is too long, which this says, and `raw` is empty.
  absl::Status status = {};

  // Without its line end: LF, CRLF, or none on the last row.
  std::string_view content() const;
  std::string_view line_end() const { return raw.substr(content().size()); }
};

// `status` with the number of the line in front.
absl::Status AtLine(std::uint64_t line, const absl::Status& status);

// Finds the rows of a text that comes in pieces, cut anywhere. No I/O; linear in the text; holds
// the last piece and one row. A row that is too long is passed over up to its end.
//
// A quoted field may hold delimiters, line ends and doubled quotes (RFC 4180, 2.6 and 2.7). A quote
// elsewhere than at the start of a field is text, and so is what stands behind a closing one. In
// plain lines a quote is text. A UTF-8 byte order mark in front of the first row is left out.
class CsvMachine {
 public:
  explicit CsvMachine(CsvDialect dialect, std::size_t max_row_octets = kMaxRowOctets)
      : dialect_(dialect), max_row_octets_(max_row_octets) {}

  void Feed(std::string_view octets);
  // No more comes: what is left is the last row.
  void End() { ended_ = true; }
  // None: it wants more, has given all, or status() tells why it stopped.
  std::optional<CsvRow> Next();
  // INVALID_ARGUMENT, with the number of the line: a quote is never closed, or the text is in
  // UTF-16.
  const absl::Status& status() const { return status_; }
  // Whether the row whose end has not come yet is too long already.
  bool passes_over() const { return passes_over_; }
  bool has_byte_order_mark() const { return has_byte_order_mark_; }

 private:
  enum class State : std::uint8_t { kFieldStart, kPlain, kQuoted, kQuoteInQuoted };

  bool PassByteOrderMark();
  std::optional<CsvRow> PassOver(std::size_t octets, bool is_end);
  std::size_t FindEnd();
  std::size_t FindQuotedEnd(std::string_view row);
  void Fail(std::string_view what);

  const CsvDialect dialect_;
  const std::size_t max_row_octets_;
  absl::Status status_;
  bool begun_ = false;
  bool ended_ = false;
  bool has_byte_order_mark_ = false;
  std::string buffer_;
  std::size_t row_ = 0;      // where in the buffer the row begins
  std::size_t scanned_ = 0;  // octets of the row that have been looked at, in `state_` after them
  State state_ = State::kFieldStart;
  bool has_quote_ = false;
  bool passes_over_ = false;         // what came of the row is dropped
  std::uint64_t dropped_lines_ = 0;  // ends of lines in that
  std::uint64_t line_ = 1;
};

// The fields of one row, from the left, quotes undone.
class CsvFields {
 public:
  CsvFields(const CsvRow& row, CsvDialect dialect);
  // None: there are no more. The view is into the row or into this object, and good until the next
  // call. A row has at least one field, which may be empty.
  std::optional<std::string_view> Next();
  // The same as calling Next() `count` times without looking.
  void Skip(std::size_t count);

 private:
  std::string_view Quoted();

  std::string_view rest_;
  const CsvDialect dialect_;
  const bool has_quote_;
  bool done_ = false;
  std::string undone_;
};

std::vector<std::string> AllFields(const CsvRow& row, CsvDialect dialect);

}  // namespace bounced::cli

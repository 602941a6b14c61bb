// A list of addresses as people keep it: CSV with a column of addresses, or an address a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/cli/csv_machine.h"
#include "server/cli/streams.h"

namespace bounced::cli {

enum class Header { kAuto, kNone };

struct TableOptions {
  std::optional<char> delimiter = std::nullopt;  // none: as SniffDialect() finds
  std::string column = "";  // a name of the header, or a number from 1; empty: found
  Header header = Header::kAuto;
  std::size_t max_row_octets = kMaxRowOctets;
};

// Where the addresses are, and whether the first row names columns.
struct AddressColumn {
  std::size_t index = 0;
  bool has_header = false;
};

// Finds the column of addresses by the first row. Names are compared without case, blanks, `-` and
// `_`; without a wanted one, the first of these that is there is taken: email, email address, mail,
// mail address, recipient, recipient address, rcpt, subscriber, address, to. If none is there, it
// is the one field with an @ in it, and there is no header. A column that was wanted by number has
// a header if its first field holds no @. INVALID_ARGUMENT: none, or more than one, and what to do.
absl::StatusOr<AddressColumn> FindAddressColumn(const std::vector<std::string>& first_row,
                                                std::string_view wanted, Header header);

// Reads a Source row by row; holds one block of it and one row.
class Table {
 public:
  // Reads the first row. INVALID_ARGUMENT: cannot be read, or the column cannot be found.
  static absl::StatusOr<std::unique_ptr<Table>> Open(Source& source, const TableOptions& options);

  const CsvDialect& dialect() const { return dialect_; }
  bool has_byte_order_mark() const { return machine_->has_byte_order_mark(); }
  std::size_t address_column() const { return column_.index; }
  // The row that names the columns, as it came; empty: there is none.
  const std::string& header() const { return header_; }
  const std::vector<std::string>& column_names() const { return names_; }

  // The next row of data, also one that is too long; its views are good until the next call. None:
  // that was all. INVALID_ARGUMENT: cannot be read, with the number of the line.
  absl::StatusOr<std::optional<CsvRow>> Next();

 private:
  explicit Table(Source& source) : source_(source), block_(kReadOctets, '\0') {}

  absl::StatusOr<std::string_view> Read();
  absl::Status ReadFirstRow(const TableOptions& options);

  Source& source_;
  std::string block_;
  bool ended_ = false;
  std::optional<CsvMachine> machine_;
  CsvDialect dialect_;
  AddressColumn column_;
  std::string header_;
  std::vector<std::string> names_;
  std::optional<CsvRow> first_;  // the first row, if it is data and has not been given
};

}  // namespace bounced::cli

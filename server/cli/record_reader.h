// Lists as systems export them, CSV or JSON, row by row.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/cli/csv_writer.h"
#include "server/cli/record.h"
#include "server/cli/streams.h"
#include "server/cli/table.h"

namespace bounced::cli {

enum class Syntax : std::uint8_t { kLines, kCsv, kJsonRows };

// Reads a Source; holds a block of it and a row or two, however long it is.
class RecordReader {
 public:
  virtual ~RecordReader() = default;

  // The next row. False: that was all. A row that cannot be read has its status. INVALID_ARGUMENT,
  // with the number of the line: nothing more can be read.
  absl::StatusOr<bool> Next(Record& record);

  Syntax syntax() const { return syntax_; }
  // What the first row has, normalized: the names of its columns, or of its fields. Columns without
  // names are called `1`, `2` and so on.
  const std::vector<std::string>& names() const { return names_; }
  // Of a list of CSV: which of them holds the addresses. Of JSON: empty.
  const std::string& address_name() const { return address_name_; }
  // The first row of data; its fields are none if there is no row.
  const Record& first() const { return first_; }

 protected:
  RecordReader() = default;
  // Reads the first row; must be called once.
  absl::Status Begin();
  virtual absl::StatusOr<bool> Read(Record& record) = 0;

  Syntax syntax_ = Syntax::kLines;
  std::vector<std::string> names_;
  std::string address_name_;

 private:
  Record first_;
  bool has_first_ = false;
};

// Text that begins with `{` or `[` as JSON does is taken for JSON, all other for what Table reads.
// `lists` are the names under which pages of JSON have their rows (json_machine.h). `source` and
// `lists` outlive the reader. INVALID_ARGUMENT: cannot be read.
absl::StatusOr<std::unique_ptr<RecordReader>> OpenRecords(Source& source,
                                                          const TableOptions& options,
                                                          FormulaGuard guard,
                                                          std::span<const std::string_view> lists);

}  // namespace bounced::cli

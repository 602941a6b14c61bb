// Suppressions as CSV: what `export` writes and `import` reads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bounced/v1/suppression.pb.h"
#include "server/cli/csv_machine.h"
#include "server/cli/csv_writer.h"

namespace bounced::cli {

// The first row, with its line end.
inline constexpr std::string_view kSuppressionCsvHeader =
    "address,tenant,stream,source,reason,bounce_class,create_time,expire_time,explanation\n";

// Appends one row. Times are RFC 3339, enumerations words, what is not set is empty.
void AppendSuppressionCsv(std::string& csv, const v1::Suppression& suppression, FormulaGuard guard);

// Reads rows of a list, whichever of the columns above it has, in whatever order. Columns that it
// does not know, and `source`, which the server sets, are passed over.
class SuppressionCsvReader {
 public:
  // `names` are the columns, empty if there is no header; `tenant` is the one that rows go to.
  SuppressionCsvReader(CsvDialect dialect, const std::vector<std::string>& names,
                       std::size_t address_column, std::string_view tenant, FormulaGuard guard);

  // INVALID_ARGUMENT says what is wrong, without the address: no address, no valid UTF-8, another
  // tenant, not a time or a class, too long a field.
  absl::StatusOr<v1::Suppression> Read(const CsvRow& row) const;

 private:
  using Setter = absl::Status (SuppressionCsvReader::*)(v1::Suppression&, std::string_view) const;
  struct Column {
    std::string_view name;
    Setter set;
  };
  static const Column kColumns[];

  absl::Status SetAddress(v1::Suppression& suppression, std::string_view value) const;
  absl::Status SetTenant(v1::Suppression& suppression, std::string_view value) const;
  absl::Status SetStream(v1::Suppression& suppression, std::string_view value) const;
  absl::Status SetReason(v1::Suppression& suppression, std::string_view value) const;
  absl::Status SetBounceClass(v1::Suppression& suppression, std::string_view value) const;
  absl::Status SetCreateTime(v1::Suppression& suppression, std::string_view value) const;
  absl::Status SetExpireTime(v1::Suppression& suppression, std::string_view value) const;
  absl::Status SetExplanation(v1::Suppression& suppression, std::string_view value) const;

  const CsvDialect dialect_;
  const std::string tenant_;
  const FormulaGuard guard_;
  std::vector<Setter> setters_;  // by column; nullptr: passed over
};

}  // namespace bounced::cli

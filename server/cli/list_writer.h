// Suppressions in the forms that other systems take. README, "Moving here from another provider".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bounced/v1/suppression.pb.h"
#include "server/cli/csv_writer.h"

namespace bounced::cli {

// The names of all, with a comma between; the first two are our own.
std::string ListWriterNames();

// Writes one list. Belongs to its thread.
class ListWriter {
 public:
  virtual ~ListWriter() = default;

  // What stands before all rows, and behind them.
  virtual std::string Head() const { return ""; }
  virtual void Finish(std::string&) {}
  // Appends what the suppression is there; several may make a request of an API. False: it has no
  // place there and is left out, for the list does not hold its kind, or has no end for what ends,
  // or takes no domain, or the suppression is held by an incident, and not in force, or its address
  // was forgotten.
  virtual bool Append(std::string& text, const v1::Suppression& suppression) = 0;
};

// Whose rows come: of any stream, or of one that was asked for.
enum class RowsOf : std::uint8_t { kAllStreams, kOneStream };

// Whether it is not one of our own. INVALID_ARGUMENT: no format is called so.
absl::StatusOr<bool> IsForeignList(std::string_view format);

// INVALID_ARGUMENT: no format is called so.
absl::StatusOr<std::unique_ptr<ListWriter>> MakeListWriter(std::string_view format,
                                                           FormulaGuard guard, RowsOf rows);

}  // namespace bounced::cli

#include "server/cli/table.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/output.h"

namespace bounced::cli {
namespace {

// From the surest to the least sure.
constexpr std::string_view kAddressNames[] = {
    "email", "emailaddress", "mail",    "mailaddress", "recipient", "recipientaddress",
    "rcpt",  "subscriber",   "address", "to",
};

std::string Normalized(std::string_view name) {
  std::string normalized;
  for (char c : StripBlanks(name)) {
    if (c != ' ' && c != '-' && c != '_') normalized += FoldCase(c);
  }
  return normalized;
}

absl::Status ColumnError(std::string_view what, const std::vector<std::string>& first_row) {
  std::string names;
  for (const std::string& name : first_row) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", Shown(name));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(Absl(what), "; the first row is: ", names,
                   ". Name the column with --column NAME or --column NUMBER"));
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

absl::StatusOr<AddressColumn> ColumnByNumber(const std::vector<std::string>& first_row,
                                             std::string_view wanted, Header header) {
  std::size_t number = 0;
  const auto parsed = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  if (parsed.ec != std::errc() || number == 0 || number > first_row.size()) {
    return ColumnError(absl::StrCat("there is no column ", Absl(wanted)), first_row);
  }
  const bool has_header =
      header == Header::kAuto && first_row[number - 1].find('@') == std::string::npos;
  return AddressColumn{number - 1, has_header};
}

// Not found: nullopt.
absl::StatusOr<std::optional<std::size_t>> ColumnByName(const std::vector<std::string>& first_row,
                                                        std::string_view name) {
  const std::string wanted = Normalized(name);
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < first_row.size(); ++i) {
    if (Normalized(first_row[i]) != wanted) continue;
    if (found) {
      return ColumnError(absl::StrCat("more than one column is called ", Shown(name)), first_row);
    }
    found = i;
  }
  return found;
}

absl::StatusOr<AddressColumn> ColumnByContent(const std::vector<std::string>& first_row) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < first_row.size(); ++i) {
    if (first_row[i].find('@') == std::string::npos) continue;
    if (found) return ColumnError("more than one column holds addresses", first_row);
    found = i;
  }
  if (!found) return ColumnError("no column of addresses was found", first_row);
  return AddressColumn{*found, false};
}

}  // namespace

absl::StatusOr<AddressColumn> FindAddressColumn(const std::vector<std::string>& first_row,
                                                std::string_view wanted, Header header) {
  if (IsNumber(wanted)) return ColumnByNumber(first_row, wanted, header);
  if (header == Header::kNone) {
    if (wanted.empty()) return ColumnByContent(first_row);
    return absl::InvalidArgumentError("without a header --column takes a number");
  }
  if (!wanted.empty()) {
    auto found = ColumnByName(first_row, wanted);
    if (!found.ok()) return found.status();
    if (*found) return AddressColumn{**found, true};
    return ColumnError(absl::StrCat("no column is called ", Shown(wanted)), first_row);
  }
  for (std::string_view name : kAddressNames) {
    auto found = ColumnByName(first_row, name);
    if (!found.ok()) return found.status();
    if (*found) return AddressColumn{**found, true};
  }
  return ColumnByContent(first_row);
}

absl::StatusOr<std::unique_ptr<Table>> Table::Open(Source& source, const TableOptions& options) {
  std::unique_ptr<Table> table(new Table(source));
  if (absl::Status status = table->ReadFirstRow(options); !status.ok()) return status;
  return table;
}

absl::StatusOr<std::optional<CsvRow>> Table::Next() {
  if (first_) return std::exchange(first_, std::nullopt);
  for (;;) {
    if (std::optional<CsvRow> row = machine_->Next()) return row;
    if (!machine_->status().ok()) return machine_->status();
    if (ended_) return std::optional<CsvRow>();
    absl::StatusOr<std::string_view> piece = Read();
    if (!piece.ok()) return piece.status();
    machine_->Feed(*piece);
    if (ended_) machine_->End();
  }
}

// Into block_; nothing at the end.
absl::StatusOr<std::string_view> Table::Read() {
  absl::StatusOr<std::size_t> got = source_.Read(block_.data(), block_.size());
  if (!got.ok()) return got.status();
  ended_ = *got == 0;
  return std::string_view(block_).substr(0, *got);
}

absl::Status Table::ReadFirstRow(const TableOptions& options) {
  std::string head;
  while (!ended_ && !HoldsFirstRow(head) && head.size() <= options.max_row_octets) {
    absl::StatusOr<std::string_view> piece = Read();
    if (!piece.ok()) return piece.status();
    head += *piece;
  }
  dialect_ = options.delimiter ? CsvDialect{options.delimiter} : SniffDialect(head);
  machine_.emplace(dialect_, options.max_row_octets);
  machine_->Feed(head);
  if (ended_) machine_->End();

  // It tells what the columns are, so that without it nothing can be read.
  const absl::Status too_long = absl::InvalidArgumentError(
      absl::StrCat("line 1: a row is longer than ", options.max_row_octets,
                   " octets; is a quote opened and never closed?"));
  first_ = machine_->Next();
  if (machine_->passes_over()) return too_long;
  absl::StatusOr<std::optional<CsvRow>> row = Next();
  if (!row.ok()) return row.status();
  if (!*row) return absl::OkStatus();
  if (!(*row)->status.ok()) return too_long;
  // Without this all of an old Macintosh's file would be one row, and no address.
  const std::string_view content = (*row)->content();
  if (content.find('\r') != content.npos && content.find('"') == content.npos) {
    return absl::InvalidArgumentError(
        "line 1: a CR without LF; lines must end in LF or CRLF (tr '\\r' '\\n' converts)");
  }
  std::vector<std::string> fields = AllFields(**row, dialect_);
  const bool plain = !dialect_.delimiter;
  if (plain && options.column.empty() && options.header == Header::kNone) {
    first_ = **row;
    return absl::OkStatus();
  }
  absl::StatusOr<AddressColumn> column = FindAddressColumn(fields, options.column, options.header);
  // Plain lines have one column, whatever is in the first.
  if (!column.ok() && plain && options.column.empty()) column = AddressColumn{0, false};
  if (!column.ok()) return column.status();
  column_ = *column;
  if (column_.has_header) {
    header_ = (*row)->raw;
    names_ = std::move(fields);
  } else {
    first_ = **row;
  }
  return absl::OkStatus();
}

}  // namespace bounced::cli

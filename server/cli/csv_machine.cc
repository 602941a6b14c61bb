#include "server/cli/csv_machine.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kDelimiters = ",;\t|";
constexpr std::size_t kNotFound = std::string_view::npos;

std::size_t Find(std::string_view text, char c) {
  // An empty view may have no address, which memchr() must not be given.
  if (text.empty()) return kNotFound;
  const void* found = std::memchr(text.data(), c, text.size());
  return found == nullptr ? kNotFound
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

bool HoldsFirstRow(std::string_view head) {
  return std::all_of(kDelimiters.begin(), kDelimiters.end(), [head](char delimiter) {
    CsvMachine machine({delimiter}, head.size() + 1);
    machine.Feed(head);
    return machine.Next().has_value();
  });
}

CsvDialect SniffDialect(std::string_view head) {
  CsvDialect best;
  std::size_t most = 1;
  // A bar may be part of an address, so it is a delimiter only in a row of names.
  const std::string_view first_line = head.substr(0, head.find_first_of("\r\n"));
  const bool has_address = first_line.find('@') != std::string_view::npos;
  for (char delimiter : kDelimiters) {
    if (delimiter == '|' && has_address) continue;
    const CsvDialect dialect{delimiter};
    CsvMachine machine(dialect, head.size() + 1);
    machine.Feed(head);
    machine.End();
    std::optional<CsvRow> row = machine.Next();
    const std::size_t fields = row ? AllFields(*row, dialect).size() : 0;
    if (fields > most) {
      most = fields;
      best = dialect;
    }
  }
  return best;
}

std::string_view CsvRow::content() const {
  std::string_view content = raw;
  if (content.ends_with('\n')) {
    content.remove_suffix(1);
    if (content.ends_with('\r')) content.remove_suffix(1);
  }
  return content;
}

absl::Status AtLine(std::uint64_t line, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("line ", line, ": ", status.message()));
}

void CsvMachine::Feed(std::string_view octets) {
  buffer_.erase(0, row_);
  row_ = 0;
  buffer_ += octets;
}

std::optional<CsvRow> CsvMachine::Next() {
  if (!status_.ok() || !PassByteOrderMark()) return std::nullopt;
  std::size_t octets = FindEnd();
  const std::size_t available = buffer_.size() - row_;
  if (octets == kNotFound && ended_ && (available > 0 || passes_over_)) {
    if (state_ == State::kQuoted) {
      Fail("a quote is opened and never closed");
      return std::nullopt;
    }
    octets = available;
  }
  const bool is_end = octets != kNotFound;
  octets = std::min(octets, available);
  if (passes_over_ || octets > max_row_octets_) return PassOver(octets, is_end);
  if (!is_end) return std::nullopt;

  CsvRow row{std::string_view(buffer_).substr(row_, octets), line_, has_quote_};
  line_ +=
      has_quote_ ? static_cast<std::uint64_t>(std::count(row.raw.begin(), row.raw.end(), '\n')) : 1;
  row_ += octets;
  scanned_ = 0;
  state_ = State::kFieldStart;
  has_quote_ = false;
  return row;
}

// Drops so many octets of a row that is too long. The row is given at its end.
std::optional<CsvRow> CsvMachine::PassOver(std::size_t octets, bool is_end) {
  const std::string_view dropped = std::string_view(buffer_).substr(row_, octets);
  dropped_lines_ += static_cast<std::uint64_t>(std::count(dropped.begin(), dropped.end(), '\n'));
  row_ += octets;
  scanned_ = 0;
  passes_over_ = !is_end;
  if (!is_end) return std::nullopt;
  std::string why = absl::StrCat("a row is longer than ", max_row_octets_, " octets");
  if (dropped_lines_ > 1) {
    absl::StrAppend(&why, " and ends on line ", line_ + dropped_lines_ - 1,
                    "; is a quote opened and never closed?");
  }
  CsvRow row{.raw = {}, .line = line_, .has_quote = has_quote_};
  row.status = absl::InvalidArgumentError(why);
  line_ += std::max(dropped_lines_, std::uint64_t{1});
  dropped_lines_ = 0;
  state_ = State::kFieldStart;
  has_quote_ = false;
  return row;
}

// False: more octets have to come before one can tell.
bool CsvMachine::PassByteOrderMark() {
  if (begun_) return true;
  const std::string_view text = buffer_;
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    Fail("the text is in UTF-16; make it UTF-8 first: iconv -f UTF-16 -t UTF-8");
    return false;
  }
  const std::size_t compared = std::min(text.size(), kByteOrderMark.size());
  const bool may_be_mark = text.substr(0, compared) == kByteOrderMark.substr(0, compared) ||
                           (text.size() == 1 && (text[0] == '\xFE' || text[0] == '\xFF'));
  if (may_be_mark && compared < kByteOrderMark.size() && !ended_) return false;
  begun_ = true;
  has_byte_order_mark_ = text.starts_with(kByteOrderMark);
  if (has_byte_order_mark_) row_ = kByteOrderMark.size();
  return true;
}

// The octets of the row that begins at row_, line end included; or kNotFound, and all that there is
// has been scanned.
std::size_t CsvMachine::FindEnd() {
  const std::string_view text = std::string_view(buffer_).substr(row_);
  if (!dialect_.delimiter) {
    const std::size_t end = Find(text.substr(scanned_), '\n');
    if (end != kNotFound) return scanned_ + end + 1;
    scanned_ = text.size();
    return kNotFound;
  }
  // Most rows have no quote: two searches over memory are far cheaper than a step for each octet.
  if (scanned_ == 0 && !passes_over_) {
    const std::size_t end = Find(text, '\n');
    if (end != kNotFound && Find(text.substr(0, end), '"') == kNotFound) return end + 1;
  }
  return FindQuotedEnd(text);
}

std::size_t CsvMachine::FindQuotedEnd(std::string_view row) {
  const char delimiter = *dialect_.delimiter;
  State state = state_;
  std::size_t at = scanned_;
  for (; at < row.size(); ++at) {
    const char c = row[at];
    has_quote_ |= c == '"';
    if (state == State::kQuoted) {
      if (c == '"') state = State::kQuoteInQuoted;
    } else if (c == '\n') {
      return at + 1;
    } else if (c == delimiter) {
      state = State::kFieldStart;
    } else if (c == '"' && state != State::kPlain) {
      state = State::kQuoted;
    } else {
      state = State::kPlain;
    }
  }
  scanned_ = at;
  state_ = state;
  return kNotFound;
}

void CsvMachine::Fail(std::string_view what) {
  status_ = AtLine(line_, absl::InvalidArgumentError(Absl(what)));
}

CsvFields::CsvFields(const CsvRow& row, CsvDialect dialect)
    : rest_(row.content()),
      dialect_(dialect),
      has_quote_(dialect.delimiter ? row.has_quote : rest_.starts_with('"')) {}

std::optional<std::string_view> CsvFields::Next() {
  if (done_) return std::nullopt;
  // The one value of a line that is quoted as a whole: such lists come out of spreadsheets.
  const bool quoted = dialect_.delimiter ? has_quote_ && rest_.starts_with('"')
                                         : has_quote_ && rest_.size() >= 2 && rest_.ends_with('"');
  if (quoted) return Quoted();
  const std::size_t end = dialect_.delimiter ? Find(rest_, *dialect_.delimiter) : kNotFound;
  const std::string_view field = rest_.substr(0, end);
  done_ = end == kNotFound;
  if (!done_) rest_.remove_prefix(end + 1);
  return field;
}

void CsvFields::Skip(std::size_t count) {
  while (count > 0 && Next()) --count;
}

// The field that begins with the quote at the start of rest_.
std::string_view CsvFields::Quoted() {
  undone_.clear();
  std::size_t at = 1;
  for (;;) {
    const std::size_t quote = std::min(rest_.find('"', at), rest_.size());
    undone_ += rest_.substr(at, quote - at);
    at = std::min(quote + 1, rest_.size());
    if (at == rest_.size() || rest_[at] != '"') break;
    undone_ += '"';
    ++at;
  }
  const std::string_view behind = rest_.substr(at);
  const std::size_t end = dialect_.delimiter ? Find(behind, *dialect_.delimiter) : kNotFound;
  undone_ += behind.substr(0, end);
  done_ = end == kNotFound;
  if (!done_) rest_ = behind.substr(end + 1);
  return undone_;
}

std::vector<std::string> AllFields(const CsvRow& row, CsvDialect dialect) {
  std::vector<std::string> all;
  CsvFields fields(row, dialect);
  while (std::optional<std::string_view> field = fields.Next()) all.emplace_back(*field);
  return all;
}

}  // namespace bounced::cli

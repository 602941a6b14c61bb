#include "server/cli/record_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/csv_machine.h"
#include "server/cli/json_machine.h"

namespace bounced::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Octets that have been looked at, and then those of another source.
class ReplayedSource : public Source {
 public:
  ReplayedSource(std::string head, Source& rest) : head_(std::move(head)), rest_(rest) {}

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    if (at_ == head_.size()) return rest_.Read(buffer, size);
    const std::size_t octets = head_.copy(buffer, size, at_);
    at_ += octets;
    return octets;
  }
  bool WouldWait() override { return at_ == head_.size() && rest_.WouldWait(); }
  void Interrupt() override { rest_.Interrupt(); }

 private:
  const std::string head_;
  std::size_t at_ = 0;
  Source& rest_;
};

class CsvRecords final : public RecordReader {
 public:
  static absl::StatusOr<std::unique_ptr<RecordReader>> Open(std::unique_ptr<Source> source,
                                                            const TableOptions& options,
                                                            FormulaGuard guard) {
    absl::StatusOr<std::unique_ptr<Table>> table = Table::Open(*source, options);
    if (!table.ok()) return table.status();
    std::unique_ptr<CsvRecords> records(
        new CsvRecords(std::move(source), *std::move(table), guard));
    if (absl::Status status = records->Begin(); !status.ok()) return status;
    return records;
  }

 private:
  CsvRecords(std::unique_ptr<Source> source, std::unique_ptr<Table> table, FormulaGuard guard)
      : source_(std::move(source)), table_(std::move(table)), guard_(guard) {
    syntax_ = table_->dialect().delimiter ? Syntax::kCsv : Syntax::kLines;
    for (const std::string& name : table_->column_names()) names_.push_back(NormalizedName(name));
    address_name_ = NameOf(table_->address_column());
  }

  // The columns beyond those that are named have their number.
  const std::string& NameOf(std::size_t column) {
    while (column >= names_.size()) names_.push_back(absl::StrCat(names_.size() + 1));
    return names_[column];
  }

  absl::StatusOr<bool> Read(Record& record) override {
    absl::StatusOr<std::optional<CsvRow>> row = table_->Next();
    if (!row.ok()) return row.status();
    if (!*row) return false;
    record.line = (*row)->line;
    record.status = (*row)->status;
    if (!record.status.ok()) return true;
    CsvFields fields(**row, table_->dialect());
    std::size_t column = 0;
    while (std::optional<std::string_view> value = fields.Next()) {
      if (column == kMaxRecordFields) {
        record.status =
            absl::InvalidArgumentError(absl::StrCat("more than ", kMaxRecordFields, " fields"));
        break;
      }
      const bool may_be_marked = guard_ == FormulaGuard::kMark && table_->dialect().delimiter;
      if (may_be_marked) value = TakeMarkOff(*value);
      if (record.status = CheckField(*value); !record.status.ok()) break;
      Record::Field& field = record.Add();
      field.name = NameOf(column++);
      field.value = *value;
    }
    return true;
  }

  const std::unique_ptr<Source> source_;
  const std::unique_ptr<Table> table_;
  const FormulaGuard guard_;
};

class JsonRecords final : public RecordReader {
 public:
  static absl::StatusOr<std::unique_ptr<RecordReader>> Open(
      std::unique_ptr<Source> source, std::size_t max_row_octets,
      std::span<const std::string_view> lists) {
    std::unique_ptr<JsonRecords> records(new JsonRecords(std::move(source), max_row_octets, lists));
    if (absl::Status status = records->Begin(); !status.ok()) return status;
    for (const Record::Field& field : records->first().fields()) {
      std::vector<std::string>& names = records->names_;
      const bool is_known = std::find(names.begin(), names.end(), field.name) != names.end();
      if (!is_known) names.push_back(field.name);
    }
    return records;
  }

 private:
  JsonRecords(std::unique_ptr<Source> source, std::size_t max_row_octets,
              std::span<const std::string_view> lists)
      : source_(std::move(source)), block_(kReadOctets, '\0'), machine_(lists, max_row_octets) {
    syntax_ = Syntax::kJsonRows;
  }

  absl::StatusOr<bool> Read(Record& record) override {
    for (;;) {
      if (std::optional<JsonRow> row = machine_.Next()) {
        record.line = row->line;
        record.status = row->status.ok() ? ReadJson(row->text, record) : row->status;
        return true;
      }
      if (!machine_.status().ok()) return machine_.status();
      if (ended_) return false;
      absl::StatusOr<std::size_t> got = source_->Read(block_.data(), block_.size());
      if (!got.ok()) return got.status();
      machine_.Feed(std::string_view(block_).substr(0, *got));
      ended_ = *got == 0;
      if (ended_) machine_.End();
    }
  }

  const std::unique_ptr<Source> source_;
  std::string block_;
  bool ended_ = false;
  JsonMachine machine_;
};

// Whether `head`, without a byte order mark, begins as JSON does; an address may begin with a
// brace, too. None: more octets have to come before one can tell.
std::optional<bool> IsJson(std::string_view head) {
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first == head.npos) return std::nullopt;
  if (head[first] != '{' && head[first] != '[') return false;
  const std::size_t second = head.find_first_not_of(" \t\r\n", first + 1);
  if (second == head.npos) return std::nullopt;
  return head[first] == '{' ? head[second] == '"' || head[second] == '}'
                            : head[second] == '{' || head[second] == '"' || head[second] == ']';
}

// What of `head` is a byte order mark. None: more octets have to come before one can tell.
std::optional<std::size_t> MarkOctets(std::string_view head) {
  if (head.starts_with(kByteOrderMark)) return kByteOrderMark.size();
  if (head.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(head)) return std::nullopt;
  return 0;
}

}  // namespace

absl::Status RecordReader::Begin() {
  absl::StatusOr<bool> read = Read(first_);
  if (!read.ok()) return read.status();
  has_first_ = *read;
  return absl::OkStatus();
}

absl::StatusOr<bool> RecordReader::Next(Record& record) {
  record.Clear();
  if (!std::exchange(has_first_, false)) return Read(record);
  record = first_;
  return true;
}

absl::StatusOr<std::unique_ptr<RecordReader>> OpenRecords(Source& source,
                                                          const TableOptions& options,
                                                          FormulaGuard guard,
                                                          std::span<const std::string_view> lists) {
  std::string head;
  std::string block(kReadOctets, '\0');
  std::optional<std::size_t> mark;
  std::optional<bool> is_json;
  while (!is_json && head.size() <= options.max_row_octets) {
    absl::StatusOr<std::size_t> got = source.Read(block.data(), block.size());
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    head += std::string_view(block).substr(0, *got);
    mark = MarkOctets(head);
    if (mark) is_json = IsJson(std::string_view(head).substr(*mark));
  }
  if (!is_json.value_or(false)) {
    return CsvRecords::Open(std::make_unique<ReplayedSource>(std::move(head), source), options,
                            guard);
  }
  head.erase(0, *mark);
  return JsonRecords::Open(std::make_unique<ReplayedSource>(std::move(head), source),
                           options.max_row_octets, lists);
}

}  // namespace bounced::cli

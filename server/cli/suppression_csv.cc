#include "server/cli/suppression_csv.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/output.h"
#include "server/cli/times.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

// More than the server takes of any field; what is between the two it refuses itself.
constexpr std::size_t kMaxFieldOctets = 4 << 10;

// A length of time from now has no meaning in a list that is kept: only the full form is taken.
absl::StatusOr<google::protobuf::Timestamp> ReadTime(std::string_view name,
                                                     std::string_view value) {
  absl::StatusOr<absl::Time> time = ParseFullTime(value);
  if (time.ok()) return ToTimestamp(*time);
  return absl::InvalidArgumentError(absl::StrCat(Absl(name), ": ", time.status().message()));
}

}  // namespace

void AppendSuppressionCsv(std::string& csv, const v1::Suppression& suppression,
                          FormulaGuard guard) {
  const std::string fields[] = {
      suppression.address(),
      suppression.tenant(),
      suppression.stream(),
      Word(suppression.source()),
      suppression.reason(),
      Word(suppression.bounce_class()),
      FormatTime(suppression.create_time()),
      FormatTime(suppression.expire_time()),
      suppression.explanation(),
  };
  for (const std::string& field : fields) {
    AppendCsvField(csv, field, ',', guard);
    csv += ',';
  }
  csv.back() = '\n';
}

const SuppressionCsvReader::Column SuppressionCsvReader::kColumns[] = {
    {"address", &SuppressionCsvReader::SetAddress},
    {"tenant", &SuppressionCsvReader::SetTenant},
    {"stream", &SuppressionCsvReader::SetStream},
    {"reason", &SuppressionCsvReader::SetReason},
    {"bounce_class", &SuppressionCsvReader::SetBounceClass},
    {"create_time", &SuppressionCsvReader::SetCreateTime},
    {"expire_time", &SuppressionCsvReader::SetExpireTime},
    {"explanation", &SuppressionCsvReader::SetExplanation},
};

SuppressionCsvReader::SuppressionCsvReader(CsvDialect dialect,
                                           const std::vector<std::string>& names,
                                           std::size_t address_column, std::string_view tenant,
                                           FormulaGuard guard)
    : dialect_(dialect), tenant_(tenant), guard_(guard) {
  setters_.resize(std::max(names.size(), address_column + 1), nullptr);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const Column& column : kColumns) {
      const bool is_address = column.name == "address";
      if (!is_address && EqualsIgnoringCase(StripBlanks(names[i]), column.name)) {
        setters_[i] = column.set;
      }
    }
  }
  setters_[address_column] = &SuppressionCsvReader::SetAddress;
}

absl::StatusOr<v1::Suppression> SuppressionCsvReader::Read(const CsvRow& row) const {
  v1::Suppression suppression;
  CsvFields fields(row, dialect_);
  for (Setter set : setters_) {
    std::optional<std::string_view> field = fields.Next();
    if (!field) break;
    if (set == nullptr) continue;
    std::string_view value = *field;
    if (guard_ == FormulaGuard::kMark && dialect_.delimiter) value = TakeMarkOff(value);
    if (value.size() > kMaxFieldOctets) {
      return absl::InvalidArgumentError(
          absl::StrCat("a field is longer than ", kMaxFieldOctets, " octets"));
    }
    if (!IsValidUtf8(value)) return absl::InvalidArgumentError("not UTF-8");
    if (absl::Status status = (this->*set)(suppression, value); !status.ok()) return status;
  }
  if (suppression.address().empty()) return absl::InvalidArgumentError("no address");
  return suppression;
}

absl::Status SuppressionCsvReader::SetAddress(v1::Suppression& suppression,
                                              std::string_view value) const {
  suppression.set_address(std::string(StripBlanks(value)));
  return absl::OkStatus();
}

absl::Status SuppressionCsvReader::SetTenant(v1::Suppression&, std::string_view value) const {
  const std::string_view wanted = tenant_.empty() ? std::string_view("default") : tenant_;
  if (value.empty() || value == wanted) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("of tenant ", Shown(value), ", not ", Absl(wanted), "; see --tenant"));
}

absl::Status SuppressionCsvReader::SetStream(v1::Suppression& suppression,
                                             std::string_view value) const {
  suppression.set_stream(std::string(value));
  return absl::OkStatus();
}

absl::Status SuppressionCsvReader::SetReason(v1::Suppression& suppression,
                                             std::string_view value) const {
  suppression.set_reason(std::string(value));
  return absl::OkStatus();
}

absl::Status SuppressionCsvReader::SetBounceClass(v1::Suppression& suppression,
                                                  std::string_view value) const {
  if (value.empty()) return absl::OkStatus();
  std::optional<v1::BounceClass> bounce_class = FromWord<v1::BounceClass>(value);
  if (!bounce_class) return absl::InvalidArgumentError("bounce_class: no such class");
  suppression.set_bounce_class(*bounce_class);
  return absl::OkStatus();
}

absl::Status SuppressionCsvReader::SetCreateTime(v1::Suppression& suppression,
                                                 std::string_view value) const {
  if (value.empty()) return absl::OkStatus();
  absl::StatusOr<google::protobuf::Timestamp> time = ReadTime("create_time", value);
  if (!time.ok()) return time.status();
  *suppression.mutable_create_time() = *time;
  return absl::OkStatus();
}

absl::Status SuppressionCsvReader::SetExpireTime(v1::Suppression& suppression,
                                                 std::string_view value) const {
  if (value.empty()) return absl::OkStatus();
  absl::StatusOr<google::protobuf::Timestamp> time = ReadTime("expire_time", value);
  if (!time.ok()) return time.status();
  *suppression.mutable_expire_time() = *time;
  return absl::OkStatus();
}

absl::Status SuppressionCsvReader::SetExplanation(v1::Suppression& suppression,
                                                  std::string_view value) const {
  suppression.set_explanation(std::string(value));
  return absl::OkStatus();
}

}  // namespace bounced::cli

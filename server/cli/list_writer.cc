#include "server/cli/list_writer.h"

#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/json.h"
#include "server/cli/output.h"
#include "server/cli/suppression_csv.h"

namespace bounced::cli {
namespace {

// Of what stands in for an address that was forgotten (SuppressionService.Forget): it is nobody
// elsewhere.
constexpr std::string_view kStandInDomain = "@forgotten.invalid";

absl::Time CreatedAt(const v1::Suppression& row) {
  return absl::FromUnixSeconds(row.create_time().seconds());
}

// --- Our own

class OwnCsv final : public ListWriter {
 public:
  explicit OwnCsv(FormulaGuard guard) : guard_(guard) {}
  std::string Head() const override { return std::string(kSuppressionCsvHeader); }
  bool Append(std::string& text, const v1::Suppression& row) override {
    // A column for it would say nothing elsewhere, and without one it would be in force there.
    if (row.incident_id() != 0) return false;
    AppendSuppressionCsv(text, row, guard_);
    return true;
  }

 private:
  const FormulaGuard guard_;
};

class OwnJson final : public ListWriter {
 public:
  bool Append(std::string& text, const v1::Suppression& row) override {
    text += ToJson(row);
    text += '\n';
    return true;
  }
};

// --- Those of others

// Most hold what stops for good only, for they have no end for it.
struct ForeignFormat {
  std::string_view name;
  // A row of CSV, its line end included, or an item of a request. Empty: it has no place.
  std::string (*item)(const v1::Suppression& row, FormulaGuard guard);
  std::string_view head = "";
  // Of requests: what is around their items, and how many one takes; 0: it is CSV.
  int most = 0;
  std::string_view before = "";
  std::string_view after = "";
  // Of one stream of theirs, and names none: what holds for one of ours has a place in it only
  // where nothing else comes.
  bool is_of_one_stream = false;
};

std::string Row(std::initializer_list<std::string_view> fields, FormulaGuard guard) {
  std::string row;
  for (std::string_view field : fields) {
    AppendCsvField(row, field, ',', guard);
    row += ',';
  }
  row.back() = '\n';
  return row;
}

std::string Rfc2822(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", time, absl::UTCTimeZone());
}

bool IsBounce(const v1::Suppression& row) { return row.source() == v1::SOURCE_BOUNCE; }

// What the API of each takes, or the file that it imports:
// - docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html, a bulk list, of which
// one
//   job takes 100,000 rows. It holds bounces and complaints.
// - documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/bounces, /complaints and
//   /unsubscribe, "Import"; a file has 25 MB at most.
// - postmarkapp.com/developer/api/suppressions-api, "Create a Suppression": 50 addresses a request.
// - developers.sparkpost.com/api/suppression-list, "Bulk create or update".
// - www.twilio.com/docs/sendgrid/api-reference, POST /v3/asm/suppressions/global.
// - mandrillapp.com/api/docs/rejects.JSON.html, rejects/add; the key is to be added.
// Of Brevo's only the removal is documented.
constexpr int kMostOfARequest = 1'000;
const ForeignFormat kForeign[] = {
    {.name = "ses",
     .item = [](const v1::Suppression& row, FormulaGuard guard) -> std::string {
       const bool is_complaint = row.source() == v1::SOURCE_COMPLAINT;
       if (!row.stream().empty() || (!IsBounce(row) && !is_complaint)) return "";
       return Row({row.address(), is_complaint ? "COMPLAINT" : "BOUNCE"}, guard);
     }},
    {.name = "mailgun-bounces",
     .item = [](const v1::Suppression& row, FormulaGuard guard) -> std::string {
       if (!row.stream().empty() || !IsBounce(row)) return "";
       return Row({row.address(), "550", row.explanation(), Rfc2822(CreatedAt(row))}, guard);
     },
     .head = "address,code,error,created_at\n"},
    {.name = "mailgun-complaints",
     .item = [](const v1::Suppression& row, FormulaGuard guard) -> std::string {
       if (!row.stream().empty() || row.source() != v1::SOURCE_COMPLAINT) return "";
       return Row({row.address(), Rfc2822(CreatedAt(row))}, guard);
     },
     .head = "address,created_at\n"},
    {.name = "mailgun-unsubscribes",
     .item = [](const v1::Suppression& row, FormulaGuard guard) -> std::string {
       if (row.source() != v1::SOURCE_UNSUBSCRIBE) return "";
       return Row({row.address(), row.stream().empty() ? "*" : std::string_view(row.stream()),
                   Rfc2822(CreatedAt(row))},
                  guard);
     },
     .head = "address,tags,created_at\n"},
    {.name = "postmark-suppressions",
     .item = [](const v1::Suppression& row, FormulaGuard) -> std::string {
       JsonWriter json;
       json.BeginObject().Key("EmailAddress").String(row.address()).EndObject();
       return json.text();
     },
     .most = 50,
     .before = "{\"Suppressions\":[",
     .after = "]}\n",
     .is_of_one_stream = true},
    {.name = "sendgrid-unsubscribes",
     .item = [](const v1::Suppression& row, FormulaGuard) -> std::string {
       if (!row.stream().empty()) return "";
       std::string json;
       AppendJsonString(json, row.address());
       return json;
     },
     .most = kMostOfARequest,
     .before = "{\"recipient_emails\":[",
     .after = "]}\n"},
    {.name = "sparkpost",
     .item = [](const v1::Suppression& row, FormulaGuard) -> std::string {
       std::string both;
       for (const char* type : {"non_transactional", "transactional"}) {
         // What holds for one stream alone is not for the mail that everybody needs.
         if (!both.empty() && !row.stream().empty()) break;
         JsonWriter json;
         json.BeginObject().Key("recipient").String(row.address()).Key("type").String(type);
         json.Key("description").String(row.explanation()).EndObject();
         absl::StrAppend(&both, both.empty() ? "" : ",", json.text());
       }
       return both;
     },
     .most = kMostOfARequest,
     .before = "{\"recipients\":[",
     .after = "]}\n"},
    {.name = "mandrill",
     .item = [](const v1::Suppression& row, FormulaGuard) -> std::string {
       if (!row.stream().empty()) return "";
       JsonWriter json;
       json.BeginObject().Key("email").String(row.address());
       json.Key("comment").String(row.explanation()).EndObject();
       return json.text();
     },
     .most = 1,
     .before = "",
     .after = "\n"},
};

class ForeignList final : public ListWriter {
 public:
  ForeignList(const ForeignFormat& format, FormulaGuard guard, RowsOf rows)
      : format_(format), guard_(guard), rows_(rows) {}

  std::string Head() const override { return std::string(format_.head); }
  bool Append(std::string& text, const v1::Suppression& row) override {
    // Also what has ended.
    if (row.has_expire_time() || row.incident_id() != 0) return false;
    const bool is_domain = row.address().starts_with('@');
    const bool is_forgotten = row.address().ends_with(kStandInDomain);
    const bool has_other_stream =
        format_.is_of_one_stream && rows_ == RowsOf::kAllStreams && !row.stream().empty();
    if (is_domain || is_forgotten || has_other_stream) return false;
    const std::string item = format_.item(row, guard_);
    if (item.empty()) return false;
    if (format_.most > 0) absl::StrAppend(&text, Absl(items_ == 0 ? format_.before : ","));
    text += item;
    if (format_.most > 0 && ++items_ == format_.most) Finish(text);
    return true;
  }
  void Finish(std::string& text) override {
    if (items_ > 0) absl::StrAppend(&text, Absl(format_.after));
    items_ = 0;
  }

 private:
  const ForeignFormat& format_;
  const FormulaGuard guard_;
  const RowsOf rows_;
  int items_ = 0;  // of the request that has begun
};

}  // namespace

std::string ListWriterNames() {
  std::string names = "csv, json";
  for (const ForeignFormat& format : kForeign) absl::StrAppend(&names, ", ", Absl(format.name));
  return names;
}

absl::StatusOr<bool> IsForeignList(std::string_view format) {
  if (format == "csv" || format == "json") return false;
  for (const ForeignFormat& foreign : kForeign) {
    if (format == foreign.name) return true;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no list can be written as ", Shown(format), ": ", ListWriterNames()));
}

absl::StatusOr<std::unique_ptr<ListWriter>> MakeListWriter(std::string_view format,
                                                           FormulaGuard guard, RowsOf rows) {
  absl::StatusOr<bool> is_foreign = IsForeignList(format);
  if (!is_foreign.ok()) return is_foreign.status();
  std::unique_ptr<ListWriter> writer;
  if (format == "csv") writer = std::make_unique<OwnCsv>(guard);
  if (format == "json") writer = std::make_unique<OwnJson>();
  for (const ForeignFormat& foreign : kForeign) {
    if (format == foreign.name) writer = std::make_unique<ForeignList>(foreign, guard, rows);
  }
  return writer;
}

}  // namespace bounced::cli

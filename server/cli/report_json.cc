#include "server/cli/report_json.h"

#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/json.h"
#include "server/cli/report_dates.h"

namespace bounced::cli {
namespace {

void Add(JsonWriter& json, std::string_view key, std::string_view value) {
  if (!value.empty()) json.Key(key).String(value);
}

void Add(JsonWriter& json, std::string_view key, const std::optional<Found<std::string>>& found) {
  if (found) json.Key(key).String(found->value);
}

// The instant of the date that is called `key`, where it is one.
void AddInstant(JsonWriter& json, std::string_view key, const std::optional<absl::Time>& time) {
  if (time) json.Key(absl::StrCat(Absl(key), "_utc")).String(InUtc(*time));
}

void AddPlace(JsonWriter& json, const Span& where) {
  if (where.length == 0) return;
  json.Key("offset").Number(where.offset).Key("length").Number(where.length);
}

// Writes values into the open object, and remembers how each is known, for the end of it.
class FoundValues {
 public:
  explicit FoundValues(JsonWriter& json) : json_(json) {}

  template <typename T>
  void Add(std::string_view key, const std::optional<Found<T>>& found) {
    if (found) Put(key, *found);
  }
  // Its address stands beside it.
  void Add(std::string_view key, const std::optional<FoundMta>& mta) {
    if (!mta) return;
    Put<std::string>(key, *mta);
    bounced::cli::Add(json_, absl::StrCat(Absl(key), "_address"), mta->address);
  }
  // Its instant stands beside it.
  void Add(std::string_view key, const std::optional<FoundDate>& date) {
    if (!date) return;
    Put<std::string>(key, *date);
    AddInstant(json_, key, date->time);
  }

  void Finish(Detail detail) {
    if (known_.empty()) return;
    json_.Key("provenance").BeginObject();
    for (const FoundValue& value : known_) json_.Key(value.key).String(ToString(value.provenance));
    json_.EndObject();
    if (detail != Detail::kFull) return;
    json_.Key("where").BeginObject();
    for (const FoundValue& value : known_) {
      if (value.where.length == 0) continue;
      json_.Key(value.key).BeginObject();
      AddPlace(json_, value.where);
      json_.EndObject();
    }
    json_.EndObject();
  }

 private:
  struct FoundValue {
    std::string_view key;
    Provenance provenance;
    Span where;
  };

  template <typename T>
  void Put(std::string_view key, const Found<T>& found) {
    json_.Key(key);
    Write(found.value);
    known_.push_back({key, found.provenance, found.where});
  }

  void Write(const std::string& value) { json_.String(value); }
  void Write(EnhancedStatus value) { json_.String(ToString(value)); }
  void Write(int value) { json_.Number(value); }

  JsonWriter& json_;
  std::vector<FoundValue> known_;
};

void AddFields(JsonWriter& json, const std::vector<FurtherField>& fields) {
  if (fields.empty()) return;
  json.Key("fields").BeginArray();
  for (const FurtherField& field : fields) {
    json.BeginObject().Key("name").String(field.name).Key("value").String(field.value.value);
    AddInstant(json, "value", TimeOf(field));
    json.EndObject();
  }
  json.EndArray();
}

void AddCodes(JsonWriter& json, const std::vector<Found<FurtherCode>>& codes) {
  if (codes.empty()) return;
  json.Key("further_codes").BeginArray();
  for (const Found<FurtherCode>& code : codes) {
    json.BeginObject();
    if (code.value.reply_code) json.Key("reply_code").Number(*code.value.reply_code);
    if (code.value.enhanced_status) {
      Add(json, "enhanced_status", ToString(*code.value.enhanced_status));
    }
    json.EndObject();
  }
  json.EndArray();
}

// Remarks, or steps.
template <typename Note>
void AddNotes(JsonWriter& json, std::string_view key, const std::vector<Note>& notes) {
  if (notes.empty()) return;
  json.Key(key).BeginArray();
  for (const Note& note : notes) {
    json.BeginObject().Key("text").String(note.text);
    AddPlace(json, note.where);
    json.EndObject();
  }
  json.EndArray();
}

void AddCandidates(JsonWriter& json, const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return;
  json.Key("candidates").BeginArray();
  for (const Candidate& candidate : candidates) {
    json.BeginObject();
    Add(json, "rule", candidate.rule);
    if (candidate.reason) Add(json, "reason", ToString(*candidate.reason));
    json.Key("confidence").Number(candidate.confidence);
    Add(json, "matched_text", candidate.matched_text);
    Add(json, "why_not", candidate.why_not);
    json.EndObject();
  }
  json.EndArray();
}

// Fields of the open object. `diagnostic` is not among them where the object has the whole of it.
enum class Said { kAdded, kLeftOut };
void AddRecipient(JsonWriter& json, const Recipient& recipient, Said said, Detail detail) {
  FoundValues values(json);
  if (const Found<std::string>* address = AddressOf(recipient))
    Add(json, "address", address->value);
  values.Add("final_recipient", recipient.final_recipient);
  values.Add("original_recipient", recipient.original_recipient);
  Add(json, "kind", ToString(recipient.kind));
  Add(json, "action", recipient.action);
  values.Add("enhanced_status", recipient.enhanced_status);
  values.Add("stated_status", recipient.stated_status);
  values.Add("reply_code", recipient.reply_code);
  AddCodes(json, recipient.further_codes);
  if (said == Said::kAdded) values.Add("diagnostic", recipient.diagnostic);
  if (recipient.diagnostic_cut) json.Key("diagnostic_cut").Bool(true);
  Add(json, "diagnostic_type", recipient.diagnostic_type);
  Add(json, "diagnostic_language", recipient.diagnostic_language);
  values.Add("remote_mta", recipient.remote_mta);
  if (recipient.stage != Stage::kUnknown) Add(json, "stage", ToString(recipient.stage));
  const Classification& found = recipient.classification;
  Add(json, "class", ToString(found.bounce_class));
  Add(json, "reason", ToString(found.reason));
  Add(json, "fault", ToString(found.fault));
  if (found.persistence != Persistence::kUnknown) {
    Add(json, "persistence", ToString(found.persistence));
  }
  json.Key("counts").Bool(found.counts);
  json.Key("confidence").Number(found.confidence);
  Add(json, "rule", found.rule);
  Add(json, "matched_text", found.matched_text);
  json.Key("text_bears_out").Bool(found.text_bears_out);
  values.Finish(detail);
  AddFields(json, recipient.further_fields);
  AddCandidates(json, recipient.candidates);
}

void AddReturned(JsonWriter& json, const ReturnedMessage& returned) {
  JsonWriter fields;
  fields.BeginObject();
  Add(fields, "return_path", returned.return_path);
  Add(fields, "message_id", returned.message_id);
  Add(fields, "to", returned.to);
  Add(fields, "delivered_to", returned.delivered_to);
  Add(fields, "subject", returned.subject);
  if (returned.date) {
    Add(fields, "date", returned.date->value);
    AddInstant(fields, "date", returned.date->time);
  }
  Add(fields, "list_id", returned.list_id);
  fields.EndObject();
  if (fields.text() != "{}") json.Key("returned").Raw(fields.text());
}

void AddFeedback(JsonWriter& json, const Feedback& feedback) {
  json.Key("feedback").BeginObject();
  Add(json, "feedback_type", feedback.feedback_type);
  Add(json, "user_agent", feedback.user_agent);
  Add(json, "original_mail_from", feedback.original_mail_from);
  Add(json, "source_ip", feedback.source_ip);
  Add(json, "reported_domain", feedback.reported_domain);
  Add(json, "incidents", feedback.incidents);
  json.EndObject();
}

}  // namespace

std::string ReportAsJson(const std::string& file, const Report& report, Detail detail) {
  JsonWriter json;
  json.BeginObject().Key("file").String(file).Key("kind").String(ToString(report.kind));
  json.Key("form").String(report.form);
  Add(json, "reporter", report.reporter);
  json.Key("recipients").BeginArray();
  for (const Recipient& recipient : report.recipients) {
    json.BeginObject();
    AddRecipient(json, recipient, Said::kAdded, detail);
    json.EndObject();
  }
  json.EndArray();
  if (!report.failed_recipients.empty()) {
    json.Key("failed_recipients").BeginArray();
    for (const Found<std::string>& address : report.failed_recipients) json.String(address.value);
    json.EndArray();
  }
  FoundValues values(json);
  values.Add("reporting_mta", report.reporting_mta);
  values.Add("received_from_mta", report.received_from_mta);
  values.Add("dsn_gateway", report.dsn_gateway);
  values.Add("original_envelope_id", report.original_envelope_id);
  values.Add("arrival_date", report.arrival_date);
  values.Add("date", report.date);
  values.Add("message_id", report.message_id);
  values.Add("subject", report.subject);
  AddReturned(json, report.returned);
  if (report.feedback) AddFeedback(json, *report.feedback);
  values.Finish(detail);
  AddFields(json, report.further_fields);
  AddNotes(json, "remarks", report.remarks);
  AddNotes(json, "path", report.path);
  return json.EndObject().text();
}

std::string DiagnosticAsJson(const std::string& diagnostic, const Recipient& recipient,
                             const std::vector<Remark>& remarks, Detail detail) {
  JsonWriter json;
  json.BeginObject().Key("diagnostic").String(diagnostic);
  AddRecipient(json, recipient, Said::kLeftOut, detail);
  AddNotes(json, "remarks", remarks);
  return json.EndObject().text();
}

}  // namespace bounced::cli

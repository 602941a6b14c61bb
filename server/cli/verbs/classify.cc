// bouncectl classify
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "parser/date.h"
#include "parser/diagnostic.h"
#include "parser/parser.h"
#include "parser/text.h"
#include "server/cli/json.h"
#include "server/cli/message_files.h"
#include "server/cli/ordered_work.h"
#include "server/cli/verb.h"
#include "server/rules/rule_files.h"

namespace bounced::cli {
namespace {

std::string InUtc(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

// Of a field that is a date (RFC 3464, 2.3.7 and 2.3.9).
std::optional<absl::Time> TimeOf(const FurtherField& field) {
  const bool is_date = EqualsIgnoringCase(field.name, "last-attempt-date") ||
                       EqualsIgnoringCase(field.name, "will-retry-until");
  return is_date ? ParseDate(field.value.value) : std::nullopt;
}

void AddDate(JsonWriter& json, std::string_view key, const std::optional<FoundDate>& date) {
  if (!date) return;
  json.Key(key).BeginObject().Key("value").String(date->value);
  if (date->time) json.Key("time").String(InUtc(*date->time));
  json.EndObject();
}

// What else the status says, as it says it.
void AddFields(JsonWriter& json, const std::vector<FurtherField>& fields) {
  if (fields.empty()) return;
  json.Key("fields").BeginArray();
  for (const FurtherField& field : fields) {
    json.BeginObject().Key("name").String(field.name).Key("value").String(field.value.value);
    if (const auto time = TimeOf(field)) json.Key("time").String(InUtc(*time));
    json.EndObject();
  }
  json.EndArray();
}

void AddMta(JsonWriter& json, std::string_view key, const std::optional<FoundMta>& mta) {
  if (!mta) return;
  json.Key(key).BeginObject().Key("name").String(mta->value);
  if (!mta->address.empty()) json.Key("address").String(mta->address);
  json.EndObject();
}

// Fields of the open object. What is not known is left out.
void AddRecipient(JsonWriter& json, const Recipient& recipient) {
  auto text = [&json](std::string_view key, std::string_view value) {
    if (!value.empty()) json.Key(key).String(value);
  };
  const Classification& found = recipient.classification;
  if (recipient.final_recipient) text("final_recipient", recipient.final_recipient->value);
  if (recipient.original_recipient) {
    text("original_recipient", recipient.original_recipient->value);
  }
  text("kind", ToString(recipient.kind));
  if (recipient.enhanced_status) {
    text("enhanced_status", ToString(recipient.enhanced_status->value));
  }
  if (recipient.reply_code) json.Key("reply_code").Number(recipient.reply_code->value);
  if (!recipient.further_codes.empty()) {
    json.Key("further_codes").BeginArray();
    for (const Found<FurtherCode>& code : recipient.further_codes) {
      json.BeginObject();
      if (code.value.reply_code) json.Key("reply_code").Number(*code.value.reply_code);
      if (code.value.enhanced_status) {
        text("enhanced_status", ToString(*code.value.enhanced_status));
      }
      json.EndObject();
    }
    json.EndArray();
  }
  text("class", ToString(found.bounce_class));
  text("reason", ToString(found.reason));
  text("fault", ToString(found.fault));
  json.Key("confidence").Number(found.confidence);
  text("rule", found.rule);
  text("matched_text", found.matched_text);
  AddMta(json, "remote_mta", recipient.remote_mta);
  AddFields(json, recipient.further_fields);
  if (recipient.candidates.empty()) return;
  json.Key("candidates").BeginArray();
  for (const Candidate& candidate : recipient.candidates) {
    json.BeginObject();
    text("rule", candidate.rule);
    if (candidate.reason) text("reason", ToString(*candidate.reason));
    json.Key("confidence").Number(candidate.confidence);
    text("matched_text", candidate.matched_text);
    text("why_not", candidate.why_not);
    json.EndObject();
  }
  json.EndArray();
}

std::string AsJson(const std::string& file, const Report& report) {
  JsonWriter json;
  json.BeginObject().Key("file").String(file).Key("kind").String(ToString(report.kind));
  json.Key("recipients").BeginArray();
  for (const Recipient& recipient : report.recipients) {
    json.BeginObject();
    AddRecipient(json, recipient);
    json.EndObject();
  }
  json.EndArray();
  AddMta(json, "reporting_mta", report.reporting_mta);
  AddMta(json, "received_from_mta", report.received_from_mta);
  AddMta(json, "dsn_gateway", report.dsn_gateway);
  AddDate(json, "arrival_date", report.arrival_date);
  AddDate(json, "date", report.date);
  AddDate(json, "returned_date", report.returned.date);
  AddFields(json, report.further_fields);
  if (!report.path.empty()) {
    json.Key("path").BeginArray();
    for (const PathStep& step : report.path) {
      json.BeginObject().Key("text").String(step.text);
      if (step.where.length > 0) {
        json.Key("offset").Number(step.where.offset).Key("length").Number(step.where.length);
      }
      json.EndObject();
    }
    json.EndArray();
  }
  return json.EndObject().text();
}

std::string DiagnosticAsJson(const std::string& diagnostic, const Recipient& recipient) {
  JsonWriter json;
  json.BeginObject().Key("diagnostic").String(diagnostic);
  AddRecipient(json, recipient);
  return json.EndObject().text();
}

// Where in the message, or in the diagnostic, a value stands.
std::string Place(const Span& span) {
  return absl::StrCat(" (octets ", span.offset, " to ", span.offset + span.length, ")");
}

template <typename Value>
void AddFound(std::string& text, std::string_view label, const std::optional<Value>& found,
              const std::string& value) {
  if (!found) return;
  absl::StrAppend(&text, "    ", Absl(label), ": ", value, ", ", Absl(ToString(found->provenance)),
                  Place(found->where), "\n");
}

std::string AsTime(const std::optional<absl::Time>& time) {
  return time ? absl::StrCat(" = ", InUtc(*time)) : "";
}

void AddDate(std::string& text, std::string_view label, const std::optional<FoundDate>& date) {
  if (date) AddFound(text, label, date, Shown(date->value) + AsTime(date->time));
}

// What else the status says, as it says it.
void AddFields(std::string& text, std::string_view indent,
               const std::vector<FurtherField>& fields) {
  for (const FurtherField& field : fields) {
    absl::StrAppend(&text, Absl(indent), "field: ", Shown(field.name), ": ",
                    Shown(field.value.value), AsTime(TimeOf(field)), Place(field.value.where),
                    "\n");
  }
}

void AddMta(std::string& text, std::string_view label, const std::optional<FoundMta>& mta) {
  if (!mta) return;
  const std::string address = mta->address.empty() ? "" : absl::StrCat(" at ", mta->address);
  AddFound(text, label, mta, absl::StrCat(Shown(mta->value), address));
}

// What became of mail to `name`, and why.
std::string RecipientText(const std::string& name, const Recipient& recipient) {
  const Classification& found = recipient.classification;
  const ReasonInfo& info = Info(found.reason);
  std::string text =
      absl::StrCat("  ", name, ": ", Absl(ToString(recipient.kind)), ", ", Absl(info.name), " (",
                   Absl(ToString(found.bounce_class)), ")\n    ", Absl(info.meaning), "\n");
  absl::StrAppend(&text, "    rule: ", found.rule);
  if (!found.matched_text.empty()) {
    absl::StrAppend(&text, ", because of \"", Shown(found.matched_text), "\"");
  }
  absl::StrAppend(&text, "\n    confidence: ", found.confidence,
                  " of 100, fault: ", Absl(ToString(found.fault)), "\n");
  if (recipient.original_recipient && recipient.final_recipient) {
    AddFound(text, "original recipient", recipient.original_recipient,
             Shown(recipient.original_recipient->value));
  }
  if (recipient.enhanced_status) {
    AddFound(text, "enhanced status", recipient.enhanced_status,
             ToString(recipient.enhanced_status->value));
  }
  if (recipient.reply_code) {
    AddFound(text, "reply code", recipient.reply_code, absl::StrCat(recipient.reply_code->value));
  }
  for (const Found<FurtherCode>& code : recipient.further_codes) {
    std::vector<std::string> codes;
    if (code.value.reply_code) codes.push_back(absl::StrCat(*code.value.reply_code));
    if (code.value.enhanced_status) codes.push_back(ToString(*code.value.enhanced_status));
    AddFound(text, "further code", std::optional(code), absl::StrJoin(codes, " "));
  }
  AddMta(text, "remote server", recipient.remote_mta);
  if (recipient.diagnostic) {
    AddFound(text, "diagnostic", recipient.diagnostic,
             absl::StrCat("\"", Shown(recipient.diagnostic->value), "\""));
  }
  AddFields(text, "    ", recipient.further_fields);
  for (const Candidate& candidate : recipient.candidates) {
    absl::StrAppend(&text, "    not by ", candidate.rule, " (",
                    candidate.reason ? Absl(ToString(*candidate.reason)) : "try again");
    if (!candidate.matched_text.empty()) {
      absl::StrAppend(&text, ", \"", Shown(candidate.matched_text), "\"");
    }
    absl::StrAppend(&text, "): it ", candidate.why_not, "\n");
  }
  return text;
}

std::string FeedbackText(const Feedback& feedback) {
  std::string text = "  feedback:\n";
  const auto add = [&text](std::string_view label, const std::optional<Found<std::string>>& found) {
    if (found) AddFound(text, label, found, Shown(found->value));
  };
  add("type", feedback.feedback_type);
  add("made by", feedback.user_agent);
  add("return path", feedback.original_mail_from);
  add("sent from", feedback.source_ip);
  add("reported domain", feedback.reported_domain);
  add("incidents", feedback.incidents);
  return text;
}

std::string AsText(const std::string& file, const Report& report) {
  std::string text =
      absl::StrCat(Shown(file), ": ", Absl(ToString(report.kind)), ", ",
                   report.form == "none" ? "no report" : "read as " + report.form, "\n");
  for (const PathStep& step : report.path) {
    absl::StrAppend(&text, "  step: ", Shown(step.text),
                    step.where.length > 0 ? Place(step.where) : "", "\n");
  }
  for (const Recipient& recipient : report.recipients) {
    const auto& address =
        recipient.final_recipient ? recipient.final_recipient : recipient.original_recipient;
    text += RecipientText(address ? Shown(address->value) : "(no recipient)", recipient);
  }
  AddMta(text, "reported by", report.reporting_mta);
  AddMta(text, "received from", report.received_from_mta);
  AddMta(text, "gateway", report.dsn_gateway);
  AddDate(text, "arrival", report.arrival_date);
  AddDate(text, "date", report.date);
  AddDate(text, "date of what came back", report.returned.date);
  AddFields(text, "  ", report.further_fields);
  if (report.feedback) text += FeedbackText(*report.feedback);
  for (const Remark& remark : report.remarks) {
    absl::StrAppend(&text, "  remark: ", Shown(remark.text), Place(remark.where), "\n");
  }
  return text;
}

// Messages are handed to the threads in batches: one alone is read too soon to be worth it.
constexpr std::size_t kMaxBatchOctets = 256 << 10;
constexpr std::size_t kMaxBatchMessages = 256;
// Of messages that are read and not printed yet.
constexpr std::size_t kMaxOctetsUnderWay = 64 << 20;
constexpr int kMaxThreads = 256;

struct ClassifyArguments {
  std::vector<std::string> paths;
  std::vector<std::string> diagnostics;
  std::vector<std::string> rules;
  bool explain = false;
  int threads = 1;
};

int ThreadsOf(const ClassifyArguments& arguments) {
  if (arguments.threads != 0) return arguments.threads;
  return std::min(static_cast<int>(std::thread::hardware_concurrency()), kMaxThreads);
}

class Classifier {
 public:
  Classifier(std::shared_ptr<const RuleSet> rules, Detail detail, int threads, Session& session)
      : session_(session),
        rules_(std::move(rules)),
        parser_(rules_),
        detail_(detail),
        work_(
            threads, kMaxOctetsUnderWay, [this](const Batch& batch) { return Read(batch); },
            [this](const std::vector<std::string>& findings) { Print(findings); }) {}

  // Goes on after a file that cannot be read.
  ExitCode Run(const ClassifyArguments& arguments) {
    for (const std::string& diagnostic : arguments.diagnostics) Diagnose(diagnostic);
    for (const std::string& path : arguments.paths) {
      if (path == "-") {
        Classify(session_.in(), "-");
        continue;
      }
      absl::StatusOr<std::vector<std::string>> files = ListMessageFiles(path);
      if (!files.ok()) {
        Complain(files.status());
        continue;
      }
      for (const std::string& file : *files) {
        absl::StatusOr<std::unique_ptr<Source>> source = OpenSource(file);
        if (source.ok()) {
          Classify(**source, file);
        } else {
          Complain(source.status());
        }
      }
    }
    HandOver();
    work_.Finish();
    return complained_ ? ExitCode::kUsage : ExitCode::kDone;
  }

 private:
  using Batch = std::vector<MessageInFile>;

  void Classify(Source& source, const std::string& name) {
    absl::Status status = ForEachMessage(source, name, [this](MessageInFile message) {
      Add(std::move(message));
      return absl::OkStatus();
    });
    if (!status.ok()) Complain(status);
  }

  void Add(MessageInFile message) {
    batch_octets_ += message.octets.size();
    batch_.push_back(std::move(message));
    if (batch_octets_ >= kMaxBatchOctets || batch_.size() >= kMaxBatchMessages) HandOver();
  }

  void HandOver() { work_.Add(std::exchange(batch_, {}), std::exchange(batch_octets_, 0)); }

  // What is printed of each; any thread's.
  std::vector<std::string> Read(const Batch& batch) const {
    std::vector<std::string> findings;
    findings.reserve(batch.size());
    for (const MessageInFile& message : batch) {
      const Report report = parser_.Parse(message.octets, detail_);
      findings.push_back(session_.json() ? AsJson(message.name, report)
                                         : AsText(message.name, report));
    }
    return findings;
  }

  void Print(const std::vector<std::string>& findings) {
    for (const std::string& finding : findings) {
      if (session_.json()) {
        session_.out().Json(finding);
      } else {
        session_.out().Text(finding);
      }
    }
  }

  void Diagnose(const std::string& diagnostic) {
    const Recipient recipient = ReadDiagnostic(diagnostic, *rules_, detail_ == Detail::kFull);
    if (session_.json()) {
      session_.out().Json(DiagnosticAsJson(diagnostic, recipient));
    } else {
      session_.out().Text(absl::StrCat("diagnostic \"", Shown(diagnostic), "\"\n",
                                       RecipientText("(no recipient)", recipient)));
    }
  }

  void Complain(const absl::Status& status) {
    complained_ = true;
    session_.err().Text(absl::StrCat("bouncectl: ", Shown(Std(status.message())), "\n"));
  }

  Session& session_;
  const std::shared_ptr<const RuleSet> rules_;
  const Parser parser_;
  const Detail detail_;
  Batch batch_;
  std::size_t batch_octets_ = 0;
  bool complained_ = false;
  OrderedWork<Batch, std::vector<std::string>> work_;  // the last: its threads use the others
};

}  // namespace

Action SetUpClassify(CLI::App& command) {
  auto arguments = std::make_shared<ClassifyArguments>();
  command
      .add_option("FILE", arguments->paths,
                  "Messages, mboxes, Maildirs or other folders of messages; - is standard input")
      ->type_name("");
  command
      .add_option("--diagnostic", arguments->diagnostics,
                  "What a server said, alone: \"550 5.1.1 user unknown\"; may stand several times")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  command
      .add_option("--rules", arguments->rules,
                  "An operator's rules, a file or a folder of *.toml; may stand several times")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command.add_flag("--explain", arguments->explain,
                   "Show also the way through the report, and the rules that did not win");
  command
      .add_option("--threads", arguments->threads,
                  "So many read messages at the same time; 0: as many as the machine has cores "
                  "(default: 1)")
      ->type_name("N")
      ->check(CLI::Range(0, kMaxThreads));
  command.footer(
      "Reads messages with the parser and rules of this program, asks no server and stores "
      "nothing.\n"
      "Answers come in the order of the messages, however many threads read; one of an mbox is\n"
      "called by its file and line.\n"
      "With --json prints for each message {\"file\", \"kind\", \"recipients\": "
      "[{\"final_recipient\",\n"
      "\"original_recipient\", \"kind\", \"enhanced_status\", \"reply_code\", \"class\", "
      "\"reason\", \"fault\",\n"
      "\"confidence\", \"rule\", \"matched_text\"}]}, for each diagnostic {\"diagnostic\", and "
      "what a\n"
      "recipient has}; what is not known is left out. A code beside\n"
      "the ones that classify is in \"further_codes\": [{\"reply_code\", \"enhanced_status\"}].\n"
      "Hosts are \"remote_mta\" of a recipient,\n"
      "\"reporting_mta\", \"received_from_mta\" and \"dsn_gateway\" of a file: {\"name\", "
      "\"address\"},\n"
      "dates \"arrival_date\", \"date\" and \"returned_date\" of a file: {\"value\", \"time\"}, "
      "the second "
      "in UTC.\n"
      "Fields of a status that have no key here are "
      "\"fields\":\n[{\"name\", \"value\"}] of a recipient or of the file. With --explain a "
      "recipient also has "
      "\"candidates\":\n"
      "[{\"rule\", \"reason\", \"confidence\", \"matched_text\", \"why_not\"}], and a file "
      "\"path\": [{\"text\",\n"
      "\"offset\", \"length\"}].\n\n"
      "Exit codes: 0 done, 2 usage or a file that cannot be read (the others are classified)");
  return [arguments](Session& session) -> absl::StatusOr<ExitCode> {
    if (arguments->paths.empty() && arguments->diagnostics.empty()) {
      return absl::InvalidArgumentError("classify needs a FILE, or --diagnostic TEXT");
    }
    OperatorRules loaded = LoadRuleFiles(arguments->rules);
    if (loaded.rules == nullptr) return ToStatus(loaded.problems);
    const Detail detail = arguments->explain ? Detail::kFull : Detail::kVerdict;
    return Classifier(std::move(loaded.rules), detail, ThreadsOf(*arguments), session)
        .Run(*arguments);
  };
}

}  // namespace bounced::cli

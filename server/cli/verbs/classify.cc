// bouncectl classify
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "parser/diagnostic.h"
#include "parser/parser.h"
#include "parser/text.h"
#include "server/cli/lines.h"
#include "server/cli/message_files.h"
#include "server/cli/ordered_work.h"
#include "server/cli/report_dates.h"
#include "server/cli/report_json.h"
#include "server/cli/verb.h"
#include "server/rules/rule_files.h"

namespace bounced::cli {
namespace {

// Where in the message, or in the diagnostic, a value stands.
std::string Place(const Span& span) {
  return absl::StrCat(" (octets ", span.offset, " to ", span.offset + span.length, ")");
}

// `found` is a Found<> or has more beside it.
template <typename FoundValue>
void AddFound(std::string& text, std::string_view label, const std::optional<FoundValue>& found,
              const std::string& value) {
  if (!found) return;
  absl::StrAppend(&text, "    ", Absl(label), ": ", value, ", ", Absl(ToString(found->provenance)),
                  Place(found->where), "\n");
}

// " = 2026-11-26T13:07:58Z"
std::string AsTime(const std::optional<absl::Time>& time) {
  return time ? absl::StrCat(" = ", InUtc(*time)) : "";
}

void AddDate(std::string& text, std::string_view label, const std::optional<FoundDate>& date) {
  if (date) AddFound(text, label, date, Shown(date->value) + AsTime(date->time));
}

void AddMta(std::string& text, std::string_view label, const std::optional<FoundMta>& mta) {
  if (!mta) return;
  const std::string address = mta->address.empty() ? "" : absl::StrCat(" at ", mta->address);
  AddFound(text, label, mta, absl::StrCat(Shown(mta->value), address));
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

void AddRemarks(std::string& text, const std::vector<Remark>& remarks) {
  for (const Remark& remark : remarks) {
    absl::StrAppend(&text, "  remark: ", Shown(remark.text),
                    remark.where.length > 0 ? Place(remark.where) : "", "\n");
  }
}

// What became of mail to `address`, and why.
std::string RecipientText(const std::string& address, const Recipient& recipient) {
  const Classification& found = recipient.classification;
  const ReasonInfo& info = Info(found.reason);
  std::string text =
      absl::StrCat("  ", address, ": ", Absl(ToString(recipient.kind)), ", ", Absl(info.name), " (",
                   Absl(ToString(found.bounce_class)), ")\n    ", Absl(info.meaning), "\n");
  absl::StrAppend(&text, "    rule: ", found.rule);
  if (!found.matched_text.empty()) {
    absl::StrAppend(&text, ", because of \"", Shown(found.matched_text), "\"");
  }
  absl::StrAppend(&text, "\n    confidence: ", found.confidence,
                  " of 100, fault: ", Absl(ToString(found.fault)), "\n");
  const auto named = [&](std::string_view label, const std::optional<Found<std::string>>& name) {
    if (name) AddFound(text, label, name, Shown(name->value));
  };
  named("original recipient", recipient.original_recipient);
  named("final recipient", recipient.final_recipient);
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
  std::string text = absl::StrCat(Shown(file), ": ", Absl(ToString(report.kind)), ", ",
                                  report.form == "none" ? "no report" : "read as " + report.form,
                                  report.reporter.empty() ? "" : ", of " + report.reporter, "\n");
  for (const PathStep& step : report.path) {
    absl::StrAppend(&text, "  step: ", Shown(step.text),
                    step.where.length > 0 ? Place(step.where) : "", "\n");
  }
  for (const Recipient& recipient : report.recipients) {
    const Found<std::string>* const address = AddressOf(recipient);
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
  AddRemarks(text, report.remarks);
  return text;
}

std::string DiagnosticAsText(const std::string& diagnostic, const Recipient& recipient,
                             const std::vector<Remark>& remarks) {
  std::string text = absl::StrCat("diagnostic \"", Shown(diagnostic), "\"\n",
                                  RecipientText("(no recipient)", recipient));
  AddRemarks(text, remarks);
  return text;
}

// What is to be read is handed to the threads in batches: one alone is read too soon to be worth
// it.
constexpr std::size_t kMaxBatchOctets = 256 << 10;
constexpr std::size_t kMaxBatchItems = 256;
// Of what is read and not printed yet.
constexpr std::size_t kMaxOctetsUnderWay = 64 << 20;
constexpr int kMaxThreads = 256;

// A message or diagnostic that is called so.
constexpr std::string_view kStandardInput = "-";

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

absl::Status Check(const ClassifyArguments& arguments) {
  if (arguments.paths.empty() && arguments.diagnostics.empty()) {
    return absl::InvalidArgumentError("classify needs a FILE, or --diagnostic TEXT");
  }
  const auto count = [](const std::vector<std::string>& values) {
    return std::count(values.begin(), values.end(), kStandardInput);
  };
  if (count(arguments.paths) + count(arguments.diagnostics) > 1) {
    return absl::InvalidArgumentError("standard input can be read once");
  }
  return absl::OkStatus();
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
    for (const std::string& diagnostic : arguments.diagnostics) {
      if (diagnostic == kStandardInput) {
        AddLines();
      } else {
        Add({.octets = diagnostic});
      }
    }
    for (const std::string& path : arguments.paths) {
      if (path == kStandardInput) {
        AddMessages(session_.in(), path);
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
          AddMessages(**source, file);
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
  struct Item {
    std::optional<std::string> name = std::nullopt;  // of a message; none: a diagnostic
    std::string octets;
    std::vector<Remark> remarks = {};  // on what became of it before it is read
  };
  using Batch = std::vector<Item>;

  void AddMessages(Source& source, const std::string& name) {
    absl::Status status = ForEachMessage(source, name, [this](MessageInFile message) {
      Add({.name = std::move(message.name), .octets = std::move(message.octets)});
      return absl::OkStatus();
    });
    if (!status.ok()) Complain(status);
  }

  // The diagnostics on standard input. Who waits for the answers before it says more gets them.
  void AddLines() {
    LineReader reader(session_.in());
    for (;;) {
      if (reader.WouldWait()) {
        HandOver();
        work_.Finish();
        session_.out().Flush();
      }
      absl::StatusOr<std::vector<Line>> lines = reader.Next(kMaxBatchItems);
      if (!lines.ok()) return Complain(lines.status());
      if (lines->empty()) return;
      for (Line& line : *lines) {
        Item item{.octets = std::move(line.text)};
        if (line.is_cut) item.remarks.push_back({"bound:max_line", {}});
        Add(std::move(item));
      }
    }
  }

  void Add(Item item) {
    batch_octets_ += item.octets.size();
    batch_.push_back(std::move(item));
    if (batch_octets_ >= kMaxBatchOctets || batch_.size() >= kMaxBatchItems) HandOver();
  }

  void HandOver() {
    if (!batch_.empty()) work_.Add(std::exchange(batch_, {}), std::exchange(batch_octets_, 0));
  }

  // What is printed of each; any thread's.
  std::vector<std::string> Read(const Batch& batch) const {
    std::vector<std::string> findings;
    findings.reserve(batch.size());
    for (const Item& item : batch) findings.push_back(Read(item));
    return findings;
  }

  std::string Read(const Item& item) const {
    if (item.name) {
      const Report report = parser_.Parse(item.octets, detail_);
      return session_.json() ? ReportAsJson(*item.name, report, detail_)
                             : AsText(*item.name, report);
    }
    const Recipient recipient = ReadDiagnostic(item.octets, *rules_, detail_ == Detail::kFull);
    return session_.json() ? DiagnosticAsJson(item.octets, recipient, item.remarks, detail_)
                           : DiagnosticAsText(item.octets, recipient, item.remarks);
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
                  "What a server said, alone: \"550 5.1.1 user unknown\"; - is one on each line of "
                  "standard input; may stand several times")
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
      "nothing. Answers come in the order of what is read, however many threads read it; to "
      "`--diagnostic -` as soon as they are known, one for each line, also for an empty one. A "
      "message of an mbox is called by its file and line; a file in `new` or `cur` of a Maildir, "
      "and one called *.eml, is one message. Files and folders in a folder whose names begin with "
      "a dot are passed over.\n"
      "\n"
      "With --json an object a line. Of a message: file, kind, form, reporter, recipients, "
      "failed_recipients, reporting_mta, received_from_mta, dsn_gateway, original_envelope_id, "
      "arrival_date, date, message_id, "
      "subject, returned {return_path, message_id, to, delivered_to, subject, date, list_id}, "
      "feedback {feedback_type, user_agent, original_mail_from, source_ip, reported_domain, "
      "incidents}, provenance, fields [{name, value}], remarks [{text, offset, length}]. Of each "
      "recipient: address, final_recipient, original_recipient, kind, action, enhanced_status, "
      "stated_status, reply_code, further_codes [{reply_code, enhanced_status}], diagnostic, "
      "diagnostic_cut, diagnostic_type, "
      "diagnostic_language, remote_mta, stage, class, reason, fault, persistence, "
      "counts, confidence, rule, matched_text, text_bears_out, provenance, fields. Of a "
      "diagnostic: diagnostic, the text as it was given, and what else a recipient has, and "
      "remarks. With "
      "--explain also where {NAME: {offset, length}}, of a recipient candidates [{rule, reason, "
      "confidence, matched_text, why_not}], of a message path [{text, offset, length}]. What is "
      "not known is left out; the README says what each is.\n"
      "\n"
      "Exit codes: 0 done, 2 usage or a file that cannot be read (the others are classified)");
  return [arguments](Session& session) -> absl::StatusOr<ExitCode> {
    if (absl::Status status = Check(*arguments); !status.ok()) return status;
    OperatorRules loaded = LoadRuleFiles(arguments->rules);
    if (loaded.rules == nullptr) return ToStatus(loaded.problems);
    const Detail detail = arguments->explain ? Detail::kFull : Detail::kVerdict;
    return Classifier(std::move(loaded.rules), detail, ThreadsOf(*arguments), session)
        .Run(*arguments);
  };
}

}  // namespace bounced::cli

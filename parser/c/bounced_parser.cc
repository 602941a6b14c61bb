#include "bounced_parser.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "parser/classify/code_pattern.h"
#include "parser/diagnostic.h"
#include "parser/parser.h"
#include "parser/rule_check.h"
#include "parser/text.h"

// What a handle points to belongs to bounced_report::read, whose texts are presentable, so free of
// NUL, and are handed out as they are.

struct bounced_parser {
  std::shared_ptr<const bounced::RuleSet> rules;
  bounced::Parser parser;
  bounced::Detail detail = bounced::Detail::kVerdict;
};

struct bounced_note {
  const std::string& text;
  bounced::Span where;
};

struct bounced_field {
  const bounced::FurtherField& read;
};

struct bounced_candidate {
  const bounced::Candidate& read;
};

struct bounced_code {
  int reply_code;
  std::string enhanced_status;
};

struct bounced_recipient {
  const bounced::Recipient& read;
  std::string enhanced_status;
  std::string stated_status;
  std::vector<bounced_code> further_codes;
  std::vector<bounced_field> fields;
  std::vector<bounced_candidate> candidates;
};

struct bounced_report {
  const bounced::Report read;
  std::vector<bounced_recipient> recipients;
  std::vector<bounced_field> fields;
  std::vector<bounced_note> remarks;
  std::vector<bounced_note> steps;
};

namespace bounced {
namespace {

// Of a function of ToString(), all of whose words end with a NUL.
const char* Word(std::string_view word) { return word.data(); }

// Of a Found<std::string>, also where more stands beside it.
template <typename FoundText>
const char* Text(const std::optional<FoundText>& found) {
  return found ? found->value.c_str() : "";
}

const char* AddressText(const std::optional<FoundMta>& mta) {
  return mta ? mta->address.c_str() : "";
}

const char* Text(const Found<std::string>* found) { return found ? found->value.c_str() : ""; }

std::string StatusText(const std::optional<Found<EnhancedStatus>>& found) {
  return found ? ToString(found->value) : std::string();
}

std::vector<bounced_code> CodesOf(const std::vector<Found<FurtherCode>>& found) {
  std::vector<bounced_code> codes;
  codes.reserve(found.size());
  for (const Found<FurtherCode>& each : found) {
    const std::optional<EnhancedStatus>& status = each.value.enhanced_status;
    codes.push_back({each.value.reply_code.value_or(0), status ? ToString(*status) : ""});
  }
  return codes;
}

int Instant(const std::optional<absl::Time>& time, int64_t* seconds) {
  if (time) *seconds = absl::ToUnixSeconds(*time);
  return time ? 1 : 0;
}

int Instant(const std::optional<FoundDate>& date, int64_t* seconds) {
  return date ? Instant(date->time, seconds) : 0;
}

template <typename Handle>
const Handle* At(const std::vector<Handle>& handles, std::size_t index) {
  return index < handles.size() ? &handles[index] : nullptr;
}

template <typename Handle, typename Value>
std::vector<Handle> HandlesOf(const std::vector<Value>& values) {
  std::vector<Handle> handles;
  handles.reserve(values.size());
  for (const Value& value : values) handles.push_back({value});
  return handles;
}

template <typename Value>
std::vector<bounced_note> NotesOf(const std::vector<Value>& values) {
  std::vector<bounced_note> notes;
  notes.reserve(values.size());
  for (const Value& value : values) notes.push_back({value.text, value.where});
  return notes;
}

bounced_report* NewReport(Report read) {
  auto report =
      std::unique_ptr<bounced_report>(new bounced_report{std::move(read), {}, {}, {}, {}});
  report->recipients.reserve(report->read.recipients.size());
  for (const Recipient& recipient : report->read.recipients) {
    report->recipients.push_back(
        {recipient, StatusText(recipient.enhanced_status), StatusText(recipient.stated_status),
         CodesOf(recipient.further_codes), HandlesOf<bounced_field>(recipient.further_fields),
         HandlesOf<bounced_candidate>(recipient.candidates)});
  }
  report->fields = HandlesOf<bounced_field>(report->read.further_fields);
  report->remarks = NotesOf(report->read.remarks);
  report->steps = NotesOf(report->read.path);
  return report.release();
}

char* NewString(std::string_view value) {
  char* const string = new char[value.size() + 1];
  std::memcpy(string, value.data(), value.size());
  string[value.size()] = '\0';
  return string;
}

bounced_parser* NewParser(std::shared_ptr<const RuleSet> rules) {
  return new bounced_parser{rules, Parser(rules)};
}

std::string_view ViewOf(const char* string) { return string == nullptr ? "" : string; }

// The feedback in a report, or none of it.
const Feedback& FeedbackOf(const bounced_report* report) {
  static const Feedback kNone;
  return report->read.feedback ? *report->read.feedback : kNone;
}

}  // namespace
}  // namespace bounced

const char* bounced_version() noexcept { return BOUNCED_VERSION; }

bounced_parser* bounced_parser_new() noexcept {
  return bounced::NewParser(bounced::RuleSet::BuiltIn());
}

bounced_parser* bounced_parser_new_with_rules(const bounced_rule_file* files, size_t count,
                                              char** error) noexcept {
  std::vector<bounced::RuleSet::File> given;
  for (size_t i = 0; i < count; ++i) given.push_back({files[i].name, files[i].content});
  bounced::OperatorRules loaded = bounced::LoadOperatorRules(given);
  if (error != nullptr) *error = nullptr;
  if (loaded.rules != nullptr) return bounced::NewParser(std::move(loaded.rules));
  std::string lines;
  for (const bounced::RuleProblem& problem : loaded.problems) {
    if (!lines.empty()) lines += '\n';
    lines += bounced::Presentable(bounced::ToString(problem), std::numeric_limits<size_t>::max());
  }
  if (error != nullptr) *error = bounced::NewString(lines);
  return nullptr;
}

void bounced_parser_set_explaining(bounced_parser* parser, int explaining) noexcept {
  parser->detail = explaining != 0 ? bounced::Detail::kFull : bounced::Detail::kVerdict;
}

void bounced_parser_free(bounced_parser* parser) noexcept { delete parser; }
void bounced_string_free(char* string) noexcept { delete[] string; }

bounced_report* bounced_parser_parse(const bounced_parser* parser, const char* message,
                                     size_t length) noexcept {
  return bounced::NewReport(
      parser->parser.Parse({length == 0 ? "" : message, length}, parser->detail));
}

bounced_report* bounced_parser_parse_diagnostic(const bounced_parser* parser,
                                                const bounced_diagnostic* diagnostic) noexcept {
  // A program that was built with another version's header has fewer members, or more.
  bounced_diagnostic given{};
  std::memcpy(&given, diagnostic, std::min(diagnostic->size, sizeof given));
  bounced::Diagnostic said{
      .text = {given.text == nullptr ? "" : given.text,
               given.text == nullptr ? 0 : given.text_length},
      .enhanced_status = bounced::ViewOf(given.enhanced_status),
      .reply_code = given.reply_code,
      .remote_mta = bounced::ViewOf(given.remote_mta),
      .stage =
          bounced::ParseStage(bounced::ViewOf(given.stage)).value_or(bounced::Stage::kUnknown)};
  if (given.reply_code == 0) said.reply_code.reset();
  bounced::Report report;
  report.kind = bounced::Kind::kBounce;
  report.form = "diagnostic";
  report.recipients.push_back(bounced::ReadDiagnostic(
      said, *parser->rules, /*candidates=*/parser->detail == bounced::Detail::kFull));
  return bounced::NewReport(std::move(report));
}

void bounced_report_free(bounced_report* report) noexcept { delete report; }

const char* bounced_report_kind(const bounced_report* report) noexcept {
  return bounced::Word(ToString(report->read.kind));
}
const char* bounced_report_form(const bounced_report* report) noexcept {
  return report->read.form.c_str();
}
const char* bounced_report_reporter(const bounced_report* report) noexcept {
  return report->read.reporter.c_str();
}

// The functions that give one text of a report or recipient.
#define TEXT_OF_REPORT(name, found)                                          \
  const char* bounced_report_##name(const bounced_report* report) noexcept { \
    return bounced::Text(found);                                             \
  }
TEXT_OF_REPORT(reporting_mta, report->read.reporting_mta)
TEXT_OF_REPORT(original_envelope_id, report->read.original_envelope_id)
TEXT_OF_REPORT(arrival_date, report->read.arrival_date)
TEXT_OF_REPORT(date, report->read.date)
TEXT_OF_REPORT(message_id, report->read.message_id)
TEXT_OF_REPORT(subject, report->read.subject)
TEXT_OF_REPORT(received_from_mta, report->read.received_from_mta)
TEXT_OF_REPORT(dsn_gateway, report->read.dsn_gateway)
TEXT_OF_REPORT(returned_message_id, report->read.returned.message_id)
TEXT_OF_REPORT(returned_return_path, report->read.returned.return_path)
TEXT_OF_REPORT(returned_to, report->read.returned.to)
TEXT_OF_REPORT(returned_subject, report->read.returned.subject)
TEXT_OF_REPORT(returned_date, report->read.returned.date)
TEXT_OF_REPORT(returned_delivered_to, report->read.returned.delivered_to)
TEXT_OF_REPORT(returned_list_id, report->read.returned.list_id)
TEXT_OF_REPORT(feedback_type, bounced::FeedbackOf(report).feedback_type)
TEXT_OF_REPORT(feedback_user_agent, bounced::FeedbackOf(report).user_agent)
TEXT_OF_REPORT(feedback_original_mail_from, bounced::FeedbackOf(report).original_mail_from)
TEXT_OF_REPORT(feedback_source_ip, bounced::FeedbackOf(report).source_ip)
TEXT_OF_REPORT(feedback_reported_domain, bounced::FeedbackOf(report).reported_domain)
TEXT_OF_REPORT(feedback_incidents, bounced::FeedbackOf(report).incidents)
#undef TEXT_OF_REPORT
#define ADDRESS_OF_REPORT(name)                                                        \
  const char* bounced_report_##name##_address(const bounced_report* report) noexcept { \
    return bounced::AddressText(report->read.name);                                    \
  }
ADDRESS_OF_REPORT(reporting_mta)
ADDRESS_OF_REPORT(received_from_mta)
ADDRESS_OF_REPORT(dsn_gateway)
#undef ADDRESS_OF_REPORT

int bounced_report_arrival_date_utc(const bounced_report* report, int64_t* seconds) noexcept {
  return bounced::Instant(report->read.arrival_date, seconds);
}
int bounced_report_date_utc(const bounced_report* report, int64_t* seconds) noexcept {
  return bounced::Instant(report->read.date, seconds);
}
int bounced_report_returned_date_utc(const bounced_report* report, int64_t* seconds) noexcept {
  return bounced::Instant(report->read.returned.date, seconds);
}

size_t bounced_report_recipient_count(const bounced_report* report) noexcept {
  return report->recipients.size();
}
const bounced_recipient* bounced_report_recipient(const bounced_report* report,
                                                  size_t index) noexcept {
  return bounced::At(report->recipients, index);
}
size_t bounced_report_failed_recipient_count(const bounced_report* report) noexcept {
  return report->read.failed_recipients.size();
}
const char* bounced_report_failed_recipient(const bounced_report* report, size_t index) noexcept {
  const auto* found = bounced::At(report->read.failed_recipients, index);
  return found == nullptr ? "" : found->value.c_str();
}
size_t bounced_report_field_count(const bounced_report* report) noexcept {
  return report->fields.size();
}
const bounced_field* bounced_report_field(const bounced_report* report, size_t index) noexcept {
  return bounced::At(report->fields, index);
}
size_t bounced_report_remark_count(const bounced_report* report) noexcept {
  return report->remarks.size();
}
const bounced_note* bounced_report_remark(const bounced_report* report, size_t index) noexcept {
  return bounced::At(report->remarks, index);
}
size_t bounced_report_step_count(const bounced_report* report) noexcept {
  return report->steps.size();
}
const bounced_note* bounced_report_step(const bounced_report* report, size_t index) noexcept {
  return bounced::At(report->steps, index);
}

const char* bounced_note_text(const bounced_note* note) noexcept { return note->text.c_str(); }
size_t bounced_note_offset(const bounced_note* note) noexcept { return note->where.offset; }
size_t bounced_note_length(const bounced_note* note) noexcept { return note->where.length; }

const char* bounced_field_name(const bounced_field* field) noexcept {
  return field->read.name.c_str();
}
const char* bounced_field_value(const bounced_field* field) noexcept {
  return field->read.value.value.c_str();
}
int bounced_field_value_utc(const bounced_field* field, int64_t* seconds) noexcept {
  return bounced::Instant(bounced::TimeOf(field->read), seconds);
}

#define TEXT_OF_RECIPIENT(name, text) \
  const char* bounced_recipient_##name(const bounced_recipient* recipient) noexcept { return text; }
TEXT_OF_RECIPIENT(address, bounced::Text(bounced::AddressOf(recipient->read)))
TEXT_OF_RECIPIENT(final_recipient, bounced::Text(recipient->read.final_recipient))
TEXT_OF_RECIPIENT(original_recipient, bounced::Text(recipient->read.original_recipient))
TEXT_OF_RECIPIENT(final_recipient_provenance,
                  recipient->read.final_recipient
                      ? bounced::Word(ToString(recipient->read.final_recipient->provenance))
                      : "")
TEXT_OF_RECIPIENT(kind, bounced::Word(ToString(recipient->read.kind)))
TEXT_OF_RECIPIENT(class, bounced::Word(ToString(recipient->read.classification.bounce_class)))
TEXT_OF_RECIPIENT(reason, bounced::Word(ToString(recipient->read.classification.reason)))
TEXT_OF_RECIPIENT(fault, bounced::Word(ToString(recipient->read.classification.fault)))
TEXT_OF_RECIPIENT(persistence, bounced::Word(ToString(recipient->read.classification.persistence)))
TEXT_OF_RECIPIENT(stage, bounced::Word(ToString(recipient->read.stage)))
TEXT_OF_RECIPIENT(rule, recipient->read.classification.rule.c_str())
TEXT_OF_RECIPIENT(matched_text, recipient->read.classification.matched_text.c_str())
TEXT_OF_RECIPIENT(enhanced_status, recipient->enhanced_status.c_str())
TEXT_OF_RECIPIENT(stated_status, recipient->stated_status.c_str())
TEXT_OF_RECIPIENT(action, recipient->read.action.c_str())
TEXT_OF_RECIPIENT(diagnostic, bounced::Text(recipient->read.diagnostic))
TEXT_OF_RECIPIENT(diagnostic_type, recipient->read.diagnostic_type.c_str())
TEXT_OF_RECIPIENT(diagnostic_language, recipient->read.diagnostic_language.c_str())
TEXT_OF_RECIPIENT(remote_mta, bounced::Text(recipient->read.remote_mta))
TEXT_OF_RECIPIENT(remote_address, bounced::AddressText(recipient->read.remote_mta))
#undef TEXT_OF_RECIPIENT

int bounced_recipient_counts(const bounced_recipient* recipient) noexcept {
  return recipient->read.classification.counts ? 1 : 0;
}
int bounced_recipient_confidence(const bounced_recipient* recipient) noexcept {
  return recipient->read.classification.confidence;
}
int bounced_recipient_text_bears_out(const bounced_recipient* recipient) noexcept {
  return recipient->read.classification.text_bears_out ? 1 : 0;
}
int bounced_recipient_reply_code(const bounced_recipient* recipient) noexcept {
  return recipient->read.reply_code ? recipient->read.reply_code->value : 0;
}
size_t bounced_recipient_further_code_count(const bounced_recipient* recipient) noexcept {
  return recipient->further_codes.size();
}
const bounced_code* bounced_recipient_further_code(const bounced_recipient* recipient,
                                                   size_t index) noexcept {
  return bounced::At(recipient->further_codes, index);
}
int bounced_recipient_diagnostic_cut(const bounced_recipient* recipient) noexcept {
  return recipient->read.diagnostic_cut ? 1 : 0;
}
size_t bounced_recipient_field_count(const bounced_recipient* recipient) noexcept {
  return recipient->fields.size();
}
const bounced_field* bounced_recipient_field(const bounced_recipient* recipient,
                                             size_t index) noexcept {
  return bounced::At(recipient->fields, index);
}
size_t bounced_recipient_candidate_count(const bounced_recipient* recipient) noexcept {
  return recipient->candidates.size();
}
const bounced_candidate* bounced_recipient_candidate(const bounced_recipient* recipient,
                                                     size_t index) noexcept {
  return bounced::At(recipient->candidates, index);
}

int bounced_code_reply_code(const bounced_code* code) noexcept { return code->reply_code; }
const char* bounced_code_enhanced_status(const bounced_code* code) noexcept {
  return code->enhanced_status.c_str();
}

const char* bounced_candidate_rule(const bounced_candidate* candidate) noexcept {
  return candidate->read.rule.c_str();
}
const char* bounced_candidate_reason(const bounced_candidate* candidate) noexcept {
  return candidate->read.reason ? bounced::Word(ToString(*candidate->read.reason)) : "";
}
int bounced_candidate_confidence(const bounced_candidate* candidate) noexcept {
  return candidate->read.confidence;
}
const char* bounced_candidate_matched_text(const bounced_candidate* candidate) noexcept {
  return candidate->read.matched_text.c_str();
}
const char* bounced_candidate_why_not(const bounced_candidate* candidate) noexcept {
  return candidate->read.why_not.c_str();
}

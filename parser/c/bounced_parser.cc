#include "bounced_parser.h"

#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/parser.h"
#include "parser/rule_check.h"
#include "parser/text.h"

struct bounced_parser {
  bounced::Parser parser;
};

struct bounced_recipient {
  std::string final_recipient;
  std::string original_recipient;
  std::string kind;
  std::string bounce_class;
  std::string reason;
  std::string fault;
  std::string persistence;
  int confidence;
  std::string rule;
  std::string matched_text;
  std::string enhanced_status;
  int reply_code;
  std::string diagnostic;
  std::string remote_mta;
};

struct bounced_report {
  std::string kind;
  std::string form;
  std::string returned_message_id;
  std::string returned_return_path;
  std::vector<bounced_recipient> recipients;
};

namespace bounced {
namespace {

// Free of NUL, with which a string in C would end.
std::string Safe(std::string_view value) {
  return Presentable(value, std::numeric_limits<std::size_t>::max());
}

std::string Safe(const std::optional<Found<std::string>>& found) {
  return found ? Safe(found->value) : std::string();
}

bounced_recipient FromRecipient(const Recipient& recipient) {
  const Classification& found = recipient.classification;
  return {
      .final_recipient = Safe(recipient.final_recipient),
      .original_recipient = Safe(recipient.original_recipient),
      .kind = std::string(ToString(recipient.kind)),
      .bounce_class = std::string(ToString(found.bounce_class)),
      .reason = std::string(ToString(found.reason)),
      .fault = std::string(ToString(found.fault)),
      .persistence = std::string(ToString(found.persistence)),
      .confidence = found.confidence,
      .rule = Safe(found.rule),
      .matched_text = Safe(found.matched_text),
      .enhanced_status =
          recipient.enhanced_status ? ToString(recipient.enhanced_status->value) : std::string(),
      .reply_code = recipient.reply_code ? recipient.reply_code->value : 0,
      .diagnostic = Safe(recipient.diagnostic),
      .remote_mta = Safe(recipient.remote_mta),
  };
}

char* NewString(std::string_view value) {
  char* const string = new char[value.size() + 1];
  std::memcpy(string, value.data(), value.size());
  string[value.size()] = '\0';
  return string;
}

}  // namespace
}  // namespace bounced

bounced_parser* bounced_parser_new() noexcept {
  return new bounced_parser{bounced::Parser(bounced::RuleSet::BuiltIn())};
}

bounced_parser* bounced_parser_new_with_rules(const bounced_rule_file* files, size_t count,
                                              char** error) noexcept {
  std::vector<bounced::RuleSet::File> given;
  for (size_t i = 0; i < count; ++i) given.push_back({files[i].name, files[i].content});
  bounced::OperatorRules loaded = bounced::LoadOperatorRules(given);
  if (error != nullptr) *error = nullptr;
  if (loaded.rules != nullptr) return new bounced_parser{bounced::Parser(std::move(loaded.rules))};
  std::string lines;
  for (const bounced::RuleProblem& problem : loaded.problems) {
    if (!lines.empty()) lines += '\n';
    lines += bounced::Safe(bounced::ToString(problem));
  }
  if (error != nullptr) *error = bounced::NewString(lines);
  return nullptr;
}

void bounced_parser_free(bounced_parser* parser) noexcept { delete parser; }
void bounced_string_free(char* string) noexcept { delete[] string; }

bounced_report* bounced_parser_parse(const bounced_parser* parser, const char* message,
                                     size_t length) noexcept {
  const bounced::Report read = parser->parser.Parse({length == 0 ? "" : message, length});
  auto report = std::make_unique<bounced_report>();
  report->kind = bounced::ToString(read.kind);
  report->form = read.form;
  report->returned_message_id = bounced::Safe(read.returned.message_id);
  report->returned_return_path = bounced::Safe(read.returned.return_path);
  report->recipients.reserve(read.recipients.size());
  for (const bounced::Recipient& recipient : read.recipients) {
    report->recipients.push_back(bounced::FromRecipient(recipient));
  }
  return report.release();
}

void bounced_report_free(bounced_report* report) noexcept { delete report; }

const char* bounced_report_kind(const bounced_report* report) noexcept {
  return report->kind.c_str();
}
const char* bounced_report_form(const bounced_report* report) noexcept {
  return report->form.c_str();
}
const char* bounced_report_returned_message_id(const bounced_report* report) noexcept {
  return report->returned_message_id.c_str();
}
const char* bounced_report_returned_return_path(const bounced_report* report) noexcept {
  return report->returned_return_path.c_str();
}

size_t bounced_report_recipient_count(const bounced_report* report) noexcept {
  return report->recipients.size();
}
const bounced_recipient* bounced_report_recipient(const bounced_report* report,
                                                  size_t index) noexcept {
  return index < report->recipients.size() ? &report->recipients[index] : nullptr;
}

const char* bounced_recipient_final_recipient(const bounced_recipient* recipient) noexcept {
  return recipient->final_recipient.c_str();
}
const char* bounced_recipient_original_recipient(const bounced_recipient* recipient) noexcept {
  return recipient->original_recipient.c_str();
}
const char* bounced_recipient_kind(const bounced_recipient* recipient) noexcept {
  return recipient->kind.c_str();
}
const char* bounced_recipient_class(const bounced_recipient* recipient) noexcept {
  return recipient->bounce_class.c_str();
}
const char* bounced_recipient_reason(const bounced_recipient* recipient) noexcept {
  return recipient->reason.c_str();
}
const char* bounced_recipient_fault(const bounced_recipient* recipient) noexcept {
  return recipient->fault.c_str();
}
const char* bounced_recipient_persistence(const bounced_recipient* recipient) noexcept {
  return recipient->persistence.c_str();
}
int bounced_recipient_confidence(const bounced_recipient* recipient) noexcept {
  return recipient->confidence;
}
const char* bounced_recipient_rule(const bounced_recipient* recipient) noexcept {
  return recipient->rule.c_str();
}
const char* bounced_recipient_matched_text(const bounced_recipient* recipient) noexcept {
  return recipient->matched_text.c_str();
}
const char* bounced_recipient_enhanced_status(const bounced_recipient* recipient) noexcept {
  return recipient->enhanced_status.c_str();
}
int bounced_recipient_reply_code(const bounced_recipient* recipient) noexcept {
  return recipient->reply_code;
}
const char* bounced_recipient_diagnostic(const bounced_recipient* recipient) noexcept {
  return recipient->diagnostic.c_str();
}
const char* bounced_recipient_remote_mta(const bounced_recipient* recipient) noexcept {
  return recipient->remote_mta.c_str();
}

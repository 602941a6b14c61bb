// Any octets are a message: Parse() must come back, with a Report that keeps its promises.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "parser/parser.h"
#include "parser/text.h"
#include "require.h"

namespace {

using bounced::ParserLimits;
using bounced::Recipient;
using bounced::Report;

// Small bounds, so that inputs of the fuzzer's size meet them.
ParserLimits SmallLimits() {
  ParserLimits limits;
  limits.max_parts = 8;
  limits.max_depth = 3;
  limits.max_recipients = 4;
  limits.max_header_bytes = 512;
  limits.max_line = 200;
  limits.max_boundary = 16;
  limits.max_text_decoded = 1024;
  limits.max_diagnostic = 64;
  limits.max_remarks = 5;
  limits.max_work = 50'000;
  return limits;
}

template <typename T>
void CheckSpan(const std::optional<bounced::Found<T>>& found, std::size_t size) {
  if (found) Require(std::size_t{found->where.offset} + found->where.length <= size);
}

void CheckText(const std::optional<bounced::Found<std::string>>& found, std::size_t size,
               const ParserLimits& limits) {
  CheckSpan(found, size);
  if (!found) return;
  Require(bounced::IsValidUtf8(found->value));
  Require(found->value.size() <= limits.max_diagnostic);
}

void Check(const Report& report, std::size_t size, const ParserLimits& limits) {
  Require(report.recipients.size() <= limits.max_recipients);
  Require(report.remarks.size() <= limits.max_remarks);
  Require(report.work <= limits.max_work);
  for (const Recipient& recipient : report.recipients) {
    CheckText(recipient.final_recipient, size, limits);
    CheckText(recipient.original_recipient, size, limits);
    CheckText(recipient.diagnostic, size, limits);
    CheckText(recipient.remote_mta, size, limits);
    CheckSpan(recipient.enhanced_status, size);
    CheckSpan(recipient.stated_status, size);
    CheckSpan(recipient.reply_code, size);
    Require(!recipient.reply_code ||
            (recipient.reply_code->value >= 200 && recipient.reply_code->value < 600));
    Require(!recipient.classification.rule.empty());
    Require(bounced::IsValidUtf8(recipient.classification.matched_text));
    for (const bounced::Candidate& candidate : recipient.candidates) {
      Require(!candidate.rule.empty() && !candidate.why_not.empty());
      Require(bounced::IsValidUtf8(candidate.matched_text));
    }
  }
  for (const bounced::PathStep& step : report.path) {
    Require(std::size_t{step.where.offset} + step.where.length <= size);
    Require(bounced::IsValidUtf8(step.text));
  }
  CheckText(report.subject, size, limits);
  CheckText(report.message_id, size, limits);
  CheckText(report.returned.return_path, size, limits);
  CheckText(report.returned.subject, size, limits);
  for (const bounced::Remark& remark : report.remarks) {
    Require(std::size_t{remark.where.offset} + remark.where.length <= size);
  }
}

// Telling the way must not change where it leads.
bool SameAnswer(const Report& report, const Report& explained) {
  return report.kind == explained.kind && report.form == explained.form &&
         std::equal(report.recipients.begin(), report.recipients.end(),
                    explained.recipients.begin(), explained.recipients.end(),
                    [](const Recipient& one, const Recipient& other) {
                      return one.kind == other.kind &&
                             one.classification.rule == other.classification.rule &&
                             one.classification.matched_text == other.classification.matched_text &&
                             one.classification.confidence == other.classification.confidence;
                    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::shared_ptr<const bounced::RuleSet> rules = bounced::RuleSet::BuiltIn();
  static const bounced::Parser parser(rules);
  static const bounced::Parser small_parser(rules, SmallLimits());
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const Report report = parser.Parse(message);
  Check(report, size, ParserLimits());
  const Report explained = parser.Parse(message, bounced::Detail::kFull);
  Check(explained, size, ParserLimits());
  Require(SameAnswer(report, explained));
  Check(small_parser.Parse(message), size, SmallLimits());
  for (const bounced::Found<std::string>& address : small_parser.NamedInWords(message)) {
    CheckText(address, size, SmallLimits());
  }
  return 0;
}

// Any octets are a message: Parse() must come back, with a Report that keeps its promises.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "parser/parser.h"
#include "parser/text.h"

namespace {

using bounced::ParserLimits;
using bounced::Recipient;
using bounced::Report;

void Require(bool holds) {
  if (!holds) std::abort();
}

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
  }
  CheckText(report.subject, size, limits);
  CheckText(report.message_id, size, limits);
  CheckText(report.returned.return_path, size, limits);
  CheckText(report.returned.subject, size, limits);
  for (const bounced::Remark& remark : report.remarks) {
    Require(std::size_t{remark.where.offset} + remark.where.length <= size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::shared_ptr<const bounced::RuleSet> rules = bounced::RuleSet::BuiltIn();
  static const bounced::Parser parser(rules);
  static const bounced::Parser small_parser(rules, SmallLimits());
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  Check(parser.Parse(message), size, ParserLimits());
  Check(small_parser.Parse(message), size, SmallLimits());
  return 0;
}

#include "parser/rule_check.h"

#include <cstddef>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "parser/dsn/smtp_reply.h"
#include "parser/text.h"

namespace bounced {
namespace {

// Of an example's text in a message: enough to find it by.
constexpr std::size_t kMaxQuotedOctets = 100;

std::string Difference(const RuleExample& example, const Classification& found) {
  if (!example.rule.empty() && found.rule != example.rule) {
    return absl::StrCat("is won by \"", found.rule, "\" (", Absl(ToString(found.reason)), ")");
  }
  if (example.reason && found.reason != *example.reason) {
    return absl::StrCat("is ", Absl(ToString(found.reason)), " by \"", found.rule, "\", not ",
                        Absl(ToString(*example.reason)));
  }
  if (example.persistence != Persistence::kUnknown && found.persistence != example.persistence) {
    return absl::StrCat("is ", Absl(ToString(found.persistence)), ", not ",
                        Absl(ToString(example.persistence)));
  }
  return "";
}

}  // namespace

ExampleResult TryExample(const RuleSet& rules, const RuleExample& example) {
  const SmtpReply reply = FindSmtpReply(example.text, ReplyContext::kReply);
  Symptoms symptoms;
  symptoms.reply_code = reply.code;
  symptoms.enhanced_status = reply.status;
  symptoms.stage = example.stage == Stage::kUnknown ? FindStage(example.text) : example.stage;
  symptoms.text = reply.words;
  symptoms.remote_mta = example.remote_mta;
  ExampleResult result{rules.Classify(symptoms), ""};
  result.difference = Difference(example, result.found);
  return result;
}

OperatorRules LoadOperatorRules(const std::vector<RuleSet::File>& files) {
  OperatorRules loaded;
  loaded.rules = RuleSet::LoadWithBuiltIn(files, loaded.problems);
  if (loaded.rules == nullptr) return loaded;
  for (const RuleExample& example : loaded.rules->examples()) {
    if (example.origin != RuleOrigin::kOperator) continue;
    const ExampleResult result = TryExample(*loaded.rules, example);
    if (result.difference.empty()) continue;
    loaded.problems.push_back(
        {example.file, example.line, example.owner,
         absl::StrCat("example \"", Presentable(example.text, kMaxQuotedOctets), "\" ",
                      result.difference)});
  }
  if (!loaded.problems.empty()) loaded.rules = nullptr;
  return loaded;
}

}  // namespace bounced

#include "parser/rule_check.h"

#include <algorithm>
#include <charconv>
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

std::string Quoted(const RuleExample& example) {
  return absl::StrCat("\"", Presentable(SaidIn(example), kMaxQuotedOctets), "\"");
}

// A problem of `rule` as a whole. Its source is "FILE:LINE".
RuleProblem ProblemOf(const RuleInfo& rule, std::string what) {
  const std::string_view source = rule.source;
  const std::size_t colon = std::min(source.rfind(':'), source.size());
  RuleProblem problem{std::string(source.substr(0, colon)), 0, rule.id, std::move(what)};
  const std::string_view line = source.substr(std::min(colon + 1, source.size()));
  std::from_chars(line.data(), line.data() + line.size(), problem.line);
  return problem;
}

// Examples that stand in one rule and are won by another.
struct WonExamples {
  const RuleInfo* winner;
  const RuleInfo* owner;
  const RuleExample* first;
  std::size_t count;
};

}  // namespace

std::string SaidIn(const RuleExample& example) {
  std::string said = example.text;
  for (const FurtherField& field : example.fields) {
    absl::StrAppend(&said, said.empty() ? "" : " | ", field.name, ": ", field.value.value);
  }
  return said;
}

ExampleResult TryExample(const RuleSet& rules, const RuleExample& example) {
  const SmtpReply reply = FindSmtpReply(example.text, ReplyContext::kReply);
  Symptoms symptoms;
  symptoms.reply_code = reply.code;
  symptoms.enhanced_status = reply.status;
  symptoms.stage = example.stage == Stage::kUnknown ? FindStage(example.text) : example.stage;
  symptoms.text = reply.words;
  symptoms.remote_mta = example.remote_mta;
  symptoms.fields = example.fields;
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
    loaded.problems.push_back({example.file, example.line, example.owner,
                               absl::StrCat("example ", Quoted(example), " ", result.difference)});
  }
  if (!loaded.problems.empty()) loaded.rules = nullptr;
  return loaded;
}

std::vector<RuleProblem> FindWonExamples(const RuleSet& rules) {
  StringMap<const RuleInfo*> by_id;
  for (const RuleInfo& rule : rules.rules()) by_id.emplace(rule.id, &rule);
  std::vector<WonExamples> all;
  for (const RuleExample& example : rules.examples()) {
    if (example.origin == RuleOrigin::kOperator) continue;
    const ExampleResult result = TryExample(rules, example);
    const auto winner = by_id.find(result.found.rule);
    if (result.difference.empty() || winner == by_id.end()) continue;
    if (winner->second->origin != RuleOrigin::kOperator) continue;
    const RuleInfo* owner = by_id.find(example.owner)->second;
    const auto known = std::find_if(all.begin(), all.end(), [&](const WonExamples& won) {
      return won.winner == winner->second && won.owner == owner;
    });
    if (known != all.end()) {
      ++known->count;
    } else {
      all.push_back({winner->second, owner, &example, 1});
    }
  }
  // Pointers into one vector: in the order of the files.
  std::stable_sort(all.begin(), all.end(),
                   [](const WonExamples& a, const WonExamples& b) { return a.winner < b.winner; });
  std::vector<RuleProblem> problems;
  problems.reserve(all.size());
  for (const WonExamples& won : all) {
    const std::string reason =
        won.owner->reason ? absl::StrCat(" (", Absl(ToString(*won.owner->reason)), ")") : "";
    problems.push_back(ProblemOf(
        *won.winner, absl::StrCat("wins ", won.count, won.count == 1 ? " example" : " examples",
                                  " of the built-in \"", won.owner->id, "\"", reason,
                                  won.count == 1 ? ": " : ", first ", Quoted(*won.first))));
  }
  return problems;
}

}  // namespace bounced

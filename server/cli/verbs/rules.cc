// bouncectl rules lint, rules test, rules stats
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bounced/v1/bounce.grpc.pb.h"
#include "parser/rule_check.h"
#include "parser/text.h"
#include "server/cli/json.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"
#include "server/rules/rule_files.h"

namespace bounced::cli {
namespace {

constexpr std::int32_t kRulesOfPage = 1'000;

absl::StatusOr<std::vector<RuleSet::File>> ReadFiles(const std::vector<std::string>& paths) {
  absl::StatusOr<std::vector<RuleSet::File>> files = ReadRuleFiles(paths);
  if (files.ok()) return files;
  // Whatever keeps it from being read, the command line named it.
  return absl::InvalidArgumentError(files.status().message());
}

// `key` is what it is: "problem", "warning".
std::string AsJson(std::string_view key, const RuleProblem& problem) {
  JsonWriter json;
  json.BeginObject().Key("file").String(problem.file);
  if (problem.line > 0) json.Key("line").Number(problem.line);
  if (!problem.rule.empty()) json.Key("rule").String(problem.rule);
  return json.Key(key).String(problem.what).EndObject().text();
}

absl::StatusOr<ExitCode> Lint(const std::vector<std::string>& paths, Session& session) {
  absl::StatusOr<std::vector<RuleSet::File>> files = ReadFiles(paths);
  if (!files.ok()) return files.status();
  const OperatorRules loaded = LoadOperatorRules(*files);
  for (const RuleProblem& problem : loaded.problems) {
    if (session.json()) {
      session.out().Json(AsJson("problem", problem));
    } else {
      session.out().Line({ToString(problem)});
    }
  }
  if (loaded.rules == nullptr) return ExitCode::kFound;
  for (RuleProblem& warning : FindWonExamples(*loaded.rules)) {
    if (session.json()) {
      session.out().Json(AsJson("warning", warning));
    } else {
      warning.what.insert(0, "warning: ");
      session.out().Line({ToString(warning)});
    }
  }
  return ExitCode::kDone;
}

std::string AsJson(const RuleExample& example, const ExampleResult& result) {
  const Classification& found = result.found;
  JsonWriter json;
  json.BeginObject().Key("file").String(example.file).Key("line").Number(example.line);
  json.Key("rule").String(example.owner).Key("text").String(example.text);
  if (!example.fields.empty()) {
    json.Key("fields").BeginArray();
    for (const FurtherField& field : example.fields) {
      json.BeginObject().Key("name").String(field.name);
      json.Key("value").String(field.value.value).EndObject();
    }
    json.EndArray();
  }
  if (example.stage != Stage::kUnknown) json.Key("stage").String(ToString(example.stage));
  json.Key("winner").String(found.rule).Key("reason").String(ToString(found.reason));
  json.Key("class").String(ToString(found.bounce_class));
  json.Key("confidence").Number(found.confidence);
  if (!found.matched_text.empty()) json.Key("matched_text").String(found.matched_text);
  if (!result.difference.empty()) json.Key("difference").String(result.difference);
  return json.EndObject().text();
}

struct TestArguments {
  std::vector<std::string> paths;
  bool only_differing = false;
  bool only_mine = false;
};

absl::StatusOr<ExitCode> Test(const TestArguments& arguments, Session& session) {
  if (arguments.only_mine && arguments.paths.empty()) {
    return absl::InvalidArgumentError("--mine needs a FILE: there are no rules of yours without");
  }
  absl::StatusOr<std::vector<RuleSet::File>> files = ReadFiles(arguments.paths);
  if (!files.ok()) return files.status();
  // Not LoadOperatorRules(), which refuses what is to be shown here.
  std::vector<RuleProblem> problems;
  const std::shared_ptr<const RuleSet> rules = RuleSet::LoadWithBuiltIn(*files, problems);
  if (rules == nullptr) return ToStatus(problems);
  const std::vector<RuleInfo>& infos = rules->rules();
  const auto of_rules = std::count_if(infos.begin(), infos.end(), [&](const RuleInfo& rule) {
    return !arguments.only_mine || rule.origin == RuleOrigin::kOperator;
  });
  std::size_t tried = 0;
  std::size_t differing = 0;
  for (const RuleExample& example : rules->examples()) {
    if (arguments.only_mine && example.origin != RuleOrigin::kOperator) continue;
    ++tried;
    const ExampleResult result = TryExample(*rules, example);
    if (!result.difference.empty()) ++differing;
    if (arguments.only_differing && result.difference.empty()) continue;
    if (session.json()) {
      session.out().Json(AsJson(example, result));
    } else {
      session.out().Line({result.difference.empty() ? "ok" : "differs",
                          absl::StrCat(example.file, ":", example.line), example.owner,
                          result.found.rule, ToString(result.found.reason), SaidIn(example)});
    }
  }
  session.err().Text(
      absl::StrCat(tried, " examples of ", of_rules, " rules: ", differing, " differ\n"));
  return differing == 0 ? ExitCode::kDone : ExitCode::kFound;
}

absl::StatusOr<ExitCode> Stats(bool all, Session& session) {
  std::vector<v1::Rule> rules;
  v1::ListRulesRequest request;
  request.set_page_size(kRulesOfPage);
  v1::ListRulesResponse page;
  auto stub = session.client().Stub<v1::BounceService>();
  do {
    page.Clear();
    absl::Status status = session.client().Unary(
        [&](grpc::ClientContext* context) { return stub->ListRules(context, request, &page); });
    if (!status.ok()) return status;
    rules.insert(rules.end(), page.rules().begin(), page.rules().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  std::sort(rules.begin(), rules.end(), [](const v1::Rule& a, const v1::Rule& b) {
    return a.hits() != b.hits() ? a.hits() > b.hits() : a.id() < b.id();
  });
  std::int64_t hits = 0;
  for (const v1::Rule& rule : rules) {
    hits += rule.hits();
    if (rule.hits() == 0 && !all) continue;
    if (session.json()) {
      session.out().Json(ToJson(rule, Unset::kPrinted));
    } else {
      auto field = [](const std::string& text) { return text.empty() ? "-" : text; };
      session.out().Line({absl::StrCat(rule.hits()), rule.id(), field(rule.reason()),
                          rule.is_operators() ? "operator" : "built-in", field(rule.source())});
    }
  }
  session.err().Text(absl::StrCat(hits, " failures since ", ShownTime(page.load_time()), "\n"));
  return ExitCode::kDone;
}

}  // namespace

Action SetUpRulesLint(CLI::App& command) {
  auto paths = std::make_shared<std::vector<std::string>>();
  command.add_option("FILE", *paths, "Files of rules, or folders of *.toml")
      ->required()
      ->type_name("");
  command.footer(
      "Reads the files as bounced does at its start, on top of the built-in rules, and prints a "
      "line FILE:LINE: PROBLEM for all that it would refuse them for. Once there is nothing, a "
      "line for each of their examples that another rule wins. Once there is none, a line "
      "FILE:LINE: rule \"ID\": warning: ... for each built-in rule of which one of theirs wins "
      "examples: that is allowed, and is what a phrase does that is too short. With --json an "
      "object a line: file, line, rule, and problem or warning; what is not known is left out.\n"
      "\n"
      "Exit codes: 0 nothing is wrong (there may be warnings), 1 something is, 2 usage or a file "
      "that cannot be read");
  return [paths](Session& session) { return Lint(*paths, session); };
}

Action SetUpRulesTest(CLI::App& command) {
  auto arguments = std::make_shared<TestArguments>();
  command
      .add_option("FILE", arguments->paths,
                  "Files of rules, or folders of *.toml, to be added to the built-in ones")
      ->type_name("");
  command.add_flag("--differing", arguments->only_differing, "Only those that differ");
  command.add_flag("--mine", arguments->only_mine, "Only those of the files");
  command.footer(
      "Tries each example and counter-example, of the files and of the built-in rules, against "
      "all rules together. Prints a line for each, with tabs between: ok or differs, FILE:LINE, "
      "the rule that it stands in, the one that wins, its reason, the text. With --json an object "
      "a line: file, line, rule, text, fields [{name, value}], stage, winner, reason, class, "
      "confidence, matched_text, difference; what there is not is left out. The counts go to "
      "standard error. An operator's "
      "rule may win a built-in example: that it does is shown here.\n"
      "\n"
      "Exit codes: 0 all are as they say, 1 one differs, 2 usage, a file that cannot be read, or "
      "one that `rules lint` finds fault with");
  return [arguments](Session& session) { return Test(*arguments, session); };
}

Action SetUpRulesStats(CLI::App& command) {
  auto all = std::make_shared<bool>(false);
  command.add_flag("--all", *all, "Also rules that have decided nothing");
  command.footer(
      "Prints a line for each rule, the most frequent first, with tabs between: how many failed "
      "recipients it has decided since the rules were loaded, its id, its reason, operator or "
      "built-in, FILE:LINE; - stands for none. unclassified and undefined are what no rule knew, "
      "with and without a text. With --json prints the API's Rule. The sum, and since when, go to "
      "standard error.\n"
      "\n"
      "Exit codes: 0 done, 2 usage, 3 the server could not be reached, did not allow it, or "
      "failed");
  return [all](Session& session) { return Stats(*all, session); };
}

}  // namespace bounced::cli

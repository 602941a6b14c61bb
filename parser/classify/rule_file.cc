#include "parser/classify/rule_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/classify/code_pattern.h"
#include "parser/classify/folded_text.h"

namespace bounced {
namespace {

using Keys = std::initializer_list<std::string_view>;

constexpr std::string_view kReservedIds[] = {"unclassified", "undefined"};

bool IsId(std::string_view id) {
  constexpr std::string_view kOther = "-.*";
  return !id.empty() && std::all_of(id.begin(), id.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kOther.find(c) != kOther.npos;
  });
}

std::optional<std::string> ParseHost(std::string_view name) {
  const bool is_host = !name.empty() && name.front() != '.' && name.back() != '.' &&
                       std::all_of(name.begin(), name.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || IsDigit(c) || c == '.' || c == '-';
                       });
  return is_host ? std::optional<std::string>(name) : std::nullopt;
}

int LineOf(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

// Reads one file into a book. Goes on after whatever is wrong, so that all of it is told at once.
class RuleReader {
 public:
  RuleReader(const std::string& file, RuleOrigin origin, RuleBook& book)
      : file_(file), origin_(origin), book_(book) {}

  void Read(const toml::table& root);

 private:
  // Keeps what is wrong as a problem of the book.
  void Error(const toml::node& at, std::string_view what) const;
  std::size_t problems() const { return book_.problems.size(); }
  void CheckKeys(const toml::table& table, Keys keys) const;
  // All but the rules themselves.
  void ReadTop(const toml::table& root);
  void ReadWords(const toml::table& words);
  void ReadProviders(const toml::node& node);
  void ReadProvider(std::string_view name, const toml::node& node);
  void CheckIsAlone(const toml::node& node, const Provider& provider) const;
  void ReadProviderNames(const toml::node& node, std::vector<int>& providers);
  void ReadRule(const toml::table& table);
  void ReadId(const toml::table& table, Rule& rule);
  void ReadWhen(const toml::table& table, Rule& rule);
  // `rests_on_words`: the rule has a text or a field, or one was meant.
  void ReadVerdict(const toml::table& table, bool rests_on_words, Rule& rule) const;
  void ReadProof(const toml::table& table, const Rule& rule);
  void ReadExample(const toml::node& node, const Rule& rule, bool counter);
  void ReadNumber(const toml::table& table, std::string_view key, int low, int high,
                  int& number) const;
  void ReadCondition(const toml::node& node, Condition& condition);
  void ReadText(const toml::node& node, Condition& condition);
  void ReadTextPattern(const toml::table& table, TextPattern& pattern);
  void ReadSlot(const toml::node& node, bool in_list, std::vector<int>& slot);
  void ReadPhrase(const toml::node& node, std::string_view phrase, std::vector<int>& slot);
  // Reads `node`, one string or an array of them, by `parse` into `values`.
  template <typename T, typename Parse>
  void ReadList(const toml::node& node, std::string_view what, Parse parse,
                std::vector<T>& values) const;

  const std::string& file_;
  const RuleOrigin origin_;
  RuleBook& book_;
  std::string id_;  // of the rule that is being read
  int priority_ = 0;
  std::vector<int> providers_;  // of rules that name none
  StringMap<std::vector<std::string>> words_;
};

void RuleReader::Error(const toml::node& at, std::string_view what) const {
  book_.problems.push_back({file_, LineOf(at), id_, std::string(what)});
}

void RuleReader::CheckKeys(const toml::table& table, Keys keys) const {
  for (const auto& [key, value] : table) {
    if (std::find(keys.begin(), keys.end(), key.str()) == keys.end()) {
      Error(value, absl::StrCat("unknown key \"", Absl(key.str()), "\""));
    }
  }
}

void RuleReader::Read(const toml::table& root) {
  ReadTop(root);
  const toml::node* rules = root.get("rule");
  if (rules == nullptr) return;
  if (!rules->is_array_of_tables()) return Error(*rules, "rule is not an array of tables");
  for (const toml::node& rule : *rules->as_array()) {
    id_.clear();
    ReadRule(*rule.as_table());
  }
}

void RuleReader::ReadTop(const toml::table& root) {
  CheckKeys(root, {"priority", "provider", "providers", "words", "rule"});
  ReadNumber(root, "priority", -kMaxPriority, kMaxPriority, priority_);
  if (const toml::node* providers = root.get("providers")) ReadProviders(*providers);
  if (const toml::node* names = root.get("provider")) ReadProviderNames(*names, providers_);
  if (const toml::node* words = root.get("words")) {
    if (!words->is_table()) return Error(*words, "words is not a table");
    ReadWords(*words->as_table());
  }
}

void RuleReader::ReadWords(const toml::table& words) {
  for (const auto& [name, node] : words) {
    auto keep = [](std::string_view word) { return std::optional<std::string>(word); };
    ReadList(node, "word", keep, words_[std::string(name.str())]);
  }
}

void RuleReader::ReadProviders(const toml::node& node) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return Error(node, "providers is not a table");
  for (const auto& [name, provider] : *table) ReadProvider(name.str(), provider);
}

void RuleReader::ReadProvider(std::string_view name, const toml::node& node) {
  const toml::table* table = node.as_table();
  if (!IsId(name) || table == nullptr) {
    return Error(node, absl::StrCat("provider \"", Absl(name), "\" is not an id with a table"));
  }
  CheckKeys(*table, {"hosts", "marks"});
  const toml::node* hosts = table->get("hosts");
  if (hosts == nullptr) return Error(node, "a provider without hosts");
  const int index = book_.InternProvider(name, file_, LineOf(node));
  Provider& provider = book_.providers[static_cast<std::size_t>(index)];
  ReadList(*hosts, "host", ParseHost, provider.hosts);
  if (const toml::node* marks = table->get("marks")) ReadSlot(*marks, false, provider.marks);
  CheckIsAlone(node, provider);
}

void RuleReader::CheckIsAlone(const toml::node& node, const Provider& provider) const {
  for (const Provider& other : book_.providers) {
    if (&other == &provider) continue;
    for (const std::string& host : provider.hosts) {
      if (std::find(other.hosts.begin(), other.hosts.end(), host) == other.hosts.end()) continue;
      Error(node, absl::StrCat("host \"", host, "\" is already that of \"", other.name, "\""));
    }
    for (const int mark : provider.marks) {
      if (std::find(other.marks.begin(), other.marks.end(), mark) == other.marks.end()) continue;
      const std::string& phrase = book_.phrases[static_cast<std::size_t>(mark)];
      Error(node, absl::StrCat("mark \"", phrase, "\" is already that of \"", other.name, "\""));
    }
  }
}

void RuleReader::ReadProviderNames(const toml::node& node, std::vector<int>& providers) {
  auto intern = [&](std::string_view name) {
    return std::optional<int>(book_.InternProvider(name, file_, LineOf(node)));
  };
  ReadList(node, "provider", intern, providers);
}

void RuleReader::ReadRule(const toml::table& table) {
  const std::size_t problems_before = problems();
  Rule rule;
  rule.origin = origin_;
  ReadId(table, rule);
  CheckKeys(table, {"id", "provider", "reason", "persistence", "confidence", "priority", "when",
                    "unless", "source", "why", "example", "counter_example"});
  rule.providers = providers_;
  if (const toml::node* names = table.get("provider")) {
    rule.providers.clear();
    ReadProviderNames(*names, rule.providers);
  }
  const std::size_t problems_before_when = problems();
  ReadWhen(table, rule);
  const bool when_is_right = problems() == problems_before_when;
  if (const toml::node* unless = table.get("unless")) ReadCondition(*unless, rule.unless);
  ReadVerdict(table, rule.when.HasWords() || !when_is_right, rule);
  ReadProof(table, rule);
  if (problems() == problems_before) book_.rules.push_back(std::move(rule));
}

void RuleReader::ReadId(const toml::table& table, Rule& rule) {
  std::optional<std::string> id = table["id"].value_exact<std::string>();
  if (!id.has_value()) return Error(table, "a rule without an id");
  if (!IsId(*id)) {
    return Error(table, absl::StrCat("id \"", *id, "\" is not of a to z, 0 to 9, '-', '.', '*'"));
  }
  if (std::find(std::begin(kReservedIds), std::end(kReservedIds), *id) != std::end(kReservedIds) ||
      id->starts_with("kind-") || id->starts_with("action-")) {
    Error(table, absl::StrCat("id \"", *id, "\" is reserved"));
  } else if (std::string_view other = book_.PlaceOf(*id); !other.empty()) {
    Error(table, absl::StrCat("id \"", *id, "\" is already taken at ", Absl(other)));
  } else {
    book_.Place(*id, absl::StrCat(file_, ":", table.source().begin.line));
  }
  id_ = *id;
  rule.id = *std::move(id);
}

// What it rests on, and how much it asks for, too.
void RuleReader::ReadWhen(const toml::table& table, Rule& rule) {
  const toml::node* when = table.get("when");
  if (when == nullptr) return Error(table, "no when");
  const std::size_t problems_before = problems();
  ReadCondition(*when, rule.when);
  const Condition& c = rule.when;
  const bool is_empty = !c.HasWords() && c.status.empty() && c.code.empty();
  if (is_empty && problems() == problems_before) {
    return Error(*when, "when has no text, field, status or code");
  }
  auto whole_class = [](const StatusPattern& p) { return !p.subject.exact(); };
  auto whole_digit = [](const CodePattern& p) { return p.high - p.low == 99; };
  if (c.HasWords()) {
    rule.evidence = rule.providers.empty() ? EvidenceKind::kText : EvidenceKind::kProvider;
  } else if (std::any_of(c.status.begin(), c.status.end(), whole_class) ||
             std::any_of(c.code.begin(), c.code.end(), whole_digit)) {
    rule.evidence = EvidenceKind::kClassDigit;
  } else {
    rule.evidence = c.status.empty() ? EvidenceKind::kReplyCode : EvidenceKind::kStatus;
  }
  auto exact = [](const StatusPattern& p) { return p.subject.exact() && p.detail.exact(); };
  bool all_exact = std::all_of(c.status.begin(), c.status.end(), exact);
  rule.specificity = (c.text.empty() ? 0 : 1) +
                     (c.status.empty() ? 0
                      : all_exact      ? 2
                                       : 1) +
                     (c.code.empty() ? 0 : 1) + (c.stage.empty() ? 0 : 1) +
                     (c.field.empty() ? 0 : 1) + (rule.providers.empty() ? 0 : 1);
}

void RuleReader::ReadVerdict(const toml::table& table, bool rests_on_words, Rule& rule) const {
  rule.priority = priority_;
  ReadNumber(table, "priority", -kMaxPriority, kMaxPriority, rule.priority);
  if (const toml::node* persistence = table.get("persistence")) {
    if (table.contains("reason") || table.contains("confidence")) {
      Error(*persistence, "persistence stands alone, without reason and confidence");
    }
    if (persistence->value_exact<std::string>() != "transient") {
      Error(*persistence, "persistence is not \"transient\"");
    }
    if (!rests_on_words) Error(*persistence, "persistence needs a text or field");
    return;
  }
  if (std::optional<std::string> name = table["reason"].value_exact<std::string>()) {
    rule.reason = ReasonFromName(*name);
    if (!rule.reason) {
      Error(*table.get("reason"), absl::StrCat("unknown reason \"", *name, "\""));
    }
  } else {
    Error(table, "no reason");
  }
  if (!table.contains("confidence")) return Error(table, "no confidence");
  const int most = rests_on_words ? 100 : kMaxConfidenceOfCodes;
  ReadNumber(table, "confidence", 0, most, rule.confidence);
}

void RuleReader::ReadNumber(const toml::table& table, std::string_view key, int low, int high,
                            int& number) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return;
  std::optional<std::int64_t> value = node->value_exact<std::int64_t>();
  if (!value.has_value() || *value < low || *value > high) {
    return Error(*node, absl::StrCat(Absl(key), " is not a number from ", low, " to ", high));
  }
  number = static_cast<int>(*value);
}

void RuleReader::ReadProof(const toml::table& table, const Rule& rule) {
  for (std::string_view key : {"source", "why"}) {
    std::optional<std::string> value = table[key].value_exact<std::string>();
    if (!value.has_value() || value->empty()) Error(table, absl::StrCat("no ", Absl(key)));
  }
  const toml::array* examples = table["example"].as_array();
  if (examples == nullptr || examples->empty()) {
    Error(table, "no example");
  } else {
    for (const toml::node& node : *examples) ReadExample(node, rule, false);
  }
  const toml::node* counters = table.get("counter_example");
  if (counters == nullptr) return;
  if (!counters->is_array()) return Error(*counters, "counter_example is not an array");
  for (const toml::node& node : *counters->as_array()) ReadExample(node, rule, true);
}

void RuleReader::ReadExample(const toml::node& node, const Rule& rule, bool counter) {
  const std::size_t problems_before = problems();
  RuleExample example;
  example.file = file_;
  example.line = LineOf(node);
  example.owner = rule.id;
  example.origin = origin_;
  example.source = absl::StrCat(file_, ":", example.line, " ", rule.id);
  if (!rule.providers.empty()) example.provider = rule.providers.front();
  if (!counter) {
    example.reason = rule.reason;
    if (rule.reason.has_value()) {
      example.rule = rule.id;
    } else {
      example.persistence = Persistence::kTransient;
    }
  }
  bool has_field = false;  // or one was meant
  if (std::optional<std::string> text = node.value_exact<std::string>(); text && !counter) {
    example.text = *std::move(text);
  } else if (const toml::table* table = node.as_table()) {
    CheckKeys(*table, {"text", "field", "reason", "stage", "persistence", "provider"});
    if (const toml::node* provider = table->get("provider")) {
      std::vector<int> named;
      ReadProviderNames(*provider, named);
      if (!named.empty()) example.provider = named.front();
    }
    example.text = (*table)["text"].value_or(std::string());
    if (const toml::node* field = table->get("field")) {
      has_field = true;
      ReadList(*field, "further field (\"X-Name: value\")", ParseFurtherField, example.fields);
    }
    if (std::optional<std::string> name = (*table)["reason"].value_exact<std::string>()) {
      example.reason = ReasonFromName(*name);
      if (!example.reason) Error(node, absl::StrCat("unknown reason \"", *name, "\""));
    }
    if (std::optional<std::string> name = (*table)["stage"].value_exact<std::string>()) {
      const std::optional<Stage> stage = ParseStage(*name);
      if (!stage) Error(node, absl::StrCat("unknown stage \"", *name, "\""));
      example.stage = stage.value_or(Stage::kUnknown);
    }
    if (std::optional<std::string> name = (*table)["persistence"].value_exact<std::string>()) {
      if (*name != "permanent" && *name != "transient") {
        Error(node, absl::StrCat("unknown persistence \"", *name, "\""));
      }
      example.persistence =
          *name == "permanent" ? Persistence::kPermanent : Persistence::kTransient;
    }
  }
  if (example.text.empty() && !has_field) Error(node, "an example without a text or field");
  if (problems() != problems_before) return;
  if (!example.reason && example.persistence == Persistence::kUnknown) {
    return Error(node, "a counter-example without a reason");
  }
  book_.examples.push_back(std::move(example));
}

template <typename T, typename Parse>
void RuleReader::ReadList(const toml::node& node, std::string_view what, Parse parse,
                          std::vector<T>& values) const {
  auto add = [&](const toml::node& element) {
    std::optional<std::string> text = element.value_exact<std::string>();
    std::optional<T> value;
    if (text.has_value()) value = parse(*text);
    if (!value.has_value()) {
      return Error(element, absl::StrCat("\"", text.value_or("?"), "\" is not a ", Absl(what)));
    }
    values.push_back(*std::move(value));
  };
  const toml::array* array = node.as_array();
  if (array == nullptr) return add(node);
  if (array->empty()) return Error(node, absl::StrCat("an empty list of ", Absl(what)));
  for (const toml::node& element : *array) add(element);
}

void RuleReader::ReadCondition(const toml::node& node, Condition& condition) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return Error(node, "a condition that is not a table");
  for (const auto& [key, value] : *table) {
    if (key == "text") {
      ReadText(value, condition);
    } else if (key == "status") {
      ReadList(value, "status", ParseStatus, condition.status);
    } else if (key == "code") {
      ReadList(value, "reply code", ParseCode, condition.code);
    } else if (key == "stage") {
      ReadList(value, "stage", ParseStage, condition.stage);
    } else if (key == "field") {
      ReadList(value, "further field (\"x-name: words\")", ParseField, condition.field);
    } else {
      Error(value, absl::StrCat("unknown key \"", Absl(key.str()), "\""));
    }
  }
}

void RuleReader::ReadText(const toml::node& node, Condition& condition) {
  const toml::array* array = node.as_array();
  if (array == nullptr || array->empty()) return Error(node, "text is not a list of phrases");
  for (const toml::node& element : *array) {
    const toml::table* table = element.as_table();
    if (table == nullptr) {
      Error(element, "a text that is not a table with phrases");
      continue;
    }
    ReadTextPattern(*table, condition.text.emplace_back());
  }
}

void RuleReader::ReadTextPattern(const toml::table& table, TextPattern& pattern) {
  CheckKeys(table, {"phrases", "within"});
  const toml::array* phrases = table["phrases"].as_array();
  if (phrases == nullptr || phrases->empty()) return Error(table, "no phrase");
  for (const toml::node& node : *phrases) ReadSlot(node, false, pattern.slots.emplace_back());
  const auto rarest =
      std::min_element(pattern.slots.begin(), pattern.slots.end(),
                       [](const auto& a, const auto& b) { return a.size() < b.size(); });
  pattern.rarest = static_cast<std::size_t>(rarest - pattern.slots.begin());
  const toml::node* within = table.get("within");
  if (pattern.slots.size() == 1) {
    if (within != nullptr) Error(table, "within needs two phrases");
    return;
  }
  if (within == nullptr) return Error(table, "two phrases need within");
  int octets = 0;
  constexpr int kMost = static_cast<int>(kMaxWithinOctets);
  ReadNumber(table, "within", 1, kMost, octets);
  pattern.within = static_cast<std::size_t>(octets);
}

void RuleReader::ReadSlot(const toml::node& node, bool in_list, std::vector<int>& slot) {
  if (std::optional<std::string> phrase = node.value_exact<std::string>()) {
    if (!phrase->starts_with('$')) return ReadPhrase(node, *phrase, slot);
    auto words = words_.find(std::string_view(*phrase).substr(1));
    if (words == words_.end()) return Error(node, absl::StrCat("no words \"", *phrase, "\""));
    for (const std::string& word : words->second) ReadPhrase(node, word, slot);
    return;
  }
  const toml::array* alternatives = node.as_array();
  if (alternatives == nullptr || alternatives->empty() || in_list) {
    return Error(node, "a phrase that is neither a text nor a list of texts");
  }
  for (const toml::node& alternative : *alternatives) ReadSlot(alternative, true, slot);
}

void RuleReader::ReadPhrase(const toml::node& node, std::string_view phrase,
                            std::vector<int>& slot) {
  if (phrase.size() > kMaxPhraseOctets) {
    return Error(node, absl::StrCat("a phrase longer than ", kMaxPhraseOctets, " octets"));
  }
  if (std::any_of(phrase.begin(), phrase.end(), [](char c) { return FoldCase(c) != c; })) {
    return Error(node, absl::StrCat("phrase \"", Absl(phrase), "\" is not in lower case"));
  }
  FoldedText folded(phrase);
  if (folded.text().empty()) return Error(node, "no phrase");
  slot.push_back(book_.Intern(std::string(folded.text())));
}

}  // namespace

// The packaged toml++ is built to throw.
void RuleBook::Add(const RuleSet::File& file, RuleOrigin origin) {
  const auto before = static_cast<std::ptrdiff_t>(problems.size());
  try {
    RuleReader(file.name, origin, *this).Read(toml::parse(file.content, file.name));
  } catch (const toml::parse_error& error) {
    problems.push_back({file.name, static_cast<int>(error.source().begin.line), "",
                        std::string(error.description())});
  }
  // Tables are read in the order of their keys.
  std::stable_sort(problems.begin() + before, problems.end(),
                   [](const RuleProblem& a, const RuleProblem& b) { return a.line < b.line; });
}

void RuleBook::Finish() {
  for (std::size_t i = 0; i < providers.size(); ++i) {
    if (providers[i].hosts.empty()) problems.push_back(unknown_providers_[i]);
  }
  for (RuleExample& example : examples) {
    if (!example.provider) continue;
    const std::vector<std::string>& hosts =
        providers[static_cast<std::size_t>(*example.provider)].hosts;
    if (!hosts.empty()) example.remote_mta = hosts.front();
  }
}

int RuleBook::InternProvider(std::string_view name, std::string_view file, int line) {
  auto [it, added] =
      provider_index_.try_emplace(std::string(name), static_cast<int>(providers.size()));
  if (added) {
    providers.push_back({std::string(name), {}, {}});
    unknown_providers_.push_back({.file = std::string(file),
                                  .line = line,
                                  .rule = "",
                                  .what = absl::StrCat("unknown provider \"", Absl(name), "\"")});
  }
  return it->second;
}

int RuleBook::Intern(std::string phrase) {
  auto [it, added] = index_.try_emplace(phrase, static_cast<int>(phrases.size()));
  if (added) phrases.push_back(std::move(phrase));
  return it->second;
}

std::string_view RuleBook::PlaceOf(std::string_view id) const {
  auto it = places_.find(id);
  return it == places_.end() ? std::string_view() : it->second;
}

void RuleBook::Place(std::string_view id, std::string place) {
  places_.emplace(std::string(id), std::move(place));
}

}  // namespace bounced

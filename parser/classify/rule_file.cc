#include "parser/classify/rule_file.h"

#include <toml++/toml.h>

#include <algorithm>
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

// Reads one file into a book.
class RuleReader {
 public:
  RuleReader(const std::string& file, RuleOrigin origin, RuleBook& book)
      : file_(file), origin_(origin), book_(book) {}

  // Goes on with the next rule after one that is wrong.
  void Read(const toml::table& root);

 private:
  absl::Status ReadTop(const toml::table& root);
  // Keeps what is wrong as a problem of the book. To be returned, all the way up.
  absl::Status Error(const toml::node& at, std::string_view what) const;
  absl::Status CheckKeys(const toml::table& table, Keys keys) const;
  absl::Status ReadWords(const toml::table& words);
  absl::Status ReadProviders(const toml::node& node);
  absl::Status ReadProvider(std::string_view name, const toml::node& node);
  absl::Status ReadProviderNames(const toml::node& node, std::vector<int>& providers);
  absl::Status ReadRule(const toml::table& table);
  absl::Status ReadId(const toml::table& table, Rule& rule);
  absl::Status ReadVerdict(const toml::table& table, Rule& rule) const;
  absl::Status ReadProof(const toml::table& table, const Rule& rule);
  absl::Status ReadExample(const toml::node& node, const Rule& rule, bool counter);
  absl::Status ReadNumber(const toml::table& table, std::string_view key, int low, int high,
                          int& number) const;
  absl::Status ReadCondition(const toml::node& node, Condition& condition);
  absl::Status ReadText(const toml::node& node, Condition& condition);
  absl::Status ReadTextPattern(const toml::table& table, TextPattern& pattern);
  absl::Status ReadSlot(const toml::node& node, bool in_list, std::vector<int>& slot);
  absl::Status ReadPhrase(const toml::node& node, std::string_view phrase, std::vector<int>& slot);
  // Reads `node`, one string or an array of them, by `parse` into `values`.
  template <typename T, typename Parse>
  absl::Status ReadList(const toml::node& node, std::string_view what, Parse parse,
                        std::vector<T>& values) const;

  const std::string& file_;
  const RuleOrigin origin_;
  RuleBook& book_;
  std::string id_;  // of the rule that is being read
  int priority_ = 0;
  std::vector<int> providers_;  // of rules that name none
  StringMap<std::vector<std::string>> words_;
};

absl::Status RuleReader::Error(const toml::node& at, std::string_view what) const {
  book_.problems.push_back({file_, LineOf(at), id_, std::string(what)});
  return absl::InvalidArgumentError(ToString(book_.problems.back()));
}

absl::Status RuleReader::CheckKeys(const toml::table& table, Keys keys) const {
  for (const auto& [key, value] : table) {
    if (std::find(keys.begin(), keys.end(), key.str()) == keys.end()) {
      return Error(value, absl::StrCat("unknown key \"", Absl(key.str()), "\""));
    }
  }
  return absl::OkStatus();
}

void RuleReader::Read(const toml::table& root) {
  if (!ReadTop(root).ok()) return;
  const toml::array* rules = root["rule"].as_array();
  if (rules == nullptr) return;
  for (const toml::node& rule : *rules) {
    id_.clear();
    ReadRule(*rule.as_table()).IgnoreError();
  }
}

// All but the rules themselves.
absl::Status RuleReader::ReadTop(const toml::table& root) {
  if (absl::Status s = CheckKeys(root, {"priority", "provider", "providers", "words", "rule"});
      !s.ok()) {
    return s;
  }
  if (absl::Status s = ReadNumber(root, "priority", -kMaxPriority, kMaxPriority, priority_);
      !s.ok()) {
    return s;
  }
  if (const toml::node* providers = root.get("providers")) {
    if (absl::Status s = ReadProviders(*providers); !s.ok()) return s;
  }
  if (const toml::node* names = root.get("provider")) {
    if (absl::Status s = ReadProviderNames(*names, providers_); !s.ok()) return s;
  }
  if (const toml::node* words = root.get("words")) {
    if (!words->is_table()) return Error(*words, "words is not a table");
    if (absl::Status s = ReadWords(*words->as_table()); !s.ok()) return s;
  }
  const toml::node* rules = root.get("rule");
  if (rules == nullptr) return absl::OkStatus();
  return rules->is_array_of_tables() ? absl::OkStatus()
                                     : Error(*rules, "rule is not an array of tables");
}

absl::Status RuleReader::ReadWords(const toml::table& words) {
  for (const auto& [name, node] : words) {
    auto keep = [](std::string_view word) { return std::optional<std::string>(word); };
    std::vector<std::string>& list = words_[std::string(name.str())];
    if (absl::Status s = ReadList(node, "word", keep, list); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status RuleReader::ReadProviders(const toml::node& node) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return Error(node, "providers is not a table");
  for (const auto& [name, provider] : *table) {
    if (absl::Status s = ReadProvider(name.str(), provider); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status RuleReader::ReadProvider(std::string_view name, const toml::node& node) {
  const toml::table* table = node.as_table();
  if (!IsId(name) || table == nullptr) {
    return Error(node, absl::StrCat("provider \"", Absl(name), "\" is not an id with a table"));
  }
  if (absl::Status s = CheckKeys(*table, {"hosts", "marks"}); !s.ok()) return s;
  const toml::node* hosts = table->get("hosts");
  if (hosts == nullptr) return Error(node, "a provider without hosts");
  const int index = book_.InternProvider(name, file_, LineOf(node));
  Provider& provider = book_.providers[static_cast<std::size_t>(index)];
  if (absl::Status s = ReadList(*hosts, "host", ParseHost, provider.hosts); !s.ok()) return s;
  if (const toml::node* marks = table->get("marks")) {
    if (absl::Status s = ReadSlot(*marks, false, provider.marks); !s.ok()) return s;
  }
  for (const Provider& other : book_.providers) {
    if (&other == &provider) continue;
    for (const std::string& host : provider.hosts) {
      if (std::find(other.hosts.begin(), other.hosts.end(), host) == other.hosts.end()) continue;
      return Error(node,
                   absl::StrCat("host \"", host, "\" is already that of \"", other.name, "\""));
    }
    for (const int mark : provider.marks) {
      if (std::find(other.marks.begin(), other.marks.end(), mark) == other.marks.end()) continue;
      const std::string& phrase = book_.phrases[static_cast<std::size_t>(mark)];
      return Error(node,
                   absl::StrCat("mark \"", phrase, "\" is already that of \"", other.name, "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status RuleReader::ReadProviderNames(const toml::node& node, std::vector<int>& providers) {
  auto intern = [&](std::string_view name) {
    return std::optional<int>(book_.InternProvider(name, file_, LineOf(node)));
  };
  return ReadList(node, "provider", intern, providers);
}

absl::Status RuleReader::ReadRule(const toml::table& table) {
  Rule rule;
  rule.origin = origin_;
  if (absl::Status s = ReadId(table, rule); !s.ok()) return s;
  if (absl::Status s =
          CheckKeys(table, {"id", "provider", "reason", "persistence", "confidence", "priority",
                            "when", "unless", "source", "why", "example", "counter_example"});
      !s.ok()) {
    return s;
  }
  rule.providers = providers_;
  if (const toml::node* names = table.get("provider")) {
    rule.providers.clear();
    if (absl::Status s = ReadProviderNames(*names, rule.providers); !s.ok()) return s;
  }
  const toml::node* when = table.get("when");
  if (when == nullptr) return Error(table, "no when");
  if (absl::Status s = ReadCondition(*when, rule.when); !s.ok()) return s;
  if (const toml::node* unless = table.get("unless")) {
    if (absl::Status s = ReadCondition(*unless, rule.unless); !s.ok()) return s;
  }
  const Condition& c = rule.when;
  if (c.text.empty() && c.status.empty() && c.code.empty()) {
    return Error(*when, "when has no text, status or code");
  }
  auto whole_class = [](const StatusPattern& p) { return !p.subject.exact(); };
  auto whole_digit = [](const CodePattern& p) { return p.high - p.low == 99; };
  if (!c.text.empty()) {
    rule.evidence = rule.providers.empty() ? Evidence::kText : Evidence::kProvider;
  } else if (std::any_of(c.status.begin(), c.status.end(), whole_class) ||
             std::any_of(c.code.begin(), c.code.end(), whole_digit)) {
    rule.evidence = Evidence::kClassDigit;
  } else {
    rule.evidence = c.status.empty() ? Evidence::kReplyCode : Evidence::kStatus;
  }
  auto exact = [](const StatusPattern& p) { return p.subject.exact() && p.detail.exact(); };
  bool all_exact = std::all_of(c.status.begin(), c.status.end(), exact);
  rule.specificity = (c.text.empty() ? 0 : 1) +
                     (c.status.empty() ? 0
                      : all_exact      ? 2
                                       : 1) +
                     (c.code.empty() ? 0 : 1) + (c.stage.empty() ? 0 : 1) +
                     (rule.providers.empty() ? 0 : 1);
  if (absl::Status s = ReadVerdict(table, rule); !s.ok()) return s;
  if (absl::Status s = ReadProof(table, rule); !s.ok()) return s;
  book_.rules.push_back(std::move(rule));
  return absl::OkStatus();
}

absl::Status RuleReader::ReadId(const toml::table& table, Rule& rule) {
  std::optional<std::string> id = table["id"].value_exact<std::string>();
  if (!id.has_value()) return Error(table, "a rule without an id");
  if (!IsId(*id)) {
    return Error(table, absl::StrCat("id \"", *id, "\" is not of a to z, 0 to 9, '-', '.', '*'"));
  }
  if (std::find(std::begin(kReservedIds), std::end(kReservedIds), *id) != std::end(kReservedIds) ||
      id->starts_with("kind-") || id->starts_with("action-")) {
    return Error(table, absl::StrCat("id \"", *id, "\" is reserved"));
  }
  std::string_view other = book_.PlaceOf(*id);
  if (!other.empty()) {
    return Error(table, absl::StrCat("id \"", *id, "\" is already taken at ", Absl(other)));
  }
  book_.Place(*id, absl::StrCat(file_, ":", table.source().begin.line));
  id_ = *id;
  rule.id = *std::move(id);
  return absl::OkStatus();
}

absl::Status RuleReader::ReadVerdict(const toml::table& table, Rule& rule) const {
  rule.priority = priority_;
  if (absl::Status s = ReadNumber(table, "priority", -kMaxPriority, kMaxPriority, rule.priority);
      !s.ok()) {
    return s;
  }
  if (const toml::node* persistence = table.get("persistence")) {
    if (table.contains("reason") || table.contains("confidence")) {
      return Error(*persistence, "persistence stands alone, without reason and confidence");
    }
    if (persistence->value_exact<std::string>() != "transient") {
      return Error(*persistence, "persistence is not \"transient\"");
    }
    if (rule.when.text.empty()) return Error(*persistence, "persistence needs a text");
    return absl::OkStatus();
  }
  std::optional<std::string> name = table["reason"].value_exact<std::string>();
  if (!name.has_value()) return Error(table, "no reason");
  rule.reason = ReasonFromName(*name);
  if (!rule.reason.has_value()) {
    return Error(*table.get("reason"), absl::StrCat("unknown reason \"", *name, "\""));
  }
  if (!table.contains("confidence")) return Error(table, "no confidence");
  int most = rule.when.text.empty() ? kMaxConfidenceOfCodes : 100;
  return ReadNumber(table, "confidence", 0, most, rule.confidence);
}

absl::Status RuleReader::ReadNumber(const toml::table& table, std::string_view key, int low,
                                    int high, int& number) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return absl::OkStatus();
  std::optional<std::int64_t> value = node->value_exact<std::int64_t>();
  if (!value.has_value() || *value < low || *value > high) {
    return Error(*node, absl::StrCat(Absl(key), " is not a number from ", low, " to ", high));
  }
  number = static_cast<int>(*value);
  return absl::OkStatus();
}

absl::Status RuleReader::ReadProof(const toml::table& table, const Rule& rule) {
  for (std::string_view key : {"source", "why"}) {
    std::optional<std::string> value = table[key].value_exact<std::string>();
    if (!value.has_value() || value->empty()) return Error(table, absl::StrCat("no ", Absl(key)));
  }
  const toml::array* examples = table["example"].as_array();
  if (examples == nullptr || examples->empty()) return Error(table, "no example");
  for (const toml::node& node : *examples) {
    if (absl::Status s = ReadExample(node, rule, false); !s.ok()) return s;
  }
  const toml::node* counters = table.get("counter_example");
  if (counters == nullptr) return absl::OkStatus();
  if (!counters->is_array()) return Error(*counters, "counter_example is not an array");
  for (const toml::node& node : *counters->as_array()) {
    if (absl::Status s = ReadExample(node, rule, true); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status RuleReader::ReadExample(const toml::node& node, const Rule& rule, bool counter) {
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
  if (std::optional<std::string> text = node.value_exact<std::string>(); text && !counter) {
    example.text = *std::move(text);
  } else if (const toml::table* table = node.as_table()) {
    if (absl::Status s = CheckKeys(*table, {"text", "reason", "stage", "persistence", "provider"});
        !s.ok()) {
      return s;
    }
    if (const toml::node* provider = table->get("provider")) {
      std::vector<int> named;
      if (absl::Status s = ReadProviderNames(*provider, named); !s.ok()) return s;
      example.provider = named.front();
    }
    example.text = (*table)["text"].value_or(std::string());
    if (std::optional<std::string> name = (*table)["reason"].value_exact<std::string>()) {
      example.reason = ReasonFromName(*name);
      if (!example.reason) return Error(node, absl::StrCat("unknown reason \"", *name, "\""));
    }
    if (std::optional<std::string> name = (*table)["stage"].value_exact<std::string>()) {
      std::optional<Stage> stage = ParseStage(*name);
      if (!stage) return Error(node, absl::StrCat("unknown stage \"", *name, "\""));
      example.stage = *stage;
    }
    if (std::optional<std::string> name = (*table)["persistence"].value_exact<std::string>()) {
      if (*name != "permanent" && *name != "transient") {
        return Error(node, absl::StrCat("unknown persistence \"", *name, "\""));
      }
      example.persistence =
          *name == "permanent" ? Persistence::kPermanent : Persistence::kTransient;
    }
  }
  if (example.text.empty()) return Error(node, "an example without a text");
  if (!example.reason && example.persistence == Persistence::kUnknown) {
    return Error(node, "a counter-example without a reason");
  }
  book_.examples.push_back(std::move(example));
  return absl::OkStatus();
}

template <typename T, typename Parse>
absl::Status RuleReader::ReadList(const toml::node& node, std::string_view what, Parse parse,
                                  std::vector<T>& values) const {
  auto add = [&](const toml::node& element) {
    std::optional<std::string> text = element.value_exact<std::string>();
    std::optional<T> value;
    if (text.has_value()) value = parse(*text);
    if (!value.has_value()) {
      return Error(element, absl::StrCat("\"", text.value_or("?"), "\" is not a ", Absl(what)));
    }
    values.push_back(*std::move(value));
    return absl::OkStatus();
  };
  const toml::array* array = node.as_array();
  if (array == nullptr) return add(node);
  if (array->empty()) return Error(node, absl::StrCat("an empty list of ", Absl(what)));
  for (const toml::node& element : *array) {
    if (absl::Status s = add(element); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status RuleReader::ReadCondition(const toml::node& node, Condition& condition) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return Error(node, "a condition that is not a table");
  for (const auto& [key, value] : *table) {
    absl::Status status;
    if (key == "text") {
      status = ReadText(value, condition);
    } else if (key == "status") {
      status = ReadList(value, "status", ParseStatus, condition.status);
    } else if (key == "code") {
      status = ReadList(value, "reply code", ParseCode, condition.code);
    } else if (key == "stage") {
      status = ReadList(value, "stage", ParseStage, condition.stage);
    } else {
      status = Error(value, absl::StrCat("unknown key \"", Absl(key.str()), "\""));
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RuleReader::ReadText(const toml::node& node, Condition& condition) {
  const toml::array* array = node.as_array();
  if (array == nullptr || array->empty()) return Error(node, "text is not a list of phrases");
  for (const toml::node& element : *array) {
    const toml::table* table = element.as_table();
    if (table == nullptr) return Error(element, "a text that is not a table with phrases");
    TextPattern pattern;
    if (absl::Status s = ReadTextPattern(*table, pattern); !s.ok()) return s;
    condition.text.push_back(std::move(pattern));
  }
  return absl::OkStatus();
}

absl::Status RuleReader::ReadTextPattern(const toml::table& table, TextPattern& pattern) {
  if (absl::Status s = CheckKeys(table, {"phrases", "within"}); !s.ok()) return s;
  const toml::array* phrases = table["phrases"].as_array();
  if (phrases == nullptr || phrases->empty()) return Error(table, "no phrase");
  for (const toml::node& node : *phrases) {
    if (absl::Status s = ReadSlot(node, false, pattern.slots.emplace_back()); !s.ok()) return s;
  }
  const toml::node* within = table.get("within");
  if (pattern.slots.size() == 1) {
    return within == nullptr ? absl::OkStatus() : Error(table, "within needs two phrases");
  }
  if (within == nullptr) return Error(table, "two phrases need within");
  int octets = 0;
  constexpr int kMost = static_cast<int>(kMaxWithinOctets);
  if (absl::Status s = ReadNumber(table, "within", 1, kMost, octets); !s.ok()) return s;
  pattern.within = static_cast<std::size_t>(octets);
  return absl::OkStatus();
}

absl::Status RuleReader::ReadSlot(const toml::node& node, bool in_list, std::vector<int>& slot) {
  if (std::optional<std::string> phrase = node.value_exact<std::string>()) {
    if (!phrase->starts_with('$')) return ReadPhrase(node, *phrase, slot);
    auto words = words_.find(std::string_view(*phrase).substr(1));
    if (words == words_.end()) return Error(node, absl::StrCat("no words \"", *phrase, "\""));
    for (const std::string& word : words->second) {
      if (absl::Status s = ReadPhrase(node, word, slot); !s.ok()) return s;
    }
    return absl::OkStatus();
  }
  const toml::array* alternatives = node.as_array();
  if (alternatives == nullptr || alternatives->empty() || in_list) {
    return Error(node, "a phrase that is neither a text nor a list of texts");
  }
  for (const toml::node& alternative : *alternatives) {
    if (absl::Status s = ReadSlot(alternative, true, slot); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status RuleReader::ReadPhrase(const toml::node& node, std::string_view phrase,
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
  return absl::OkStatus();
}

}  // namespace

// The packaged toml++ is built to throw.
void RuleBook::Add(const RuleSet::File& file, RuleOrigin origin) {
  try {
    RuleReader(file.name, origin, *this).Read(toml::parse(file.content, file.name));
  } catch (const toml::parse_error& error) {
    problems.push_back({file.name, static_cast<int>(error.source().begin.line), "",
                        std::string(error.description())});
  }
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

#include "parser/reporter/reporter.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "parser/classify/folded_text.h"
#include "parser/mime/encoded_word.h"
#include "parser/mime/field_reader.h"
#include "parser/rules.h"

namespace bounced {

// reporters.toml, in a source that the build generates from it.
std::vector<RuleSet::File> BuiltInReporterFiles();

namespace {

absl::Status WrongReporter(const toml::node& node, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("reporters.toml:", node.source().begin.line, ": ", Absl(what)));
}

// The last behind an "@", in any case, up to what no host has; empty: there is none.
std::string_view DomainOf(std::string_view from) {
  const std::size_t at = from.rfind('@');
  if (at == from.npos) return {};
  from.remove_prefix(at + 1);
  std::size_t end = 0;
  while (end < from.size() &&
         (IsLetter(from[end]) || IsDigit(from[end]) || from[end] == '.' || from[end] == '-')) {
    ++end;
  }
  return from.substr(0, end);
}

}  // namespace

const Reporters& Reporters::BuiltIn() {
  static const Reporters* const kBuiltIn = [] {
    absl::StatusOr<Reporters> loaded = Load(BuiltInReporterFiles().front().content);
    if (!loaded.ok()) {  // the test suite loads them, so this program was built of other files
      std::fprintf(stderr, "reporters: %s\n", loaded.status().ToString().c_str());
      std::abort();
    }
    return new Reporters(*std::move(loaded));
  }();
  return *kBuiltIn;
}

class Reporters::Loader {
 public:
  absl::StatusOr<Reporters> Load(const toml::table& table) && {
    const toml::array* const list = table["reporter"].as_array();
    if (list == nullptr || table.size() != 1)
      return WrongReporter(table, "not a list of reporters");
    for (const toml::node& node : *list) {
      if (absl::Status status = Read(node); !status.ok()) return status;
    }
    return Reporters(PhraseMatcher(std::move(phrases_)), std::move(tables_));
  }

 private:
  absl::Status Read(const toml::node& node) {
    const toml::table* const entry = node.as_table();
    const auto name = entry == nullptr ? std::nullopt : (*entry)["name"].value<std::string>();
    if (!name || name->empty()) return WrongReporter(node, "a reporter without a name");
    tables_.reporters.push_back({*name, {}});
    for (const auto& [key, value] : *entry) {
      if (key.str() == "name") continue;
      const toml::array* const list = value.as_array();
      if (list == nullptr) return WrongReporter(value, "not a list");
      for (const toml::node& each : *list) {
        if (absl::Status status = ReadEvidence(key.str(), each); !status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadEvidence(std::string_view kind, const toml::node& node) {
    if (kind == "text") return ReadText(node);
    const std::optional<std::string> text = node.value_exact<std::string>();
    if (!text || text->empty() || FoldCase(*text) != *text)
      return WrongReporter(node, "no lower-case text");
    const std::size_t place = tables_.reporters.size() - 1;
    if (kind == "header") {
      const std::size_t colon = text->find(": ");
      const std::optional<int> phrase =
          colon == text->npos ? std::nullopt : Number(std::string_view(*text).substr(colon + 2));
      if (!phrase) return WrongReporter(node, "not a name and a phrase");
      HeaderOf(text->substr(0, colon)).phrases.emplace_back(*phrase, place);
      return absl::OkStatus();
    }
    StringMap<std::size_t>* const into = kind == "hosts"   ? &tables_.hosts
                                         : kind == "field" ? &tables_.fields
                                         : kind == "type"  ? &tables_.types
                                                           : nullptr;
    if (into == nullptr) return WrongReporter(node, absl::StrCat("unknown key ", Absl(kind)));
    if (!into->emplace(*text, place).second) return WrongReporter(node, "another reporter has it");
    return absl::OkStatus();
  }

  // A phrase, or a list of them.
  absl::Status ReadText(const toml::node& node) {
    Together& together = tables_.reporters.back().texts.emplace_back();
    const auto add = [&](const toml::node& each) {
      const std::optional<std::string> text = each.value_exact<std::string>();
      const std::optional<int> phrase = text ? Number(*text) : std::nullopt;
      if (phrase) together.push_back(*phrase);
      return phrase ? absl::OkStatus() : WrongReporter(each, "not a folded phrase");
    };
    if (!node.is_array()) return add(node);
    for (const toml::node& each : *node.as_array()) {
      if (absl::Status status = add(each); !status.ok()) return status;
    }
    return together.empty() ? WrongReporter(node, "no phrase") : absl::OkStatus();
  }

  HeaderField& HeaderOf(std::string name) {
    std::vector<HeaderField>& all = tables_.headers;
    const auto known = std::find_if(all.begin(), all.end(),
                                    [&name](const HeaderField& each) { return each.name == name; });
    return known == all.end() ? all.emplace_back(HeaderField{std::move(name), {}}) : *known;
  }

  // The phrase's; none: it is not folded.
  std::optional<int> Number(std::string_view phrase) {
    std::string folded(FoldedText(phrase).text());
    if (folded.empty() || FoldCase(phrase) != phrase) return std::nullopt;
    const auto known = std::find(phrases_.begin(), phrases_.end(), folded);
    const auto number = static_cast<int>(known - phrases_.begin());
    if (known == phrases_.end()) phrases_.push_back(std::move(folded));
    return number;
  }

  std::vector<std::string> phrases_;
  Tables tables_;
};

absl::StatusOr<Reporters> Reporters::Load(std::string_view toml) {
  try {
    return Loader().Load(toml::parse(toml, std::string_view("reporters.toml")));
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("reporters.toml:", error.source().begin.line,
                                                   ": ", Absl(error.description())));
  }
}

// Looks for the first that anything speaks for.
class Reporters::Search {
 public:
  explicit Search(const Reporters& all)
      : tables_(all.tables_), matcher_(all.matcher_), first_(tables_.reporters.size()) {}

  void AskReport(const Report& report) {
    if (report.reporting_mta) AskHost(report.reporting_mta->value);
    AskFields(report.further_fields);
    if (report.recipients.empty()) return;
    AskFields(report.recipients.front().further_fields);
    LookUp(tables_.types, report.recipients.front().diagnostic_type);
  }

  void AskHeader(std::string_view header) {
    FieldReader fields(header.substr(0, kMaxReporterHeaderOctets), kMaxReporterOctets);
    while (const std::optional<Field> field = fields.Next()) {
      if (field->kind != Field::Kind::kField) continue;
      if (EqualsIgnoringCase(field->name, "from")) AskHost(DomainOf(field->value));
      const auto known = std::find_if(
          tables_.headers.begin(), tables_.headers.end(),
          [&](const HeaderField& each) { return EqualsIgnoringCase(each.name, field->name); });
      if (known == tables_.headers.end()) continue;
      const std::string value = DecodeEncodedWords(Unfold(field->value));
      const FoldedText folded(value);
      for (const PhraseMatcher::Hit& hit : matcher_.Find(folded.text())) {
        for (const auto& [phrase, place] : known->phrases) {
          if (phrase == hit.phrase) SpeaksFor(place);
        }
      }
    }
  }

  void AskWords(std::string_view words) {
    const FoldedText folded(words.substr(0, kMaxReporterOctets));
    std::vector<bool> said(matcher_.size());
    for (const PhraseMatcher::Hit& hit : matcher_.Find(folded.text())) {
      said[static_cast<std::size_t>(hit.phrase)] = true;
    }
    const auto is_said = [&said](const Together& together) {
      return std::all_of(together.begin(), together.end(),
                         [&said](int phrase) { return said[static_cast<std::size_t>(phrase)]; });
    };
    for (std::size_t place = 0; place < first_; ++place) {
      const std::vector<Together>& texts = tables_.reporters[place].texts;
      if (std::any_of(texts.begin(), texts.end(), is_said)) SpeaksFor(place);
    }
  }

  std::string_view Name() const {
    return first_ < tables_.reporters.size() ? tables_.reporters[first_].name : std::string_view();
  }

 private:
  void SpeaksFor(std::size_t place) { first_ = std::min(first_, place); }

  void LookUp(const StringMap<std::size_t>& map, std::string_view word) {
    if (const auto it = map.find(FoldCase(word)); it != map.end()) SpeaksFor(it->second);
  }

  void AskFields(const std::vector<FurtherField>& fields) {
    for (const FurtherField& field : fields) LookUp(tables_.fields, field.name);
  }

  // Whose it is, or a domain above it.
  void AskHost(std::string_view host) {
    for (;;) {
      LookUp(tables_.hosts, host);
      const std::size_t dot = host.find('.');
      if (dot == host.npos) return;
      host.remove_prefix(dot + 1);
    }
  }

  const Tables& tables_;
  const PhraseMatcher& matcher_;
  std::size_t first_;
};

std::string_view Reporters::FindByFields(const Report& report, std::string_view header) const {
  Search search(*this);
  search.AskReport(report);
  if (search.Name().empty()) search.AskHeader(header);
  return search.Name();
}

std::string_view Reporters::FindByWords(std::string_view words) const {
  Search search(*this);
  search.AskWords(words);
  return search.Name();
}

}  // namespace bounced

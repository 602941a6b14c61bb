#include "parser/prose/phrases.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "parser/classify/folded_text.h"
#include "parser/rules.h"
#include "parser/text.h"

namespace bounced {

// phrases.toml, in a source that the build generates from it.
std::vector<RuleSet::File> BuiltInPhraseFiles();

namespace {

struct List {
  std::string_view key;
  ProseRole role;
};
constexpr List kLists[] = {
    {"failure", ProseRole::kFailure},
    {"hint", ProseRole::kHint},
    {"delay", ProseRole::kDelay},
    {"final", ProseRole::kFinal},
    {"success", ProseRole::kSuccess},
    {"original", ProseRole::kOriginal},
    {"label", ProseRole::kLabel},
    {"label_behind", ProseRole::kLabelBehind},
    {"other_party", ProseRole::kOtherParty},
    {"automatic_reply", ProseRole::kAutomaticReply},
    {"challenge", ProseRole::kChallenge},
    {"mail", ProseRole::kMail},
    {"own_mail", ProseRole::kOwnMail},
    {"other_report", ProseRole::kOtherReport},
    {"reason", ProseRole::kReason},
    {"reason_label", ProseRole::kReasonLabel},
};

absl::Status Wrong(const toml::node& node, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("phrases.toml:", node.source().begin.line, ": ", Absl(what)));
}

}  // namespace

ProsePhrases::ProsePhrases(PhraseMatcher matcher, std::vector<std::vector<ProseRole>> roles)
    : matcher_(std::move(matcher)), roles_(std::move(roles)) {}

const ProsePhrases& ProsePhrases::BuiltIn() {
  static const ProsePhrases* const kBuiltIn = [] {
    absl::StatusOr<ProsePhrases> loaded = Load(BuiltInPhraseFiles().front().content);
    if (!loaded.ok()) {  // the test suite loads them, so this program was built of other files
      std::fprintf(stderr, "phrases: %s\n", loaded.status().ToString().c_str());
      std::abort();
    }
    return new ProsePhrases(*std::move(loaded));
  }();
  return *kBuiltIn;
}

absl::StatusOr<ProsePhrases> ProsePhrases::Load(std::string_view toml) {
  toml::table table;
  try {
    table = toml::parse(toml, std::string_view("phrases.toml"));
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("phrases.toml:", error.source().begin.line, ": ", Absl(error.description())));
  }
  std::vector<std::string> phrases;
  std::vector<std::vector<ProseRole>> roles;
  for (const auto& [key, node] : table) {
    const std::string_view name = key.str();
    const auto* entry = std::find_if(std::begin(kLists), std::end(kLists),
                                     [&](const List& each) { return each.key == name; });
    if (entry == std::end(kLists)) return Wrong(node, "unknown list");
    const toml::array* list = node.as_array();
    if (list == nullptr) return Wrong(node, "not a list of phrases");
    for (const toml::node& each : *list) {
      const auto* phrase = each.as_string();
      if (phrase == nullptr) return Wrong(each, "not a phrase");
      if (FoldCase(phrase->get()) != phrase->get()) {
        return Wrong(each, absl::StrCat("not folded: ", phrase->get()));
      }
      const std::string folded(FoldedText(phrase->get()).text());
      if (folded.empty()) return Wrong(each, "no phrase");
      auto known = std::find(phrases.begin(), phrases.end(), folded);
      if (known == phrases.end()) {
        known = phrases.insert(known, folded);
        roles.emplace_back();
      }
      std::vector<ProseRole>& all = roles[static_cast<std::size_t>(known - phrases.begin())];
      if (std::find(all.begin(), all.end(), entry->role) == all.end()) all.push_back(entry->role);
    }
  }
  return ProsePhrases(PhraseMatcher(std::move(phrases)), std::move(roles));
}

ProseText ProsePhrases::Mark(std::string_view text) const {
  const FoldedText folded(text);
  const std::vector<PhraseMatcher::Hit> found = matcher_.Find(folded.text());
  std::vector<Hit> hits;
  hits.reserve(found.size());
  for (const PhraseMatcher::Hit& hit : found) {
    const std::string_view place =
        folded.Original(hit.begin, hit.begin + matcher_.length(hit.phrase));
    const auto begin = static_cast<std::size_t>(place.data() - text.data());
    for (const ProseRole role : roles_[static_cast<std::size_t>(hit.phrase)]) {
      hits.push_back({role, begin, begin + place.size()});
    }
  }
  std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
    return a.end != b.end ? a.end < b.end : a.begin < b.begin;
  });
  return {text, std::move(hits)};
}

}  // namespace bounced

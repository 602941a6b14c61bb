#include "parser/classify/phrase_matcher.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bounced {
namespace {

// What RE2's \b takes for a word, but for the underscore, which folding leaves none of.
constexpr bool IsWord(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::string Pattern(std::string_view phrase) {
  std::string pattern = RE2::QuoteMeta(re2::StringPiece(phrase.data(), phrase.size()));
  if (IsWord(phrase.front())) pattern.insert(0, "\\b");
  if (IsWord(phrase.back())) pattern += "\\b";
  return pattern;
}

RE2::Options SetOptions(std::int64_t memory_octets) {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);  // octets, whatever they were meant to be
  options.set_max_mem(memory_octets);
  options.set_log_errors(false);
  return options;
}

}  // namespace

struct PhraseMatcher::Automaton {
  explicit Automaton(std::int64_t memory_octets)
      : set(SetOptions(memory_octets), RE2::UNANCHORED) {}
  RE2::Set set;
};

PhraseMatcher::PhraseMatcher(std::vector<std::string> phrases,
                             std::unique_ptr<const Automaton> automaton)
    : phrases_(std::move(phrases)), automaton_(std::move(automaton)) {}
PhraseMatcher::PhraseMatcher(PhraseMatcher&&) noexcept = default;
PhraseMatcher& PhraseMatcher::operator=(PhraseMatcher&&) noexcept = default;
PhraseMatcher::~PhraseMatcher() = default;

absl::StatusOr<PhraseMatcher> PhraseMatcher::Create(std::vector<std::string> phrases,
                                                    std::int64_t memory_octets) {
  if (phrases.empty()) return PhraseMatcher({}, nullptr);
  auto automaton = std::make_unique<Automaton>(memory_octets);
  for (const std::string& phrase : phrases) {
    std::string error;
    if (automaton->set.Add(Pattern(phrase), &error) < 0) {
      return absl::InvalidArgumentError(absl::StrCat("phrase \"", phrase, "\": ", error));
    }
  }
  // A set that did not compile crashes when it is asked, so this is the only way past here.
  if (!automaton->set.Compile()) {
    return absl::ResourceExhaustedError(absl::StrCat(phrases.size(), " phrases do not fit into ",
                                                     memory_octets, " octets of matcher memory"));
  }
  return PhraseMatcher(std::move(phrases), std::move(automaton));
}

std::vector<int> PhraseMatcher::Find(std::string_view folded) const {
  std::vector<int> found;
  if (automaton_ == nullptr) return found;
  RE2::Set::ErrorInfo error{};
  if (automaton_->set.Match(re2::StringPiece(folded.data(), folded.size()), &found, &error)) {
    std::sort(found.begin(), found.end());
    return found;
  }
  found.clear();
  if (error.kind == RE2::Set::kNoError) return found;
  for (std::size_t i = 0; i < phrases_.size(); ++i) {
    if (Next(phrases_[i], folded, 0) != std::string_view::npos) {
      found.push_back(static_cast<int>(i));
    }
  }
  return found;
}

std::vector<std::uint32_t> PhraseMatcher::Places(int index, std::string_view folded) const {
  std::string_view phrase = phrases_[static_cast<std::size_t>(index)];
  std::vector<std::uint32_t> places;
  for (std::size_t at = Next(phrase, folded, 0); at != std::string_view::npos;
       at = Next(phrase, folded, at + 1)) {
    places.push_back(static_cast<std::uint32_t>(at));
  }
  return places;
}

std::size_t PhraseMatcher::Next(std::string_view phrase, std::string_view folded,
                                std::size_t from) const {
  for (std::size_t at = folded.find(phrase, from); at != std::string_view::npos;
       at = folded.find(phrase, at + 1)) {
    std::size_t end = at + phrase.size();
    bool begins = !IsWord(phrase.front()) || at == 0 || !IsWord(folded[at - 1]);
    bool ends = !IsWord(phrase.back()) || end == folded.size() || !IsWord(folded[end]);
    if (begins && ends) return at;
  }
  return std::string_view::npos;
}

}  // namespace bounced

#include "server/dns/lookups.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"

namespace bounced::dns {

const Answer* Lookups::Find(std::string_view name, Type type) {
  if (name.ends_with('.')) name.remove_suffix(1);
  Question question{std::string(name), type};
  absl::AsciiStrToLower(&question.name);
  const auto found = answers_.find(question);
  if (found != answers_.end()) return &found->second;
  if (std::find(asked_.begin(), asked_.end(), question) == asked_.end()) {
    asked_.push_back(std::move(question));
  }
  return nullptr;
}

std::vector<Question> Lookups::TakeAsked() { return std::exchange(asked_, {}); }

void Lookups::Set(const Question& question, Answer answer) {
  answers_.insert_or_assign(question, std::move(answer));
}

}  // namespace bounced::dns

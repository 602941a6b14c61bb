// DNS as a table, for what asks by dns::Lookups.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "server/dns/lookups.h"

namespace bounced {

class Zone {
 public:
  // What a name has is kFound, what it has not kNoData.
  Zone& Text(const std::string& name, std::string text) {
    Have(name, dns::Type::kTxt).texts.push_back(std::move(text));
    return *this;
  }
  // A or AAAA, as the address is.
  Zone& Address(const std::string& name, const std::string& address) {
    const IpAddress parsed = IpAddress::Parse(address).value();
    Have(name, parsed.is_v4() ? dns::Type::kA : dns::Type::kAaaa).addresses.push_back(parsed);
    return *this;
  }
  Zone& Exchange(const std::string& name, std::uint16_t preference, const std::string& host) {
    Have(name, dns::Type::kMx).exchanges.push_back({preference, Canonical(host)});
    return *this;
  }
  Zone& Pointer(const std::string& name, const std::string& target) {
    Have(name, dns::Type::kPtr).names.push_back(Canonical(target));
    return *this;
  }
  Zone& Alias(const std::string& name, const std::string& target) {
    aliases_[Canonical(name)] = Canonical(target);
    return *this;
  }
  // What the name has not is kFailed.
  Zone& Fails(const std::string& name) {
    fails_[Canonical(name)] = true;
    return *this;
  }

  dns::Answer Ask(const dns::Question& question) const {
    dns::Question asked = question;
    constexpr int kMaxAliases = 8;
    for (int i = 0; i < kMaxAliases; ++i) {
      const auto alias = aliases_.find(asked.name);
      if (alias == aliases_.end()) return AskHere(asked);
      asked.name = alias->second;
    }
    return {};
  }

 private:
  static std::string Canonical(const std::string& name) {
    std::string canonical = absl::AsciiStrToLower(name);
    if (canonical.ends_with('.')) canonical.pop_back();
    return canonical;
  }
  dns::Answer& Have(const std::string& name, dns::Type type) {
    dns::Answer& answer = answers_[{Canonical(name), type}];
    answer.outcome = dns::Outcome::kFound;
    return answer;
  }
  dns::Answer AskHere(const dns::Question& question) const {
    const auto found = answers_.find(question);
    if (found != answers_.end()) return found->second;
    if (fails_.contains(question.name)) return {};
    const auto sibling = answers_.lower_bound({question.name, dns::Type{}});
    const bool exists = sibling != answers_.end() && sibling->first.name == question.name;
    return {.outcome = exists ? dns::Outcome::kNoData : dns::Outcome::kNoSuchName};
  }

  std::map<dns::Question, dns::Answer> answers_;
  std::map<std::string, std::string> aliases_;
  std::map<std::string, bool> fails_;
};

// Calls `evaluate(lookups)` until it has a result, and gives it what it asks for. None: it had
// none after `max_rounds` of questions, or asked nothing.
template <typename Evaluate>
auto AskZone(const Zone& zone, int max_rounds, Evaluate evaluate) {
  dns::Lookups lookups;
  for (int round = 0;; ++round) {
    auto result = evaluate(lookups);
    const std::vector<dns::Question> asked = lookups.TakeAsked();
    if (result || asked.empty() || round == max_rounds) return result;
    for (const dns::Question& question : asked) lookups.Set(question, zone.Ask(question));
  }
}

}  // namespace bounced

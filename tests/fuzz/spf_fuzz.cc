// Any octets are SPF records. The first octet says what DNS knows of hosts and who the client is;
// the rest are lines: what the client says in EHLO, the sender, and the records, which the domains
// asked about have in turn.
//
// Whatever they are: there is a result within the rounds and questions that the header promises,
// each question is one that DNS can be asked, and the result is the same when it is asked again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/text.h"
#include "require.h"
#include "server/authentication/spf.h"
#include "server/authentication/spf/macro_string.h"

namespace {

using namespace bounced;

using dns::Answer;
using dns::Outcome;
using dns::Question;
using dns::Type;

// A record for each check, MX and their addresses for each term, the client's names and theirs.
constexpr std::size_t kMaxQuestions =
    1 + kMaxSpfLookupTerms * (1 + kMaxSpfHosts) + 1 + kMaxSpfHosts;

void CheckQuestion(const Question& question) {
  const std::string_view name = question.name;
  Require(!name.empty() && name.size() <= kMaxTargetNameOctets);
  std::size_t label = 0;
  for (const char c : name) {
    Require(c >= ' ' && c <= '~' && !(c >= 'A' && c <= 'Z'));
    label = c == '.' ? 0 : label + 1;
    Require(label <= 63);
  }
  Require(name.find("..") == name.npos && name.front() != '.' && name.back() != '.');
}

class World {
 public:
  World(std::uint8_t bits, std::vector<std::string_view> records)
      : bits_(bits), records_(std::move(records)) {}

  IpAddress Client() const { return *IpAddress::Parse(bits_ & 1 ? "2001:db8::1" : "192.0.2.1"); }

  Answer Ask(const Question& question) {
    if (question.type == Type::kTxt) {
      Answer answer{.outcome = Outcome::kFound};
      if (!records_.empty()) answer.texts = {std::string(records_[next_++ % records_.size()])};
      return answer;
    }
    const unsigned chance = bits_ ^ static_cast<unsigned char>(question.name.front());
    if (chance % 8 == 0) return {};
    if (chance % 8 == 1) return {.outcome = Outcome::kNoSuchName};
    Answer answer{.outcome = Outcome::kFound};
    const std::size_t hosts = chance % 12;
    for (std::size_t i = 0; i < hosts; ++i) {
      const std::string host = std::string(1, static_cast<char>('a' + i)) + ".example.com";
      answer.exchanges.push_back({0, i == 3 ? "" : host});
      answer.names.push_back(host);
    }
    answer.addresses.push_back(chance % 3 == 0 ? Client() : *IpAddress::Parse("198.51.100.7"));
    return answer;
  }

 private:
  std::uint8_t bits_;
  std::vector<std::string_view> records_;
  std::size_t next_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::string_view> lines;
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  while (!rest.empty()) {
    lines.push_back(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(lines.back().size() + 1, rest.size()));
  }
  lines.resize(std::max<std::size_t>(lines.size(), 2));
  const std::string_view helo = lines[0];
  const std::string_view sender = lines[1];
  World world(data[0], {lines.begin() + 2, lines.end()});
  const IpAddress client = world.Client();

  dns::Lookups lookups;
  std::optional<SpfResult> result;
  std::size_t questions = 0;
  for (int rounds = 0; !result; ++rounds) {
    Require(rounds <= kMaxSpfRounds);
    result = CheckSpf(client, helo, sender, lookups);
    const std::vector<Question> asked = lookups.TakeAsked();
    Require(result.has_value() == asked.empty());
    for (const Question& question : asked) {
      CheckQuestion(question);
      lookups.Set(question, world.Ask(question));
    }
    questions += asked.size();
  }
  Require(questions <= kMaxQuestions);
  Require(result->reason.size() <= kMaxSpfReasonOctets && IsValidUtf8(result->reason));
  Require(IsValidUtf8(result->domain) && result->domain.size() <= kMaxTargetNameOctets);

  const std::optional<SpfResult> again = CheckSpf(client, helo, sender, lookups);
  Require(again && again->outcome == result->outcome && again->reason == result->reason);
  return 0;
}

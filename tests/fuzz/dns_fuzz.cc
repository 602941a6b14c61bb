// Any octets are a message of DNS. The first says for which type of record it is read.
//
// Whatever they are: the answer is within its bounds, holds nothing of another type, and its names
// are such as a Question can hold.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "require.h"
#include "server/dns/message.h"

namespace {

using namespace bounced::dns;

void CheckName(std::string_view name) {
  constexpr std::size_t kMaxNameOctets = 253;
  Require(name.size() <= kMaxNameOctets && !name.starts_with('.') && !name.ends_with('.'));
  Require(name.find("..") == name.npos);
  for (const char c : name) Require(c > ' ' && c <= '~' && !(c >= 'A' && c <= 'Z'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array<Type, 5> kTypes = {Type::kA, Type::kAaaa, Type::kMx, Type::kPtr, Type::kTxt};
  const Type type = kTypes[data[0] % kTypes.size()];
  const AnswerLimits limits{.max_records = 3, .max_octets = 100};
  const TimedAnswer read =
      ReadMessage({reinterpret_cast<const char*>(data + 1), size - 1}, type, limits);

  const Answer& answer = read.answer;
  std::size_t octets = 0;
  for (const bounced::IpAddress& address : answer.addresses) octets += address.octets().size();
  for (const MailExchange& exchange : answer.exchanges) {
    octets += exchange.name.size();
    CheckName(exchange.name);
  }
  for (const std::string& name : answer.names) {
    octets += name.size();
    CheckName(name);
  }
  for (const std::string& text : answer.texts) octets += text.size();
  const bool is_address = type == Type::kA || type == Type::kAaaa;
  Require(answer.addresses.empty() || is_address);
  Require(answer.exchanges.empty() || type == Type::kMx);
  Require(answer.names.empty() || type == Type::kPtr);
  Require(answer.texts.empty() || type == Type::kTxt);
  const std::size_t records =
      answer.addresses.size() + answer.exchanges.size() + answer.names.size() + answer.texts.size();
  Require(octets <= limits.max_octets && records <= limits.max_records);
  Require((records > 0) == (answer.outcome == Outcome::kFound));
  Require(read.time_to_live >= absl::ZeroDuration() && read.time_to_live < absl::Hours(600'000));
  return 0;
}

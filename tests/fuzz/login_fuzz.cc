// The messages of a client that logs in, of any length, in each mechanism: nobody is let in who
// does not know the password, an exchange ends after a few messages, and challenges are what a
// client can read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "require.h"
#include "server/login/exchange.h"

namespace {

using namespace bounced;

constexpr int kMaxSteps = 4;

const Users& KnownUsers() {
  static const Users users({{"user", MakeScramSecret("pencil", std::string(16, 's'), 4'096)}});
  return users;
}

// Whether there may be more.
bool GoesOn(const SaslStep& step) {
  if (const auto* challenge = std::get_if<SaslChallenge>(&step)) {
    Require(challenge->text.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    return true;
  }
  if (const auto* password = std::get_if<SaslPassword>(&step)) {
    Require(password->user.size() <= kMaxUserOctets);
    Require(password->password.size() <= kMaxPasswordOctets);
  }
  Require(!std::holds_alternative<SaslDone>(step));
  return false;
}

}  // namespace

// The first octet says which mechanism; then each message is a length in two octets and so many.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::unique_ptr<SaslExchange> exchange;
  switch (data[0] % 3) {
    case 0:
      exchange = SaslExchange::Begin("PLAIN", KnownUsers());
      break;
    case 1:
      exchange = SaslExchange::Begin("LOGIN", KnownUsers());
      break;
    default:
      exchange = BeginScram(KnownUsers(), "nonce");
  }
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  bool open = (data[0] & 0x80) == 0 || GoesOn(exchange->Open());
  for (int steps = 0; open && rest.size() >= 2; ++steps) {
    Require(steps < kMaxSteps);
    const auto high = static_cast<std::uint8_t>(rest[0]);
    const auto low = static_cast<std::uint8_t>(rest[1]);
    const std::size_t octets = high * 256U + low;
    rest.remove_prefix(2);
    open = GoesOn(exchange->Next(rest.substr(0, octets)));
    rest.remove_prefix(std::min(octets, rest.size()));
  }
  return 0;
}

// The server's side of a SASL exchange (RFC 4422), without a protocol around it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "server/login/users.h"

namespace bounced {

// Mechanisms, as EHLO lists them (RFC 4954, 3).
inline constexpr std::string_view kSaslMechanisms = "PLAIN LOGIN SCRAM-SHA-256";

// What the server does next. After anything but a Challenge the exchange is over.
struct SaslChallenge {
  std::string text;  // not yet in base64
};
// Whether the password fits is for the caller to find out, away from here: it takes long.
struct SaslPassword {
  std::string user;
  std::string password;
  ScramSecret secret;
};
struct SaslDone {
  std::string user;
};
struct SaslRefused {};    // a wrong password, or a user that nobody is
struct SaslMalformed {};  // no message of this mechanism
using SaslStep = std::variant<SaslChallenge, SaslPassword, SaslDone, SaslRefused, SaslMalformed>;

class SaslExchange {
 public:
  virtual ~SaslExchange() = default;

  // `users` outlives it. Null: no mechanism of that name, in any case of letters.
  static std::unique_ptr<SaslExchange> Begin(std::string_view mechanism, const Users& users);

  // The first step of a client that sent no initial response.
  virtual SaslStep Open() = 0;
  // A message of the client's, out of base64.
  virtual SaslStep Next(std::string_view message) = 0;
};

// SCRAM with a nonce that is given, for tests; see SaslExchange::Begin().
std::unique_ptr<SaslExchange> BeginScram(const Users& users, std::string nonce);

}  // namespace bounced

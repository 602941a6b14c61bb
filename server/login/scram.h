// Secrets of SCRAM-SHA-256 (RFC 5802; RFC 7677): a password can be checked against one, and not be
// read from it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bounced {

// RFC 7677, 4, asks for 4,096 at least.
inline constexpr int kMinScramIterations = 4'096;
inline constexpr int kDefaultScramIterations = 15'000;
inline constexpr int kMaxScramIterations = 1'000'000;
inline constexpr std::size_t kScramHashOctets = 32;
inline constexpr std::size_t kScramSaltOctets = 16;  // of those that are made here
inline constexpr std::size_t kMaxScramSaltOctets = 64;
inline constexpr std::size_t kMaxPasswordOctets = 1'024;

struct ScramSecret {
  int iterations = 0;
  std::string salt = {};        // octets, as the two below
  std::string stored_key = {};  // kScramHashOctets
  std::string server_key = {};  // kScramHashOctets
};

// "SCRAM-SHA-256$ITERATIONS:SALT$STORED-KEY:SERVER-KEY", the last three in base64; the notation of
// RFC 5803, which PostgreSQL keeps, too. INVALID_ARGUMENT: it is not, or a bound is passed.
absl::StatusOr<ScramSecret> ParseScramSecret(std::string_view text);
std::string ToString(const ScramSecret& secret);

// `password` has at most kMaxPasswordOctets; it is prepared by SASLprep (RFC 4013), or, where that
// has no answer, taken as it is. Takes milliseconds, on purpose.
ScramSecret MakeScramSecret(std::string_view password, std::string salt, int iterations);
// Takes as long as to make one, whatever the answer.
bool CheckPassword(const ScramSecret& secret, std::string_view password);

// Of the exchange (RFC 5802, 3). `message` is AuthMessage.
std::string ScramServerSignature(const ScramSecret& secret, std::string_view message);
// Whether `proof` is the ClientProof of who knows the password.
bool CheckScramProof(const ScramSecret& secret, std::string_view message, std::string_view proof);

// That many octets from the system's source of randomness.
std::string RandomOctets(std::size_t count);

}  // namespace bounced

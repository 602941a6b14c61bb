// The tokens of API keys: `bnc_ID_SECRET`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bounced {

// By which scanners of source code and logs find one that leaked.
inline constexpr std::string_view kApiTokenPrefix = "bnc_";
inline constexpr std::size_t kMaxApiKeyIdOctets = 32;  // 1 at least, of a-z and 0-9
inline constexpr std::size_t kMaxApiTokenOctets = 200;
inline constexpr std::size_t kApiHashOctets = 32;
// Of those that are made here, in base32: 60 bits, and 160 bits.
inline constexpr std::size_t kMadeIdCharacters = 12;
inline constexpr std::size_t kMadeSecretCharacters = 32;

using ApiHash = std::array<std::uint8_t, kApiHashOctets>;

// What is kept of a token: whom it belongs to, and SHA-256 of all of it. A hash that is made to be
// slow protects what people make up; of 160 random bits nobody tries even a small part, and each
// call would pay for it.
struct ApiSecret {
  std::string id;
  ApiHash hash{};
  bool operator==(const ApiSecret&) const = default;
};

// The id of what looks like a token; a view into it. None: it does not.
std::optional<std::string_view> ApiKeyIdOf(std::string_view token);
std::optional<std::string_view> ApiKeyIdOf(std::string&&) = delete;

ApiHash HashApiToken(std::string_view token);
// Takes as long whatever the answer.
bool Equal(const ApiHash& a, const ApiHash& b);

// A new one, out of the system's randomness.
std::string MakeApiToken();
// INVALID_ARGUMENT: it does not look like a token.
absl::StatusOr<ApiSecret> ApiSecretOf(std::string_view token);

// "SHA-256$ID:HASH", the hash in base64: what stands in files. INVALID_ARGUMENT: it is not.
std::string ToString(const ApiSecret& secret);
absl::StatusOr<ApiSecret> ParseApiSecret(std::string_view text);

}  // namespace bounced

#include "server/login/api_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/login/scram.h"

namespace bounced {
namespace {

constexpr std::string_view kHashScheme = "SHA-256$";
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";

bool IsIdCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxApiKeyIdOctets &&
         std::all_of(id.begin(), id.end(), IsIdCharacter);
}

std::string RandomBase32(std::size_t characters) {
  std::string text = RandomOctets(characters);
  for (char& c : text) c = kBase32[static_cast<unsigned char>(c) % kBase32.size()];
  return text;
}

absl::Status NoApiSecret(std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("is no secret of the form SHA-256$ID:HASH: ", Absl(why)));
}

}  // namespace

std::optional<std::string_view> ApiKeyIdOf(std::string_view token) {
  if (!token.starts_with(kApiTokenPrefix) || token.size() > kMaxApiTokenOctets) return std::nullopt;
  token.remove_prefix(kApiTokenPrefix.size());
  const std::size_t end = token.find('_');
  if (end == token.npos || end + 1 == token.size() || !IsId(token.substr(0, end))) {
    return std::nullopt;
  }
  return token.substr(0, end);
}

ApiHash HashApiToken(std::string_view token) {
  // Found once: to find it takes longer than to use it.
  static const EVP_MD* const sha256 = ::EVP_MD_fetch(nullptr, "SHA256", nullptr);
  ApiHash hash;
  unsigned length = 0;
  // Fails only without memory or without SHA-256: nobody is let in then.
  if (sha256 == nullptr ||
      ::EVP_Digest(token.data(), token.size(), hash.data(), &length, sha256, nullptr) != 1) {
    std::abort();
  }
  return hash;
}

bool Equal(const ApiHash& a, const ApiHash& b) {
  return ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string MakeApiToken() {
  return absl::StrCat(Absl(kApiTokenPrefix), RandomBase32(kMadeIdCharacters), "_",
                      RandomBase32(kMadeSecretCharacters));
}

absl::StatusOr<ApiSecret> ApiSecretOf(std::string_view token) {
  const std::optional<std::string_view> id = ApiKeyIdOf(token);
  if (!id) return absl::InvalidArgumentError("is no API key: it would begin with bnc_");
  return ApiSecret{std::string(*id), HashApiToken(token)};
}

std::string ToString(const ApiSecret& secret) {
  const absl::string_view hash(reinterpret_cast<const char*>(secret.hash.data()),
                               secret.hash.size());
  return absl::StrCat(Absl(kHashScheme), secret.id, ":", absl::Base64Escape(hash));
}

absl::StatusOr<ApiSecret> ParseApiSecret(std::string_view text) {
  if (!text.starts_with(kHashScheme)) return NoApiSecret("it begins otherwise");
  text.remove_prefix(kHashScheme.size());
  const std::size_t colon = text.find(':');
  if (colon == text.npos || !IsId(text.substr(0, colon))) {
    return NoApiSecret(absl::StrCat("the id is not 1 to ", kMaxApiKeyIdOctets, " of a-z and 0-9"));
  }
  std::string hash;
  if (!absl::Base64Unescape(Absl(text.substr(colon + 1)), &hash) || hash.size() != kApiHashOctets) {
    return NoApiSecret("the hash is not 32 octets in base64");
  }
  ApiSecret secret;
  secret.id = std::string(text.substr(0, colon));
  std::copy(hash.begin(), hash.end(), secret.hash.begin());
  return secret;
}

}  // namespace bounced

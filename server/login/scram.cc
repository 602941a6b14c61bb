#include "server/login/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::string_view kScheme = "SCRAM-SHA-256$";

// OpenSSL's calls below fail only without memory or without SHA-256: nobody is let in then.
void Require(bool done) {
  if (!done) std::abort();
}

std::string Hmac(std::string_view key, std::string_view message) {
  std::string value(kScramHashOctets, '\0');
  unsigned length = 0;
  Require(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
               reinterpret_cast<const unsigned char*>(message.data()), message.size(),
               reinterpret_cast<unsigned char*>(value.data()), &length) != nullptr);
  return value;
}

std::string Hash(std::string_view octets) {
  std::string value(kScramHashOctets, '\0');
  Require(EVP_Digest(octets.data(), octets.size(), reinterpret_cast<unsigned char*>(value.data()),
                     nullptr, EVP_sha256(), nullptr) == 1);
  return value;
}

// SASLprep, of what it has an answer for.
std::string Prepared(std::string_view password) {
  const bool plain =
      std::all_of(password.begin(), password.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (plain) return std::string(password);
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UStringPrepProfile, decltype(&usprep_close)> profile(
      usprep_openByType(USPREP_RFC4013_SASLPREP, &error), usprep_close);
  // SASLprep makes no text longer than this (the longest decomposition has 18 units).
  std::array<UChar, 18 * kMaxPasswordOctets> prepared;
  std::array<UChar, kMaxPasswordOctets> utf16;
  std::array<char, 3 * 18 * kMaxPasswordOctets> utf8;
  std::int32_t length = 0;
  u_strFromUTF8(utf16.data(), static_cast<std::int32_t>(utf16.size()), &length, password.data(),
                static_cast<std::int32_t>(password.size()), &error);
  if (U_FAILURE(error)) return std::string(password);
  length =
      usprep_prepare(profile.get(), utf16.data(), length, prepared.data(),
                     static_cast<std::int32_t>(prepared.size()), USPREP_DEFAULT, nullptr, &error);
  if (U_FAILURE(error)) return std::string(password);
  std::int32_t octets = 0;
  u_strToUTF8(utf8.data(), static_cast<std::int32_t>(utf8.size()), &octets, prepared.data(), length,
              &error);
  if (U_FAILURE(error)) return std::string(password);
  return std::string(utf8.data(), static_cast<std::size_t>(octets));
}

absl::Status NoSecret(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "is no secret of the form SCRAM-SHA-256$ITERATIONS:SALT$STORED-KEY:SERVER-KEY: ", Absl(why)));
}

// Cuts off what stands in front of `delimiter`. False: it is not there.
bool CutOff(std::string_view& text, char delimiter, std::string_view& part) {
  const std::size_t place = text.find(delimiter);
  if (place == text.npos) return false;
  part = text.substr(0, place);
  text.remove_prefix(place + 1);
  return true;
}

bool Decode(std::string_view base64, std::string& octets) {
  return absl::Base64Unescape(Absl(base64), &octets) && !octets.empty();
}

}  // namespace

absl::StatusOr<ScramSecret> ParseScramSecret(std::string_view text) {
  if (!text.starts_with(kScheme)) return NoSecret("it begins otherwise");
  text.remove_prefix(kScheme.size());
  ScramSecret secret;
  std::string_view iterations, salt, stored_key;
  if (!CutOff(text, ':', iterations) || !CutOff(text, '$', salt) || !CutOff(text, ':', stored_key))
    return NoSecret("a part is missing");
  if (!absl::SimpleAtoi(Absl(iterations), &secret.iterations) ||
      secret.iterations < kMinScramIterations || secret.iterations > kMaxScramIterations) {
    return NoSecret(absl::StrCat("the iterations are not from ", kMinScramIterations, " to ",
                                 kMaxScramIterations));
  }
  if (!Decode(salt, secret.salt) || secret.salt.size() > kMaxScramSaltOctets) {
    return NoSecret("the salt is not 1 to 64 octets in base64");
  }
  if (!Decode(stored_key, secret.stored_key) || !Decode(text, secret.server_key) ||
      secret.stored_key.size() != kScramHashOctets ||
      secret.server_key.size() != kScramHashOctets) {
    return NoSecret("a key is not 32 octets in base64");
  }
  return secret;
}

std::string ToString(const ScramSecret& secret) {
  return absl::StrCat(Absl(kScheme), secret.iterations, ":", absl::Base64Escape(secret.salt), "$",
                      absl::Base64Escape(secret.stored_key), ":",
                      absl::Base64Escape(secret.server_key));
}

ScramSecret MakeScramSecret(std::string_view password, std::string salt, int iterations) {
  std::string prepared = Prepared(password);
  std::string salted(kScramHashOctets, '\0');
  Require(PKCS5_PBKDF2_HMAC(prepared.data(), static_cast<int>(prepared.size()),
                            reinterpret_cast<const unsigned char*>(salt.data()),
                            static_cast<int>(salt.size()), iterations, EVP_sha256(),
                            static_cast<int>(salted.size()),
                            reinterpret_cast<unsigned char*>(salted.data())) == 1);
  ScramSecret secret{iterations, std::move(salt), Hash(Hmac(salted, "Client Key")),
                     Hmac(salted, "Server Key")};
  OPENSSL_cleanse(prepared.data(), prepared.size());
  OPENSSL_cleanse(salted.data(), salted.size());
  return secret;
}

bool CheckPassword(const ScramSecret& secret, std::string_view password) {
  const ScramSecret tried = MakeScramSecret(password, secret.salt, secret.iterations);
  return CRYPTO_memcmp(tried.stored_key.data(), secret.stored_key.data(), kScramHashOctets) == 0;
}

std::string ScramServerSignature(const ScramSecret& secret, std::string_view message) {
  return Hmac(secret.server_key, message);
}

bool CheckScramProof(const ScramSecret& secret, std::string_view message, std::string_view proof) {
  if (proof.size() != kScramHashOctets) return false;
  std::string client_key = Hmac(secret.stored_key, message);
  for (std::size_t i = 0; i < kScramHashOctets; ++i) {
    client_key[i] = static_cast<char>(client_key[i] ^ proof[i]);
  }
  const std::string stored_key = Hash(client_key);
  return CRYPTO_memcmp(stored_key.data(), secret.stored_key.data(), kScramHashOctets) == 0;
}

std::string RandomOctets(std::size_t count) {
  std::string octets(count, '\0');
  Require(RAND_bytes(reinterpret_cast<unsigned char*>(octets.data()), static_cast<int>(count)) ==
          1);
  return octets;
}

}  // namespace bounced

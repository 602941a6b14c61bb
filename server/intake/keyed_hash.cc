#include "server/intake/keyed_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>

namespace bounced {

KeyedHashValue KeyedHash(std::string_view secret, std::string_view label,
                         std::initializer_list<std::string_view> fields) {
  std::string input(label);
  input += '\0';
  for (const std::string_view field : fields) {
    if (field.size() > 0xFFFF) std::abort();
    input += static_cast<char>(field.size() >> 8);
    input += static_cast<char>(field.size() & 0xFF);
    input += field;
  }
  KeyedHashValue value;
  unsigned length = 0;
  // It fails only without memory or without SHA-256: nothing here goes on in either case.
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(input.data()), input.size(), value.data(),
           &length) == nullptr ||
      length != value.size()) {
    std::abort();
  }
  return value;
}

std::string Base32(std::span<const std::uint8_t> octets, std::size_t characters) {
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) {
    unsigned value = 0;
    for (std::size_t bit = i * kBitsPerCharacter; bit < (i + 1) * kBitsPerCharacter; ++bit) {
      value = value << 1 | (octets[bit / 8] >> (7 - bit % 8) & 1U);
    }
    text += kBase32Alphabet[value];
  }
  return text;
}

std::optional<std::uint8_t> FromBase32(char c) {
  if (c >= 'a' && c <= 'z') return static_cast<std::uint8_t>(c - 'a');
  if (c >= '2' && c <= '7') return static_cast<std::uint8_t>(c - '2' + 26);
  return std::nullopt;
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace bounced

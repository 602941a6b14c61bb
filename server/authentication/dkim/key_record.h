// What a domain has in DNS under s=._domainkey.d= (RFC 6376, 3.6.1; RFC 8463, 4).
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string_view>

#include "server/authentication/dkim/signature.h"
#include "server/base/sha256.h"

namespace bounced {

// A value that can be moved. Not thread-safe.
class PublicKey {
 public:
  // `octets` are DER of a SubjectPublicKeyInfo or, as the text of RFC 6376 has it, of an
  // RSAPublicKey. None: they are neither, or one of another algorithm, or something follows it.
  static std::optional<PublicKey> FromRsa(std::string_view octets);
  // The 32 octets of RFC 8032. None: they are not as many.
  static std::optional<PublicKey> FromEd25519(std::string_view octets);

  bool is_rsa() const;
  int bits() const;
  // Whether `signature` was made for `digest` (RFC 8017, 8.2; RFC 8463, 3).
  bool Verifies(const Sha256::Digest& digest, std::string_view signature) const;

 private:
  using Owner = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  explicit PublicKey(EVP_PKEY* key) : key_(key, &EVP_PKEY_free) {}

  Owner key_;
};

struct KeyRecord {
  std::optional<PublicKey> key;  // there after ReadKeyRecord() has found nothing
  bool takes_sha256 = true;      // h=
  bool is_for_mail = true;       // s=
  bool is_testing = false;       // t=y
  bool is_strict = false;        // t=s: the domains of i= and d= are the same
};

// Reads `text` into `record`, a new one; tags that it does not know are passed over. None: it is a
// key. Linear.
std::optional<DkimFinding> ReadKeyRecord(std::string_view text, KeyRecord& record);

// Why `signature` cannot be verified with the key of `record`. None: it can.
std::optional<DkimFinding> CheckKey(const KeyRecord& record, const DkimSignature& signature);

}  // namespace bounced

#include "server/authentication/dkim/key_record.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <string>

#include "absl/strings/escaping.h"
#include "parser/text.h"
#include "server/authentication/tag_list.h"

namespace bounced {
namespace {

std::optional<DkimFinding> BadKey(std::string_view reason) {
  return DkimFinding{DkimOutcome::kPermerror, reason};
}

// What OpenSSL found wrong with octets from the network must not be there when the thread looks for
// errors of its TLS connections.
class ErrorMark {
 public:
  ErrorMark() { ERR_set_mark(); }
  ~ErrorMark() { ERR_pop_to_mark(); }
  ErrorMark(const ErrorMark&) = delete;
  ErrorMark& operator=(const ErrorMark&) = delete;
};

const unsigned char* Octets(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

// Whether the list with colons that a tag has holds one of `items`.
bool Holds(std::string_view list, std::initializer_list<std::string_view> items) {
  while (!list.empty()) {
    const std::size_t colon = std::min(list.find(':'), list.size());
    const std::string_view item = StripBlanks(list.substr(0, colon));
    if (std::find(items.begin(), items.end(), item) != items.end()) return true;
    list.remove_prefix(std::min(colon + 1, list.size()));
  }
  return false;
}

}  // namespace

std::optional<PublicKey> PublicKey::FromRsa(std::string_view octets) {
  const ErrorMark mark;
  const auto size = static_cast<long>(octets.size());
  const unsigned char* end = Octets(octets);
  PublicKey key(d2i_PUBKEY(nullptr, &end, size));
  if (key.key_ == nullptr) {
    end = Octets(octets);
    key = PublicKey(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &end, size));
  }
  const bool is_all = end == Octets(octets) + octets.size();
  if (key.key_ == nullptr || !is_all || !key.is_rsa()) return std::nullopt;
  return key;
}

std::optional<PublicKey> PublicKey::FromEd25519(std::string_view octets) {
  const ErrorMark mark;
  PublicKey key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Octets(octets), octets.size()));
  if (key.key_ == nullptr) return std::nullopt;
  return key;
}

bool PublicKey::is_rsa() const { return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA; }

int PublicKey::bits() const { return EVP_PKEY_get_bits(key_.get()); }

bool PublicKey::Verifies(const Sha256::Digest& digest, std::string_view signature) const {
  const ErrorMark mark;
  if (!is_rsa()) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    return context != nullptr &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), Octets(signature), signature.size(), digest.data(),
                            digest.size()) == 1;
  }
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new(key_.get(), nullptr), &EVP_PKEY_CTX_free);
  return context != nullptr && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1 &&
         EVP_PKEY_verify(context.get(), Octets(signature), signature.size(), digest.data(),
                         digest.size()) == 1;
}

std::optional<DkimFinding> ReadKeyRecord(std::string_view text, KeyRecord& record) {
  const std::optional<TagList> tags = TagList::Parse(text);
  if (!tags) return BadKey("the key record is no list of tags");
  if (const Tag* version = tags->Find("v")) {
    if (version != tags->tags().data() || version->value != "DKIM1") {
      return BadKey("the key record is of another version");
    }
  }
  const Tag* data = tags->Find("p");
  if (data == nullptr) return BadKey("the key record holds no key");
  if (data->value.empty()) return BadKey("the key is revoked");
  std::string octets;
  if (!absl::Base64Unescape(Absl(data->value), &octets)) return BadKey("the key is no base64");
  const Tag* type = tags->Find("k");
  if (type == nullptr || type->value == "rsa") {
    record.key = PublicKey::FromRsa(octets);
  } else if (type->value == "ed25519") {
    record.key = PublicKey::FromEd25519(octets);
  } else {
    return BadKey("the key is of an unknown type");
  }
  if (!record.key) return BadKey("the key is not of its type");
  if (const Tag* hashes = tags->Find("h")) record.takes_sha256 = Holds(hashes->value, {"sha256"});
  if (const Tag* services = tags->Find("s")) {
    record.is_for_mail = Holds(services->value, {"*", "email"});
  }
  if (const Tag* flags = tags->Find("t")) {
    record.is_testing = Holds(flags->value, {"y"});
    record.is_strict = Holds(flags->value, {"s"});
  }
  return std::nullopt;
}

std::optional<DkimFinding> CheckKey(const KeyRecord& record, const DkimSignature& signature) {
  if (record.key->is_rsa() != (signature.algorithm == SigningAlgorithm::kRsaSha256)) {
    return BadKey("the key is for another algorithm");
  }
  if (!record.takes_sha256) return BadKey("the key is not for SHA-256");
  if (!record.is_for_mail) return BadKey("the key is not for mail");
  if (record.is_strict && signature.identity_domain != signature.domain) {
    return BadKey("the key is for no subdomain (t=s)");
  }
  if (record.key->is_rsa() && record.key->bits() < kMinRsaKeyBits) {
    return DkimFinding{DkimOutcome::kPolicy, "the key is too small"};
  }
  if (record.key->is_rsa() && record.key->bits() > kMaxRsaKeyBits) {
    return DkimFinding{DkimOutcome::kPolicy, "the key is too large"};
  }
  // RFC 6376, 3.6.1: it is then as if the message were not signed.
  if (record.is_testing) return DkimFinding{DkimOutcome::kPolicy, "the domain is testing (t=y)"};
  return std::nullopt;
}

}  // namespace bounced

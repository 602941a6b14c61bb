// Signs messages as a test wants them signed, right or wrong. How a message is canonicalized it
// leaves to what is tested: dkim_oracle_test.cc shows that this is right.
#pragma once

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "parser/text.h"
#include "server/authentication/dkim/canonicalization.h"
#include "server/authentication/message_fields.h"
#include "server/base/sha256.h"

namespace bounced {

class PrivateKey {
 public:
  static PrivateKey Rsa(int bits) {
    return PrivateKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits)));
  }
  // Of 32 octets; always the same.
  static PrivateKey Ed25519(std::string_view seed) {
    return PrivateKey(EVP_PKEY_new_raw_private_key(
        EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(seed.data()),
        seed.size()));
  }

  bool is_rsa() const { return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA; }
  // As p= has it.
  std::string Public() const {
    std::string octets(8192, '\0');
    auto* out = reinterpret_cast<unsigned char*>(octets.data());
    std::size_t size = octets.size();
    if (is_rsa()) {
      size = static_cast<std::size_t>(i2d_PUBKEY(key_.get(), &out));
    } else {
      Require(EVP_PKEY_get_raw_public_key(key_.get(), out, &size) == 1);
    }
    return absl::Base64Escape(absl::string_view(octets).substr(0, size));
  }
  std::string Sign(const Sha256::Digest& digest) const {
    std::string signature(8192, '\0');
    std::size_t size = signature.size();
    auto* out = reinterpret_cast<unsigned char*>(signature.data());
    if (is_rsa()) {
      const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
          EVP_PKEY_CTX_new(key_.get(), nullptr), &EVP_PKEY_CTX_free);
      Require(EVP_PKEY_sign_init(context.get()) == 1);
      Require(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1);
      Require(EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1);
      Require(EVP_PKEY_sign(context.get(), out, &size, digest.data(), digest.size()) == 1);
    } else {
      const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                            &EVP_MD_CTX_free);
      Require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
      Require(EVP_DigestSign(context.get(), out, &size, digest.data(), digest.size()) == 1);
    }
    return absl::Base64Escape(absl::string_view(signature).substr(0, size));
  }

 private:
  explicit PrivateKey(EVP_PKEY* key) : key_(key, &EVP_PKEY_free) { Require(key != nullptr); }
  static void Require(bool holds) {
    if (!holds) std::abort();
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

// `message` with a signature in front. `tags` are all but bh= and b=, "v=1; a=rsa-sha256; ...",
// with no more white space than that.
inline std::string Sign(std::string_view message, std::string_view tags, const PrivateKey& key) {
  const auto value_of = [tags](std::string_view name) {
    for (const absl::string_view tag : absl::StrSplit(Absl(tags), "; ")) {
      const std::pair<std::string, std::string> pair = absl::StrSplit(tag, absl::MaxSplits('=', 1));
      if (pair.first == Absl(name)) return pair.second;
    }
    return std::string();
  };
  const std::string c = value_of("c");
  const auto header_form =
      c.starts_with("relaxed") ? Canonicalization::kRelaxed : Canonicalization::kSimple;
  const auto body_form =
      c.ends_with("/relaxed") ? Canonicalization::kRelaxed : Canonicalization::kSimple;
  MessageFields parts = SplitMessage(message);
  Sha256 body;
  CanonicalizeBody(body_form, parts.body, [&](std::string_view piece) { body.Add(piece); });
  const Sha256::Digest digest = body.Finish();
  const std::string body_hash = absl::Base64Escape(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));

  Sha256 header;
  const std::string names = value_of("h");
  for (const absl::string_view name : absl::StrSplit(names, ':')) {
    const auto found = std::find_if(
        parts.fields.rbegin(), parts.fields.rend(),
        [&](const MessageField& field) { return EqualsIgnoringCase(field.name, Std(name)); });
    if (found == parts.fields.rend()) continue;
    header.Add(CanonicalField(header_form, found->text) + "\r\n");
    parts.fields.erase(std::next(found).base());
  }
  const std::string field =
      absl::StrCat("DKIM-Signature: ", Absl(tags), "; bh=", body_hash, "; b=");
  header.Add(CanonicalField(header_form, field));
  return absl::StrCat(field, key.Sign(header.Finish()), "\r\n", Absl(message));
}

}  // namespace bounced

#include "server/authentication/dkim/key_record.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace bounced {
namespace {

// An RSAPublicKey (RFC 8017, A.1.1) with a modulus of as many bits, which nobody has the key of.
std::string RsaPublicKey(int bits) {
  const auto length_of = [](std::size_t size) {
    return std::string{'\x82', static_cast<char>(size >> 8), static_cast<char>(size & 0xff)};
  };
  std::string modulus(static_cast<std::size_t>(bits / 8 + 1), '\0');
  modulus[modulus.size() - 1] = 1;
  const int top = (bits - 1) / 8 + 1;
  modulus[modulus.size() - static_cast<std::size_t>(top)] =
      static_cast<char>(1 << ((bits - 1) % 8));
  if (bits % 8 != 0) modulus.erase(0, modulus.size() - static_cast<std::size_t>(top));
  const std::string exponent("\x02\x03\x01\x00\x01", 5);
  const std::string integers = "\x02" + length_of(modulus.size()) + modulus + exponent;
  return "\x30" + length_of(integers.size()) + integers;
}

TEST(PublicKeyTest, KMinAndKMaxRsaKeyBits) {
  DkimSignature signature;
  signature.algorithm = SigningAlgorithm::kRsaSha256;
  struct Row {
    int bits;
    std::string_view reason;
  };
  for (const Row& row :
       {Row{kMinRsaKeyBits - 1, "the key is too small"}, Row{kMinRsaKeyBits, ""},
        Row{kMinRsaKeyBits + 1, ""}, Row{kMaxRsaKeyBits - 1, ""}, Row{kMaxRsaKeyBits, ""},
        Row{kMaxRsaKeyBits + 1, "the key is too large"}}) {
    KeyRecord record;
    const std::string text = "p=" + absl::Base64Escape(RsaPublicKey(row.bits));
    ASSERT_FALSE(ReadKeyRecord(text, record)) << row.bits;
    EXPECT_EQ(record.key->bits(), row.bits);
    const std::optional<DkimFinding> finding = CheckKey(record, signature);
    EXPECT_EQ(finding ? finding->reason : "", row.reason) << row.bits;
    EXPECT_FALSE(record.key->Verifies({}, "signature"));
  }
}

TEST(PublicKeyTest, Ed25519HasThirtyTwoOctets) {
  for (const std::size_t size : {0u, 31u, 32u, 33u}) {
    EXPECT_EQ(PublicKey::FromEd25519(std::string(size, 'a')).has_value(), size == 32) << size;
  }
}

// A key of another kind does not pass for it.
TEST(PublicKeyTest, RsaIsRsa) {
  EXPECT_FALSE(PublicKey::FromRsa(""));
  EXPECT_FALSE(PublicKey::FromRsa("junk"));
  const std::string key = RsaPublicKey(1024);
  EXPECT_TRUE(PublicKey::FromRsa(key));
  EXPECT_FALSE(PublicKey::FromRsa(key + '\0'));
  EXPECT_FALSE(PublicKey::FromRsa(key.substr(0, key.size() - 1)));
  // The SubjectPublicKeyInfo of an Ed25519 key (RFC 8410, 4).
  const std::string ed25519("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
  EXPECT_FALSE(PublicKey::FromRsa(ed25519 + std::string(32, 'a')));
}

// The thread's TLS connections look for theirs there.
TEST(PublicKeyTest, LeavesNoErrorsBehind) {
  EXPECT_FALSE(PublicKey::FromRsa("junk"));
  EXPECT_FALSE(PublicKey::FromEd25519("junk"));
  EXPECT_FALSE(PublicKey::FromRsa(RsaPublicKey(1024))->Verifies({}, std::string(128, '\x7f')));
  EXPECT_FALSE(PublicKey::FromEd25519(std::string(32, 'a'))->Verifies({}, "junk"));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace bounced

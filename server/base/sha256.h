// SHA-256 of what comes in pieces.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace bounced {

// Aborts where there is no memory, or no SHA-256, as nothing could go on without.
class Sha256 {
 public:
  using Digest = std::array<unsigned char, 32>;

  Sha256() {
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
      std::abort();
    }
  }

  void Add(std::string_view octets) {
    if (EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) != 1) std::abort();
  }
  // Once, at the end.
  Digest Finish() {
    Digest digest;
    if (EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1) std::abort();
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(),
                                                                   &EVP_MD_CTX_free};
};

}  // namespace bounced

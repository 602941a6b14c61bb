#include "server/intake/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace bounced {

decltype(Message::digest) DigestOf(std::initializer_list<std::string_view> fields) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  bool ok = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (const std::string_view field : fields) {
    std::array<std::uint8_t, 8> length{};
    for (std::size_t i = 0; i < length.size(); ++i) {
      length[i] = static_cast<std::uint8_t>(std::uint64_t{field.size()} >> (56 - 8 * i));
    }
    ok = ok && EVP_DigestUpdate(context.get(), length.data(), length.size()) == 1 &&
         EVP_DigestUpdate(context.get(), field.data(), field.size()) == 1;
  }
  std::array<std::uint8_t, 32> whole{};
  ok = ok && EVP_DigestFinal_ex(context.get(), whole.data(), nullptr) == 1;
  // It fails only without memory or without SHA-256: nothing here goes on in either case.
  if (!ok) std::abort();
  decltype(Message::digest) digest;
  std::copy_n(whole.begin(), digest.size(), digest.begin());
  return digest;
}

}  // namespace bounced

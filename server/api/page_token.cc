#include "server/api/page_token.h"

#include <xxhash.h>

#include <cstdint>

#include "absl/strings/escaping.h"
#include "parser/text.h"
#include "server/api/octets.h"
#include "server/api/status.h"

namespace bounced::api {
namespace {

// Version (1 octet), cursor and digest (8 each, most significant octet first).
constexpr char kVersion = 1;
constexpr std::size_t kTokenOctets = 17;

std::string Encode(Cursor cursor, std::string_view list) {
  std::string octets(1, kVersion);
  AppendUint64(static_cast<std::uint64_t>(cursor), octets);
  XXH64_hash_t digest =
      XXH3_64bits_withSeed(list.data(), list.size(), static_cast<XXH64_hash_t>(cursor));
  AppendUint64(digest, octets);
  return octets;
}

}  // namespace

std::string MakePageToken(Cursor cursor, std::string_view list) {
  return absl::WebSafeBase64Escape(Encode(cursor, list));
}

absl::StatusOr<Cursor> ReadPageToken(std::string_view token, std::string_view list) {
  if (token.empty()) return 0;
  std::string octets;
  if (!absl::WebSafeBase64Unescape(Absl(token), &octets) || octets.size() != kTokenOctets ||
      octets[0] != kVersion) {
    return Invalid("page_token", "not a token of this server");
  }
  const std::uint64_t cursor = Uint64At(octets, 1);
  if (octets != Encode(static_cast<Cursor>(cursor), list)) {
    return Invalid("page_token",
                   "not of this list: every other field but page_size must be as it was");
  }
  return static_cast<Cursor>(cursor);
}

}  // namespace bounced::api

#include "server/api/watch_token.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "parser/text.h"
#include "server/api/octets.h"
#include "server/api/status.h"
#include "server/intake/keyed_hash.h"

namespace bounced::api {
namespace {

// Version (1 octet), history, number, how far some were dropped, MAC (8 each, most significant
// octet first).
constexpr char kVersion = 1;
constexpr std::size_t kMacOctets = 8;
constexpr std::size_t kTokenOctets = 25 + kMacOctets;
constexpr std::string_view kLabel = "watch token";

std::string Encode(std::string_view secret, std::string_view tenant, std::int64_t history,
                   const FeedPosition& position) {
  std::string octets(1, kVersion);
  for (const std::int64_t number : {history, position.number, position.dropped_up_to}) {
    AppendUint64(static_cast<std::uint64_t>(number), octets);
  }
  const KeyedHashValue mac = KeyedHash(secret, kLabel, {tenant, octets});
  octets.append(reinterpret_cast<const char*>(mac.data()), kMacOctets);
  return octets;
}

}  // namespace

std::string MakeWatchToken(const Store& store, std::string_view tenant,
                           const FeedPosition& position) {
  return absl::WebSafeBase64Escape(Encode(store.token_secret(), tenant, store.history(), position));
}

absl::StatusOr<FeedPosition> ReadWatchToken(const Store& store, std::string_view tenant,
                                            std::string_view token) {
  std::string octets;
  if (absl::WebSafeBase64Unescape(Absl(token), &octets) && octets.size() == kTokenOctets) {
    const auto number_at = [&octets](std::size_t at) {
      return static_cast<std::int64_t>(Uint64At(octets, at));
    };
    const std::int64_t history = number_at(1);
    const FeedPosition position{.number = number_at(9), .dropped_up_to = number_at(17)};
    if (EqualInConstantTime(octets, Encode(store.token_secret(), tenant, history, position))) {
      if (history == store.history()) return position;
      return absl::OutOfRangeError("the token is of another history");
    }
  }
  return Invalid("token",
                 "not one that this server's store gave to the tenant; take the list over anew: "
                 "`bouncectl export --resume-file` notes where to watch on from");
}

}  // namespace bounced::api

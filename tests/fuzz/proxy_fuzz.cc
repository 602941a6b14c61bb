// What a trusted proxy says first, cut after each octet in turn: what it turns out to be does not
// depend on the cuts, a whole header is within its bound, and no more than that is ever waited for.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "require.h"
#include "server/smtp/proxy_header.h"

namespace {

using namespace bounced::smtp;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const ProxyHeader whole = ReadProxyHeader(octets);
  Require(whole.octets <= std::min(size, std::max(kMaxProxyV1Octets, kMaxProxyV2Octets)));
  Require(whole.state == ProxyHeader::State::kWhole || (whole.octets == 0 && !whole.client));
  for (std::size_t cut = 0; cut <= std::min(size, 2 * kMaxProxyV2Octets); ++cut) {
    const ProxyHeader header = ReadProxyHeader(octets.substr(0, cut));
    if (header.state == ProxyHeader::State::kMore) {
      Require(cut < kMaxProxyV2Octets);
      continue;
    }
    Require(header.state == whole.state);
    Require(header.octets == whole.octets && header.client == whole.client);
    return 0;
  }
  Require(whole.state == ProxyHeader::State::kMore);
  return 0;
}

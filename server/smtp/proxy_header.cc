#include "server/smtp/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bounced::smtp {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view kV1Begin = "PROXY ";
constexpr std::string_view kV2Begin("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2FixedOctets = 16;

constexpr ProxyHeader kWrong = {.state = State::kWrong};

unsigned Octet(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// The word up to the next blank, which is dropped.
std::string_view NextWord(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

bool IsPort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

ProxyHeader ReadV1(std::string_view octets) {
  const std::string_view head = octets.substr(0, kMaxProxyV1Octets);
  const std::size_t end = head.find("\r\n");
  if (end == head.npos) {
    return {.state = head.size() < kMaxProxyV1Octets ? State::kMore : State::kWrong};
  }
  ProxyHeader header{.state = State::kWhole, .octets = end + 2};
  std::string_view rest = head.substr(kV1Begin.size(), end - kV1Begin.size());
  const std::string_view family = NextWord(rest);
  if (family == "UNKNOWN") return header;  // whatever follows
  const std::optional<IpAddress> source = IpAddress::Parse(NextWord(rest));
  const std::optional<IpAddress> destination = IpAddress::Parse(NextWord(rest));
  const std::string_view source_port = NextWord(rest);
  // IPv4 written as IPv6 may come with TCP6.
  const bool right = (family == "TCP6" || (family == "TCP4" && source && source->is_v4())) &&
                     source && destination && IsPort(source_port) && IsPort(rest);
  if (!right) return kWrong;
  header.client = source;
  return header;
}

ProxyHeader ReadV2(std::string_view octets) {
  if (octets.size() < kV2FixedOctets) return {};
  const unsigned version = Octet(octets, 12) >> 4;
  const unsigned command = Octet(octets, 12) & 0x0f;
  const unsigned family = Octet(octets, 13) >> 4;
  const unsigned protocol = Octet(octets, 13) & 0x0f;
  const std::size_t length = Octet(octets, 14) << 8 | Octet(octets, 15);
  constexpr unsigned kLocal = 0;
  constexpr unsigned kProxy = 1;
  if (version != 2 || command > kProxy || kV2FixedOctets + length > kMaxProxyV2Octets)
    return kWrong;
  ProxyHeader header{.state = State::kWhole, .octets = kV2FixedOctets + length};
  if (octets.size() < header.octets) return {};
  const std::string_view addresses = octets.substr(kV2FixedOctets, length);
  constexpr unsigned kInet = 1;
  constexpr unsigned kInet6 = 2;
  constexpr unsigned kStream = 1;
  if (command == kLocal || protocol != kStream) return header;
  if (family == kInet) {
    std::array<std::uint8_t, 4> source;
    if (length < 2 * source.size() + 4) return kWrong;
    std::copy_n(addresses.begin(), source.size(), source.begin());
    header.client = IpAddress::V4(source);
  } else if (family == kInet6) {
    std::array<std::uint8_t, 16> source;
    if (length < 2 * source.size() + 4) return kWrong;
    std::copy_n(addresses.begin(), source.size(), source.begin());
    header.client = IpAddress::V6(source);
  }
  return header;
}

// Whether `octets` begin with `begin`, as far as both go.
bool MayBegin(std::string_view octets, std::string_view begin) {
  const std::size_t size = std::min(octets.size(), begin.size());
  return octets.substr(0, size) == begin.substr(0, size);
}

}  // namespace

ProxyHeader ReadProxyHeader(std::string_view octets) {
  if (octets.starts_with(kV1Begin)) return ReadV1(octets);
  if (octets.starts_with(kV2Begin)) return ReadV2(octets);
  return {.state = MayBegin(octets, kV1Begin) || MayBegin(octets, kV2Begin) ? State::kMore
                                                                            : State::kWrong};
}

}  // namespace bounced::smtp

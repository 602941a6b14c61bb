#include "server/base/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace bounced {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

absl::Status NotANetwork(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(absl::string_view(text.data(), text.size()), ": ",
                                                 absl::string_view(why.data(), why.size())));
}

}  // namespace

IpAddress IpAddress::V4(const std::array<std::uint8_t, 4>& octets) {
  IpAddress address;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}

IpAddress IpAddress::V6(const std::array<std::uint8_t, 16>& octets) {
  if (std::equal(kV4Mapped.begin(), kV4Mapped.end(), octets.begin())) {
    return V4({octets[12], octets[13], octets[14], octets[15]});
  }
  IpAddress address;
  address.octets_ = octets;
  address.v4_ = false;
  return address;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() != std::strlen(terminated.c_str())) return std::nullopt;
  std::array<std::uint8_t, 4> v4;
  if (::inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1) return V4(v4);
  std::array<std::uint8_t, 16> v6;
  if (::inet_pton(AF_INET6, terminated.c_str(), v6.data()) == 1) return V6(v6);
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::FromSockaddr(const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    std::array<std::uint8_t, 4> octets;
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
    return V4(octets);
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    std::array<std::uint8_t, 16> octets;
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, 16);
    return V6(octets);
  }
  return std::nullopt;
}

std::string_view IpAddress::octets() const {
  return std::string_view(reinterpret_cast<const char*>(octets_.data()), v4_ ? 4 : 16);
}

bool IpAddress::is_loopback() const {
  if (v4_) return octets_[0] == 127;
  return std::all_of(octets_.begin(), octets_.end() - 1, [](auto octet) { return octet == 0; }) &&
         octets_[15] == 1;
}

std::string IpAddress::ToString() const {
  std::array<char, INET6_ADDRSTRLEN> text;
  return ::inet_ntop(v4_ ? AF_INET : AF_INET6, octets_.data(), text.data(), text.size());
}

IpAddress IpAddress::Masked(int bits) const {
  IpAddress masked = *this;
  for (std::size_t i = 0; i < masked.octets_.size(); ++i) {
    const int kept = std::clamp(bits - static_cast<int>(8 * i), 0, 8);
    masked.octets_[i] &= static_cast<std::uint8_t>(0xff << (8 - kept));
  }
  return masked;
}

IpNetwork::IpNetwork(const IpAddress& address, int bits)
    : prefix_(address.Masked(bits)), bits_(bits) {}

absl::StatusOr<IpNetwork> IpNetwork::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address) return NotANetwork(text, "is no address of a host or network");
  if (slash == text.npos) return IpNetwork(*address, address->bits());
  const std::string_view digits = text.substr(slash + 1);
  const bool all_digits =
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  int bits = 0;
  if (!all_digits || !absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()), &bits) ||
      bits > address->bits()) {
    return NotANetwork(text,
                       absl::StrCat("the length of its prefix is not from 0 to ", address->bits()));
  }
  if (address->Masked(bits) != *address) {
    return NotANetwork(text, absl::StrCat("has bits set behind its prefix; do you mean ",
                                          IpNetwork(*address, bits).ToString(), "?"));
  }
  return IpNetwork(*address, bits);
}

bool IpNetwork::Contains(const IpAddress& address) const {
  return address.is_v4() == prefix_.is_v4() && address.Masked(bits_) == prefix_;
}

std::string IpNetwork::ToString() const { return absl::StrCat(prefix_.ToString(), "/", bits_); }

bool Contains(const std::vector<IpNetwork>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&address](const IpNetwork& network) { return network.Contains(address); });
}

}  // namespace bounced

// Addresses of hosts and networks, without a socket.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bounced {

// An IPv4 or IPv6 address. One that is IPv4 in IPv6 (::ffff:192.0.2.1) counts as IPv4, so that a
// client is the same whichever socket it came to. A value; compares and hashes as one.
class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0

  // "192.0.2.1", "2001:db8::1"; no brackets, no zone. None: it is neither.
  static std::optional<IpAddress> Parse(std::string_view text);
  static IpAddress V4(const std::array<std::uint8_t, 4>& octets);
  static IpAddress V6(const std::array<std::uint8_t, 16>& octets);
  // Of AF_INET or AF_INET6. None: of another family, or cut off.
  static std::optional<IpAddress> FromSockaddr(const sockaddr* address, socklen_t size);

  bool is_v4() const { return v4_; }
  // 4 or 16, in network order.
  std::string_view octets() const;
  int bits() const { return v4_ ? 32 : 128; }
  bool is_loopback() const;
  // In the canonical form (RFC 5952).
  std::string ToString() const;
  // The first `bits` of it, the rest zero. `bits` beyond its length keeps all.
  IpAddress Masked(int bits) const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& address) {
    return H::combine(std::move(h), address.v4_, address.octets_);
  }

 private:
  std::array<std::uint8_t, 16> octets_{};  // of an IPv4 address the first four
  bool v4_ = true;
};

// A prefix of addresses (RFC 4632, 3.1; RFC 4291, 2.3). A value.
class IpNetwork {
 public:
  // Whatever follows the prefix is dropped. `bits` from 0 to address.bits().
  IpNetwork(const IpAddress& address, int bits);

  // "192.0.2.0/24", "2001:db8::/32", or an address alone. INVALID_ARGUMENT: it is neither, the
  // length is out of range, or octets behind the prefix are not zero.
  static absl::StatusOr<IpNetwork> Parse(std::string_view text);

  bool Contains(const IpAddress& address) const;
  std::string ToString() const;

  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;

 private:
  IpAddress prefix_;
  int bits_;
};

// Whether any of them does.
bool Contains(const std::vector<IpNetwork>& networks, const IpAddress& address);

}  // namespace bounced

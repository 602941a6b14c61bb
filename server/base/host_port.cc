#include "server/base/host_port.h"

#include <charconv>
#include <system_error>

#include "absl/strings/match.h"
#include "server/base/ip_address.h"

namespace bounced {

std::optional<HostPort> ParseHostPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("[]") != host.npos) return std::nullopt;
  if (!bracketed && host.find(':') != host.npos) return std::nullopt;
  std::uint16_t port = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, port);
  if (error != std::errc() || end != last) return std::nullopt;
  return HostPort{std::string(host), port, bracketed};
}

bool IsLocal(std::string_view text) {
  if (text.starts_with("unix:")) return true;
  const std::optional<HostPort> server = ParseHostPort(text);
  if (!server) return false;
  if (server->host == "::1" || absl::EqualsIgnoreCase(server->host, "localhost")) return true;
  return server->host.starts_with("127.") && IpAddress::Parse(server->host);
}

bool IsAddressAndPort(std::string_view text) {
  const std::optional<HostPort> server = ParseHostPort(text);
  if (!server || server->port == 0) return false;
  const std::optional<IpAddress> address = IpAddress::Parse(server->host);
  return address && address->is_v4() != server->bracketed;
}

}  // namespace bounced

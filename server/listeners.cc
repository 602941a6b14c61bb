#include "server/listeners.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {
namespace {

struct ListenerKind {
  std::string_view name;  // of sockets that are handed over, and in the line that says `ready`
  std::vector<std::string> decltype(Config::smtp)::*addresses;
  smtp::ListenerOptions options;  // without an address
};

const std::vector<ListenerKind>& ListenerKinds() {
  using Smtp = decltype(Config::smtp);
  using smtp::TlsUse;
  static const std::vector<ListenerKind> kinds = {
      {"smtp", &Smtp::listen, {.tls = TlsUse::kStartTls}},
      {"submission", &Smtp::submission_listen, {.tls = TlsUse::kStartTls, .login = true}},
      {"smtps", &Smtp::tls_listen, {.tls = TlsUse::kImplicit, .login = true}},
      {"lmtp", &Smtp::lmtp_listen, {.lmtp = true}},
      {"proxy", &Smtp::proxy_listen, {.tls = TlsUse::kStartTls, .proxy = true}},
      {"proxy_tls",
       &Smtp::proxy_tls_listen,
       {.tls = TlsUse::kImplicit, .proxy = true, .login = true}},
  };
  return kinds;
}

}  // namespace

absl::Status CheckSockets(const Config& config, const HandedSockets& sockets) {
  const std::vector<ListenerKind>& kinds = ListenerKinds();
  for (const auto& socket : sockets) {
    const std::string& name = socket.first;
    if (name == kGrpcSocket) continue;
    const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                   [&](const ListenerKind& k) { return k.name == name; });
    if (kind == kinds.end()) {
      std::string known;
      for (const ListenerKind& each : kinds) absl::StrAppend(&known, Absl(each.name), ", ");
      return absl::InvalidArgumentError(absl::StrCat("a socket was handed over as \"", name,
                                                     "\": its FileDescriptorName= must be one of ",
                                                     known, Absl(kGrpcSocket)));
    }
    // As CheckTogether() has it of addresses.
    if (kind->options.login && config.smtp.users.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("a socket was handed over as \"", name,
                       "\", for who logs in, and there is no [[smtp.user]]"));
    }
    if (kind->options.proxy && config.smtp.networks.trusted_proxies.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("a socket was handed over as \"", name,
                       "\", which believes smtp.trusted_proxies, and there are none"));
    }
  }
  if (sockets.count(kGrpcSocket) <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError("more than one socket was handed over for grpc");
}

std::vector<NamedListener> Listeners(const Config& config, const HandedSockets& sockets) {
  std::vector<NamedListener> listeners;
  for (const ListenerKind& kind : ListenerKinds()) {
    const auto [first, last] = sockets.equal_range(kind.name);
    for (auto socket = first; socket != last; ++socket) {
      smtp::ListenerOptions options = kind.options;
      options.descriptor = socket->second;
      listeners.push_back({kind.name, std::move(options)});
    }
    if (first != last) continue;
    for (const std::string& address : config.smtp.*kind.addresses) {
      smtp::ListenerOptions options = kind.options;
      options.address = address;
      listeners.push_back({kind.name, std::move(options)});
    }
  }
  return listeners;
}

std::string ShowAddresses(const std::vector<NamedListener>& listeners,
                          const std::vector<std::string>& addresses) {
  std::string text;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const bool first = i == 0 || listeners[i].name != listeners[i - 1].name;
    absl::StrAppend(&text, !first ? "," : i == 0 ? "" : " ");
    if (first) absl::StrAppend(&text, Absl(listeners[i].name), "=");
    absl::StrAppend(&text, addresses[i]);
  }
  return text;
}

}  // namespace bounced

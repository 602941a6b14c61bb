#include "server/dns_authenticator.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/authentication/dmarc.h"
#include "server/dns/resolve_all.h"

namespace bounced {
namespace {

// As a value of RFC 8601, 2.2: in quotes where it is no token (RFC 2045, 5.1).
std::string Value(std::string_view text) {
  constexpr std::string_view kSpecials = "()<>@,;:\\\"/[]?=";
  const bool is_token = !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return c > ' ' && c < '\x7f' && kSpecials.find(c) == kSpecials.npos;
  });
  if (is_token) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// Resinfos, with "; " between them.
class Results {
 public:
  // `reason`: for people; it says nothing new of what has passed or is not there. `property` and
  // `value`: what the result is of; none where that is empty.
  void Add(std::string_view method, std::string_view outcome, std::string_view reason,
           std::string_view property, std::string_view value) {
    std::string result = absl::StrCat(text_.empty() ? "" : "; ", Absl(method), "=", Absl(outcome));
    if (!reason.empty() && outcome != "pass" && outcome != "none") {
      absl::StrAppend(&result, " reason=", Value(reason));
    }
    if (!value.empty()) absl::StrAppend(&result, " ", Absl(property), "=", Value(value));
    if (text_.size() + result.size() <= kMaxAuthenticationOctets) text_ += result;
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

Inquiry::Inquiry(AuthenticationRequest request) : request_(std::move(request)) {
  if (request_.login.empty()) client_ = IpAddress::Parse(request_.client_address);
}

std::optional<bool> Inquiry::IsMailHost(const std::string& domain, dns::Lookups& lookups) const {
  const dns::Answer* answer = lookups.Find(domain, dns::Type::kMx);
  if (answer == nullptr) return std::nullopt;
  std::vector<std::string_view> hosts;
  if (answer->outcome == dns::Outcome::kNoData) hosts.push_back(domain);
  for (const dns::MailExchange& exchange : answer->exchanges) {
    if (hosts.size() == kMaxMailHosts) break;
    if (!exchange.name.empty()) hosts.push_back(exchange.name);
  }
  bool is_known = true;
  for (const std::string_view host : hosts) {
    const dns::Answer* addresses =
        lookups.Find(host, client_->is_v4() ? dns::Type::kA : dns::Type::kAaaa);
    if (addresses == nullptr) {
      is_known = false;
    } else if (std::find(addresses->addresses.begin(), addresses->addresses.end(), *client_) !=
               addresses->addresses.end()) {
      return true;
    }
  }
  if (!is_known) return std::nullopt;
  return false;
}

std::optional<Authentication> Inquiry::Conclude(dns::Lookups& lookups) {
  // All are asked before any is waited for.
  if (!dkim_) dkim_ = VerifyDkim(request_.message, request_.receive_time, lookups);
  bool is_known = dkim_.has_value();
  std::vector<std::string> hosted;
  if (client_) {
    if (!spf_) spf_ = CheckSpf(*client_, request_.client_helo, request_.reverse_path, lookups);
    is_known = is_known && spf_;
    for (const std::string& domain : request_.domains) {
      const std::optional<bool> is_host = IsMailHost(domain, lookups);
      if (!is_host) is_known = false;
      if (is_host.value_or(false)) hosted.push_back(domain);
    }
  }
  if (!is_known) return std::nullopt;

  Results results;
  std::vector<std::string> identifiers;
  if (spf_) {
    results.Add("spf", Name(spf_->outcome), spf_->reason,
                request_.reverse_path.empty() ? "smtp.helo" : "smtp.mailfrom", spf_->domain);
    if (spf_->outcome == SpfOutcome::kPass) identifiers.push_back(spf_->domain);
  }
  for (const DkimResult& signature : *dkim_) {
    results.Add("dkim", Name(signature.outcome), signature.reason, "header.d", signature.domain);
    if (signature.outcome == DkimOutcome::kPass) identifiers.push_back(signature.domain);
  }
  // No method of RFC 8601.
  for (const std::string& domain : hosted) results.Add("x-mx", "pass", "", "policy.domain", domain);
  if (!request_.login.empty()) results.Add("auth", "pass", "", "smtp.auth", request_.login);

  Authentication authentication{.found = results.Take(), .domains = {}, .identifiers = {}};
  for (const std::string& domain : request_.domains) {
    const bool is_host = std::find(hosted.begin(), hosted.end(), domain) != hosted.end();
    const bool is_aligned =
        std::any_of(identifiers.begin(), identifiers.end(), [&](const std::string& identifier) {
          return IsAligned(identifier, domain, Alignment::kRelaxed);
        });
    if (is_host || is_aligned) authentication.domains.push_back(domain);
  }
  authentication.identifiers = std::move(identifiers);
  return authentication;
}

DnsAuthenticator::DnsAuthenticator(std::unique_ptr<dns::Resolver> resolver, const Clock& clock,
                                   absl::Duration timeout)
    : clock_(clock), timeout_(timeout), resolver_(std::move(resolver)) {}

bool DnsAuthenticator::Hold(std::size_t octets) {
  const std::size_t others = held_octets_.fetch_add(octets);
  if (others == 0 || others + octets <= kMaxHeldOctets) return true;
  held_octets_.fetch_sub(octets);
  return false;
}

void DnsAuthenticator::Authenticate(AuthenticationRequest request, Done done) {
  const std::size_t octets = request.message.size();
  if (!Hold(octets)) return done({});
  // Behind a pointer, as it is neither copied nor moved while DNS is asked.
  auto inquiry = std::make_shared<Inquiry>(std::move(request));
  dns::ResolveAll<Authentication>(
      *resolver_, clock_.Steady() + timeout_,
      [inquiry](dns::Lookups& lookups) { return inquiry->Conclude(lookups); },
      [this, octets, done = std::move(done)](Authentication authentication) mutable {
        held_octets_.fetch_sub(octets);
        done(std::move(authentication));
      });
}

}  // namespace bounced

#include "server/intake/return_path.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/intake/keyed_hash.h"

namespace bounced {
namespace {

// Signs what names a key that nobody has, so that its refusal takes as long as another's.
constexpr std::string_view kDummySecret = "no key of this id, and just as long";
static_assert(kDummySecret.size() >= kMinReturnPathSecretOctets);

const ReturnPathKey* FindKey(const ReturnPathDomain& domain, std::string_view id) {
  for (const ReturnPathKey& key : domain.keys) {
    if (key.id == id) return &key;
  }
  return nullptr;
}

// Whether a token of that day is neither too old nor from beyond what clocks may differ by.
bool IsInAge(Day day, absl::Duration max_age, absl::Time now) {
  return day <= DayOf(now) + 1 && now < StartOf(day + 1) + max_age;
}

// The newest key that may sign on `today`; nullptr: there is none.
const ReturnPathKey* SigningKey(const ReturnPathDomain& domain, Day today) {
  if (domain.signing == Signing::kOff) return nullptr;
  const auto may_sign = [today](const ReturnPathKey& key) {
    return !key.revoked && (!key.last_day || today <= *key.last_day);
  };
  const auto key = std::find_if(domain.keys.rbegin(), domain.keys.rend(), may_sign);
  return key == domain.keys.rend() ? nullptr : &*key;
}

// Whether it can have signed what is accepted `now`.
bool MayVerify(const ReturnPathDomain& domain, const ReturnPathKey& key, absl::Time now) {
  return domain.signing != Signing::kOff && !key.revoked &&
         (!key.last_day || IsInAge(std::min(*key.last_day, DayOf(now)), domain.max_age, now));
}

absl::Status CheckKeys(const ReturnPathDomain& domain) {
  if (domain.keys.empty() && domain.signing != Signing::kOff) {
    return absl::InvalidArgumentError("signing is on, and there is no key: add one");
  }
  if (domain.keys.size() > kMaxReturnPathKeys) {
    return absl::InvalidArgumentError(
        absl::StrCat("more than ", kMaxReturnPathKeys, " keys: remove the oldest"));
  }
  absl::flat_hash_set<std::string> ids;
  for (const ReturnPathKey& key : domain.keys) {
    if (!IsKeyId(key.id)) {
      return absl::InvalidArgumentError(absl::StrCat("the key id '", key.id, "' is not 1 to ",
                                                     kMaxKeyIdOctets, " characters of a-z 0-9"));
    }
    if (!ids.insert(key.id).second) {
      return absl::InvalidArgumentError(absl::StrCat("the key id '", key.id, "' is there twice"));
    }
    if (key.secret.size() < kMinReturnPathSecretOctets) {
      return absl::InvalidArgumentError(
          absl::StrCat("the secret of key '", key.id, "' has fewer than ",
                       kMinReturnPathSecretOctets, " octets: make a longer one"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckOwner(const std::string& tenant, const std::string& stream) {
  if (tenant.empty()) return absl::InvalidArgumentError("the tenant is empty");
  if (!IsStream(stream)) {
    return absl::InvalidArgumentError(absl::StrCat("the stream '", stream, "' is not at most ",
                                                   kMaxStreamOctets, " characters of a-z 0-9 _"));
  }
  return absl::OkStatus();
}

absl::Status CheckDomain(const ReturnPathDomain& domain) {
  if (absl::Status s = CheckOwner(domain.tenant, domain.stream); !s.ok()) return s;
  if (domain.max_age <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("max_age is not positive");
  }
  if (!domain.keys.empty() && domain.keys.back().last_day) {
    return absl::InvalidArgumentError(
        "the last key signs, and has a last_day: put the new one behind it");
  }
  return CheckKeys(domain);
}

// `local_part` is unquoted, so it is quoted again, backslashes and all, to be read as it stands.
std::string CanonicalReturnPath(std::string_view local_part, std::string_view domain) {
  std::string mailbox = "\"";
  for (const char c : local_part) {
    if (c == '"' || c == '\\') mailbox += '\\';
    mailbox += c;
  }
  absl::StrAppend(&mailbox, "\"@", Absl(domain));
  absl::StatusOr<Address> address = Address::Parse(mailbox);
  if (address.ok()) return address->canonical();
  return absl::StrCat(FoldCase(local_part), "@", Absl(domain));
}

Voucher Unsigned(const ReturnPathDomain& domain, std::string_view local_part, absl::Time now) {
  Voucher voucher;
  voucher.use = domain.use;
  voucher.tenant = domain.tenant;
  voucher.stream = domain.stream;
  voucher.least_trust = domain.least_trust;
  voucher.return_path = CanonicalReturnPath(local_part, domain.domain);
  voucher.day = DayOf(now);
  return voucher;
}

// Whom a complaint there is believed of, the loop's operators say: nobody else is ever found to be
// authenticated.
constexpr LeastTrust kLoopTrust = Trust::kAuthenticated;

Voucher VoucherOf(const FeedbackLoop& loop, absl::Time now) {
  Voucher voucher;
  voucher.use = Use::kFeedbackLoop;
  voucher.tenant = loop.tenant;
  voucher.stream = loop.stream;
  voucher.least_trust = kLoopTrust;
  voucher.return_path = loop.address;
  voucher.day = DayOf(now);
  voucher.operators = loop.operators;
  return voucher;
}

// As messages name a domain of this use.
absl::string_view KindOf(Use use) {
  return use == Use::kUnsubscribe ? "unsubscribe domain" : "return path domain";
}

absl::Status CheckRequest(const MintRequest& request, Day today) {
  if (!IsStream(request.stream)) {
    return absl::InvalidArgumentError(absl::StrCat("a stream in a return path is at most ",
                                                   kMaxStreamOctets, " characters of a-z 0-9 _"));
  }
  if (!IsReference(request.reference)) {
    return absl::InvalidArgumentError(absl::StrCat("a reference in a return path is at most ",
                                                   kMaxReferenceOctets,
                                                   " characters of a-z 0-9 _"));
  }
  if (today < Token::kEpochDay || today > Token::kLastDay) {
    return absl::FailedPreconditionError("no return path can carry this day: set the clock");
  }
  return absl::OkStatus();
}

// The return path of the token with its MAC put in. None: its local part is too long.
std::optional<std::string> Sign(Token& token, const ReturnPathKey& key, std::string_view domain) {
  token.mac = token.ExpectedMac(key.secret, domain);
  const std::string local_part = token.Write();
  if (local_part.size() > kMaxLocalPartOctets) return std::nullopt;
  return absl::StrCat(local_part, "@", Absl(domain));
}

VouchResult Refused(Refusal refusal) { return {refusal, std::nullopt}; }
VouchResult Granted(Voucher voucher) { return {Refusal::kNone, std::move(voucher)}; }

VouchResult Verify(const ReturnPathDomain& domain, Token token, absl::Time now) {
  const ReturnPathKey* key = FindKey(domain, token.key_id);
  const std::string expected = token.ExpectedMac(
      key != nullptr ? std::string_view(key->secret) : kDummySecret, domain.domain);
  const bool holds = EqualInConstantTime(expected, token.mac);
  if (key == nullptr) return Refused(Refusal::kForeign);
  if (key->revoked) return Refused(Refusal::kRevoked);
  if (!holds) return Refused(Refusal::kForged);
  if (!IsInAge(token.day, domain.max_age, now)) return Refused(Refusal::kExpired);
  if (key->last_day && token.day > *key->last_day) return Refused(Refusal::kForged);

  Voucher voucher;
  voucher.use = domain.use;
  voucher.tenant = domain.tenant;
  voucher.stream = token.stream.empty() ? domain.stream : token.stream;
  voucher.return_path = absl::StrCat(token.Write(), "@", domain.domain);
  voucher.trust = Trust::kSigned;
  voucher.least_trust = domain.least_trust;
  voucher.day = token.day;
  voucher.form = token.form;
  if (token.form == ReturnPathForm::kSealed) {
    voucher.sealed = RecipientHashFromBase32(token.recipient);
  } else {
    absl::StatusOr<Address> recipient = Address::Parse(token.recipient);
    if (!recipient.ok()) return Refused(Refusal::kForged);
    voucher.recipient = *std::move(recipient);
  }
  voucher.reference = std::move(token.reference);
  voucher.key_id = std::move(token.key_id);
  return Granted(std::move(voucher));
}

}  // namespace

std::string_view ToString(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "none";
    case Refusal::kNotOurs:
      return "not_ours";
    case Refusal::kForged:
      return "forged";
    case Refusal::kForeign:
      return "foreign";
    case Refusal::kRevoked:
      return "revoked";
    case Refusal::kExpired:
      return "expired";
    case Refusal::kUnsigned:
      return "unsigned";
  }
  return "unknown";
}

ReturnPaths::ReturnPaths(std::vector<ReturnPathDomain> domains, std::vector<FeedbackLoop> loops)
    : domains_(std::move(domains)) {
  for (std::size_t i = 0; i < domains_.size(); ++i) {
    auto& places = domains_[i].use == Use::kUnsubscribe ? unsubscribe_by_domain_ : by_domain_;
    places.emplace(domains_[i].domain, i);
  }
  for (FeedbackLoop& loop : loops) {
    std::string address = loop.address;
    loops_.emplace(std::move(address), std::move(loop));
  }
}

absl::StatusOr<ReturnPaths> ReturnPaths::Create(std::vector<ReturnPathDomain> domains,
                                                std::vector<FeedbackLoop> loops) {
  absl::flat_hash_set<std::string> addresses;
  absl::flat_hash_set<std::string> seen[2];  // of return paths, of unsubscribe addresses
  for (ReturnPathDomain& domain : domains) {
    const bool is_unsubscribe = domain.use == Use::kUnsubscribe;
    const auto wrong = [kind = KindOf(domain.use), name = domain.domain](absl::string_view what) {
      return absl::InvalidArgumentError(absl::StrCat(kind, " '", name, "': ", what));
    };
    absl::StatusOr<std::string> canonical = CanonicalDomain(domain.domain);
    if (!canonical.ok()) return wrong(canonical.status().message());
    if (!seen[is_unsubscribe ? 1 : 0].insert(*canonical).second) return wrong("it is there twice");
    domain.domain = *std::move(canonical);
    if (is_unsubscribe) {
      absl::StatusOr<Address> address = Address::Parse(domain.address);
      if (!address.ok()) return wrong(address.status().message());
      if (address->domain() != domain.domain) return wrong("its address is at another domain");
      domain.address = address->canonical();
      addresses.insert(domain.address);
      // Nothing acts but a token.
      domain.signing = Signing::kRequired;
      domain.least_trust = Trust::kSigned;
    }
    if (absl::Status status = CheckDomain(domain); !status.ok()) return wrong(status.message());
  }
  for (FeedbackLoop& loop : loops) {
    const auto wrong = [name = loop.address](absl::string_view what) {
      return absl::InvalidArgumentError(absl::StrCat("feedback loop '", name, "': ", what));
    };
    absl::StatusOr<Address> address = Address::Parse(loop.address);
    if (!address.ok()) return wrong(address.status().message());
    loop.address = address->canonical();
    if (!addresses.insert(loop.address).second) return wrong("its address is there twice");
    if (absl::Status s = CheckOwner(loop.tenant, loop.stream); !s.ok()) return wrong(s.message());
    for (std::string& name : loop.operators) {
      absl::StatusOr<std::string> canonical = CanonicalDomain(name);
      if (!canonical.ok()) {
        return wrong(absl::StrCat("the operator '", name, "': ", canonical.status().message()));
      }
      name = *std::move(canonical);
    }
  }
  return ReturnPaths(std::move(domains), std::move(loops));
}

ReturnPaths ReturnPaths::WithRevoked(std::span<const Revocation> revocations) const {
  ReturnPaths result = *this;
  for (const Revocation& revocation : revocations) {
    for (ReturnPathDomain& domain : result.domains_) {
      if (domain.domain != revocation.domain) continue;
      for (ReturnPathKey& key : domain.keys) {
        if (key.id == revocation.key_id) key.revoked = revocation;
      }
    }
  }
  return result;
}

const ReturnPathDomain* ReturnPaths::FindDomain(std::string_view domain, Use use) const {
  const auto& places = use == Use::kUnsubscribe ? unsubscribe_by_domain_ : by_domain_;
  if (places.empty()) return nullptr;
  auto found = places.find(domain);
  if (found == places.end()) {
    absl::StatusOr<std::string> canonical = CanonicalDomain(domain);
    if (!canonical.ok()) return nullptr;
    found = places.find(*canonical);
  }
  return found == places.end() ? nullptr : &domains_[found->second];
}

VouchResult ReturnPaths::Vouch(std::string_view local_part, std::string_view domain,
                               absl::Time now) const {
  const bool is_postmaster = EqualsIgnoringCase(local_part, "postmaster");
  if (domain.empty()) {
    if (!is_postmaster || domains_.empty()) return Refused(Refusal::kNotOurs);
    return Granted(Unsigned(domains_.front(), local_part, now));
  }
  if (!loops_.empty()) {
    const auto loop = loops_.find(CanonicalReturnPath(local_part, domain));
    if (loop != loops_.end()) return Granted(VoucherOf(loop->second, now));
  }
  const ReturnPathDomain* unsubscribe = FindDomain(domain, Use::kUnsubscribe);
  const ReturnPathDomain* ours = FindDomain(domain, Use::kReturnPath);
  if (ours == nullptr) ours = unsubscribe;
  if (ours == nullptr) return Refused(Refusal::kNotOurs);
  std::optional<Token> token = Token::Read(local_part);
  if (unsubscribe != nullptr) {
    if (token && token->use == Use::kUnsubscribe) {
      return Verify(*unsubscribe, *std::move(token), now);
    }
    if (CanonicalReturnPath(local_part, unsubscribe->domain) == unsubscribe->address) {
      return Granted(Unsigned(*unsubscribe, local_part, now));
    }
  }
  if (ours->signing == Signing::kOff || is_postmaster || EqualsIgnoringCase(local_part, "abuse")) {
    return Granted(Unsigned(*ours, local_part, now));
  }
  if (token && token->use == ours->use) return Verify(*ours, *std::move(token), now);
  if (ours->signing == Signing::kRequired) return Refused(Refusal::kUnsigned);
  return Granted(Unsigned(*ours, local_part, now));
}

std::optional<LeastTrust> ReturnPaths::LeastTrustOf(std::string_view return_path) const {
  if (loops_.find(return_path) != loops_.end()) return kLoopTrust;
  const std::size_t at = return_path.rfind('@');
  if (at == return_path.npos) return std::nullopt;
  const std::string_view domain = return_path.substr(at + 1);
  const ReturnPathDomain* ours = FindDomain(domain, Use::kReturnPath);
  if (const ReturnPathDomain* unsubscribe = FindDomain(domain, Use::kUnsubscribe)) {
    const std::optional<Token> token = Token::Read(return_path.substr(0, at));
    const bool is_token = token && token->use == Use::kUnsubscribe;
    if (ours == nullptr || is_token || return_path == unsubscribe->address) ours = unsubscribe;
  }
  if (ours == nullptr) return std::nullopt;
  return ours->least_trust;
}

absl::StatusOr<std::string> ReturnPaths::Mint(const MintRequest& request, const Address& recipient,
                                              absl::Time now) const {
  const ReturnPathDomain* domain = FindDomain(request.domain, request.use);
  if (domain == nullptr) {
    return absl::NotFoundError(absl::StrCat("no ", KindOf(request.use), " of that name"));
  }
  if (domain->signing == Signing::kOff) {
    return absl::FailedPreconditionError(
        absl::StrCat("signing is off for this ", KindOf(request.use)));
  }
  if (absl::Status status = CheckRequest(request, DayOf(now)); !status.ok()) return status;
  const ReturnPathKey* key = SigningKey(*domain, DayOf(now));
  if (key == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the keys of this ", KindOf(request.use), " are revoked: add one to the configuration"));
  }
  Token token;
  token.use = request.use;
  token.key_id = key->id;
  token.stream = request.stream;
  token.reference = request.reference;
  token.day = DayOf(now);
  if (request.form != ReturnPathForm::kSealed && CanBeOpen(recipient)) {
    token.form = ReturnPathForm::kOpen;
    token.recipient = recipient.canonical();
    if (auto return_path = Sign(token, *key, domain->domain)) return *return_path;
  }
  if (request.form == ReturnPathForm::kOpen) {
    return absl::InvalidArgumentError("the recipient does not fit the open form: ask for sealed");
  }
  token.form = ReturnPathForm::kSealed;
  token.recipient = ToBase32(HashRecipient(key->secret, recipient.canonical()));
  if (auto return_path = Sign(token, *key, domain->domain)) return *return_path;
  return absl::InvalidArgumentError("stream and reference are too long together: shorten one");
}

bool ReturnPaths::Covers(const Voucher& voucher, const Address& address) const {
  if (voucher.trust < Trust::kReturned) return false;
  if (voucher.form == ReturnPathForm::kOpen) return voucher.recipient == address;
  const ReturnPathDomain* domain =
      FindDomain(std::string_view(voucher.return_path).substr(voucher.return_path.rfind('@') + 1),
                 voucher.use);
  const ReturnPathKey* key = domain != nullptr ? FindKey(*domain, voucher.key_id) : nullptr;
  return key != nullptr && HashRecipient(key->secret, address.canonical()) == voucher.sealed;
}

std::vector<std::string> ReturnPaths::domains(std::string_view tenant, Use use) const {
  std::vector<std::string> names;
  for (const ReturnPathDomain& domain : domains_) {
    if (domain.use != use) continue;
    if (tenant.empty() || domain.tenant == tenant) names.push_back(domain.domain);
  }
  return names;
}

std::vector<KeyStanding> ReturnPaths::keys(absl::Time now) const {
  std::vector<KeyStanding> keys;
  for (const ReturnPathDomain& domain : domains_) {
    const ReturnPathKey* signing = SigningKey(domain, DayOf(now));
    for (const ReturnPathKey& key : domain.keys) {
      keys.push_back({.domain = domain.domain,
                      .tenant = domain.tenant,
                      .id = key.id,
                      .use = domain.use,
                      .signs = &key == signing,
                      .verifies = MayVerify(domain, key, now),
                      .last_day = key.last_day,
                      .revoked = key.revoked});
    }
  }
  return keys;
}

}  // namespace bounced

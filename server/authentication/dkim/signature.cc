#include "server/authentication/dkim/signature.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "parser/address.h"
#include "parser/text.h"
#include "server/authentication/tag_list.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxIdentityOctets = kMaxPathOctets;
constexpr std::size_t kMaxTimeDigits = 12;    // RFC 6376, 3.5: sig-t-tag, sig-x-tag
constexpr std::size_t kMaxLengthDigits = 76;  // sig-l-tag

using Finding = std::optional<DkimFinding>;

Finding Neutral(std::string_view reason) { return DkimFinding{DkimOutcome::kNeutral, reason}; }
Finding Permerror(std::string_view reason) { return DkimFinding{DkimOutcome::kPermerror, reason}; }

template <typename Value>
struct Named {
  std::string_view name;
  Value value;
};
constexpr Named<SigningAlgorithm> kAlgorithms[] = {
    {"rsa-sha1", SigningAlgorithm::kRsaSha1},
    {"rsa-sha256", SigningAlgorithm::kRsaSha256},
    {"ed25519-sha256", SigningAlgorithm::kEd25519Sha256},
};
constexpr Named<Canonicalization> kCanonicalizations[] = {
    {"simple", Canonicalization::kSimple},
    {"relaxed", Canonicalization::kRelaxed},
};

template <typename Value, std::size_t kCount>
bool ReadName(std::string_view name, const Named<Value> (&names)[kCount], Value& value) {
  const auto found = std::find_if(std::begin(names), std::end(names),
                                  [name](const Named<Value>& each) { return each.name == name; });
  if (found == std::end(names)) return false;
  value = found->value;
  return true;
}

// Digits, of which as many as a number holds count.
std::optional<std::uint64_t> ReadNumber(std::string_view digits, std::size_t max_digits) {
  if (digits.empty() || digits.size() > max_digits) return std::nullopt;
  if (!std::all_of(digits.begin(), digits.end(), IsDigit)) return std::nullopt;
  std::uint64_t number = 0;
  return absl::SimpleAtoi(Absl(digits), &number) ? number : UINT64_MAX;
}

bool ReadTime(const Tag* tag, std::optional<absl::Time>& time) {
  if (tag == nullptr) return true;
  const std::optional<std::uint64_t> seconds = ReadNumber(tag->value, kMaxTimeDigits);
  if (seconds) time = absl::FromUnixSeconds(static_cast<std::int64_t>(*seconds));
  return seconds.has_value();
}

// Takes what stands before the next colon off `list`, without white space.
std::string_view TakeItem(std::string_view& list) {
  const std::size_t colon = std::min(list.find(':'), list.size());
  const std::string_view item = StripBlanks(list.substr(0, colon));
  list.remove_prefix(std::min(colon + 1, list.size()));
  return item;
}

bool ReadCanonicalizations(const Tag* tag, DkimSignature& signature) {
  if (tag == nullptr) return true;  // simple/simple
  const std::size_t slash = tag->value.find('/');
  const bool header =
      ReadName(tag->value.substr(0, slash), kCanonicalizations, signature.header_canonicalization);
  if (slash == tag->value.npos) return header;
  return header && ReadName(tag->value.substr(slash + 1), kCanonicalizations,
                            signature.body_canonicalization);
}

bool ReadFieldNames(std::string_view list, std::vector<std::string>& names) {
  const auto is_name_octet = [](char c) { return c > ' ' && c <= '~'; };
  do {
    const std::string_view name = TakeItem(list);
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_name_octet)) return false;
    names.push_back(FoldCase(name));
  } while (!list.empty());
  return true;
}

bool OffersDns(const Tag* methods) {
  if (methods == nullptr) return true;
  for (std::string_view list = methods->value; !list.empty();) {
    if (TakeItem(list) == "dns/txt") return true;
  }
  return false;
}

// d=, s= and i=.
Finding ReadIdentity(const TagList& tags, DkimSignature& signature) {
  absl::StatusOr<std::string> domain = CanonicalDomain(tags.Find("d")->value);
  if (!domain.ok()) return Neutral("d= is no domain");
  absl::StatusOr<std::string> selector = CanonicalDomain(tags.Find("s")->value);
  if (!selector.ok()) return Neutral("s= is no selector");
  absl::StatusOr<std::string> key_name =
      CanonicalDomain(absl::StrCat(*selector, "._domainkey.", *domain));
  if (!key_name.ok()) return Neutral("d= and s= make no name of a key");
  signature.identity = absl::StrCat("@", *domain);
  signature.identity_domain = *domain;
  signature.domain = *std::move(domain);
  signature.selector = *std::move(selector);
  signature.key_name = *std::move(key_name);

  const Tag* identity = tags.Find("i");
  if (identity == nullptr) return std::nullopt;
  signature.identity = Presentable(identity->value, kMaxIdentityOctets);
  const std::size_t at = identity->value.rfind('@');
  if (at == identity->value.npos) return Neutral("i= is no identity");
  absl::StatusOr<std::string> identity_domain = CanonicalDomain(identity->value.substr(at + 1));
  if (!identity_domain.ok()) return Neutral("i= is no identity");
  signature.identity_domain = *std::move(identity_domain);
  const std::string_view within = signature.identity_domain;
  const bool is_of_domain = within == signature.domain || within.ends_with("." + signature.domain);
  return is_of_domain ? std::nullopt : Permerror("i= is not of the domain of d=");
}

}  // namespace

std::optional<DkimFinding> ReadSignature(std::string_view field, DkimSignature& signature) {
  const std::optional<TagList> tags = TagList::Parse(field.substr(field.find(':') + 1));
  if (!tags) return Neutral("the signature is no list of tags");
  for (const std::string_view name : {"v", "a", "b", "bh", "d", "h", "s"}) {
    if (tags->Find(name) == nullptr) return Neutral("the signature misses a tag that it needs");
  }
  if (Finding finding = ReadIdentity(*tags, signature)) return finding;
  if (tags->Find("v")->value != "1") return Neutral("the version of the signature is unknown");
  if (!ReadName(tags->Find("a")->value, kAlgorithms, signature.algorithm)) {
    return Neutral("the algorithm is unknown");
  }
  if (!ReadCanonicalizations(tags->Find("c"), signature)) {
    return Neutral("the canonicalization is unknown");
  }
  if (!OffersDns(tags->Find("q"))) return Neutral("the key is not in DNS");
  if (!ReadFieldNames(tags->Find("h")->value, signature.field_names)) {
    return Neutral("h= is no list of fields");
  }
  const Tag& b = *tags->Find("b");
  signature.signature_field = b.field;
  if (!absl::Base64Unescape(Absl(b.value), &signature.signature) || signature.signature.empty()) {
    return Neutral("b= is no base64");
  }
  if (!absl::Base64Unescape(Absl(tags->Find("bh")->value), &signature.body_hash)) {
    return Neutral("bh= is no base64");
  }
  if (const Tag* octets = tags->Find("l")) {
    signature.body_octets = ReadNumber(octets->value, kMaxLengthDigits);
    if (!signature.body_octets) return Neutral("l= is no number");
  }
  if (!ReadTime(tags->Find("t"), signature.signed_at)) return Neutral("t= is no time");
  if (!ReadTime(tags->Find("x"), signature.expires)) return Neutral("x= is no time");
  if (signature.signed_at && signature.expires && *signature.expires <= *signature.signed_at) {
    return Neutral("the signature expires before it was made");
  }
  const std::vector<std::string>& names = signature.field_names;
  if (std::find(names.begin(), names.end(), "from") == names.end()) {
    return Permerror("From is not signed");
  }
  return std::nullopt;
}

}  // namespace bounced

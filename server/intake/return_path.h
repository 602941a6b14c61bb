// The addresses that are ours: return paths and unsubscribe addresses, which are minted and
// verified (the format, to the byte: README, "Return paths"), and those of feedback loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "parser/address.h"
#include "parser/text.h"
#include "server/intake/token.h"
#include "storage/records.h"

namespace bounced {

inline constexpr std::size_t kMinReturnPathSecretOctets = 32;
inline constexpr std::size_t kMaxReturnPathKeys = 16;  // of one domain

enum class Signing : std::uint8_t { kRequired, kOptional, kOff };

struct ReturnPathKey {
  std::string id;      // 1 to kMaxKeyIdOctets of a-z 0-9
  std::string secret;  // at least kMinReturnPathSecretOctets
  // The last day on which it signed; none: it still may. What it signed later is forged, so that a
  // key that was replaced verifies nothing once max_age has passed since.
  std::optional<Day> last_day = {};
  // Set: nothing that it signed counts, and it signs nothing.
  std::optional<Revocation> revoked = {};
};

// One domain to which bounces come, or mail to unsubscribe.
struct ReturnPathDomain {
  std::string domain;
  Use use = Use::kReturnPath;  // or kUnsubscribe; a domain may be there once for each
  // kUnsubscribe: the mailbox to which mail comes that has its token in the subject. At `domain`.
  std::string address = {};
  std::string tenant = "default";
  std::string stream;  // of mail whose return path names none
  Signing signing = Signing::kRequired;
  // A token is good to the end of its day of issue, and this long after.
  absl::Duration max_age = absl::Hours(24 * 30);
  // Of reports that come here: on less, no address is touched.
  LeastTrust least_trust;
  std::vector<ReturnPathKey> keys;  // the last that may signs, all verify
};

// An address to which feedback reports come.
struct FeedbackLoop {
  std::string address;
  std::string tenant = "default";
  std::string stream;  // of mail whose own return path does not tell
  // The domains of those who pass complaints on. A complaint whose sender DKIM or SPF authenticates
  // for one of them, or for a domain below it, is believed whoever's address it names. Each has to
  // be one in whose name nobody else sends mail.
  std::vector<std::string> operators;
};

// What a return path, or another address of ours, vouches for.
struct Voucher {
  Use use = Use::kReturnPath;
  std::string tenant;
  std::string stream;
  std::string return_path;  // canonical
  Trust trust = Trust::kUnverified;
  LeastTrust least_trust;                       // of its domain
  Day day = 0;                                  // of issue; of receipt when unsigned
  std::string reference;                        // the sender's own
  std::string key_id;                           // empty: unsigned
  std::optional<Address> recipient;             // open form
  RecipientHash sealed{};                       // sealed form
  ReturnPathForm form = ReturnPathForm::kOpen;  // of a signed one
  std::vector<std::string> operators;           // of a feedback loop; canonical
};

// Why a return path is refused. To the outside all but kNotOurs look the same.
enum class Refusal : std::uint8_t {
  kNone,
  kNotOurs,   // the domain is none of ours
  kForged,    // the MAC does not hold
  kForeign,   // an unknown key's
  kRevoked,   // a revoked key's
  kExpired,   // older than max_age, or issued after tomorrow
  kUnsigned,  // no form of ours, where signing is required
};
std::string_view ToString(Refusal refusal);

struct VouchResult {
  Refusal refusal = Refusal::kNone;
  std::optional<Voucher> voucher;  // set when refusal is kNone
};

// A key as it may be shown: without its secret.
struct KeyStanding {
  std::string domain;  // canonical
  std::string tenant;
  std::string id;
  Use use = Use::kReturnPath;  // of its domain
  bool signs = false;          // what is minted now
  bool verifies = false;       // something that it signed is still accepted
  std::optional<Day> last_day;
  std::optional<Revocation> revoked;
};

struct MintRequest {
  std::string domain;
  std::string stream;                  // empty: the domain's
  std::string reference;               // may be empty
  std::optional<ReturnPathForm> form;  // none: open when it fits, else sealed
  Use use = Use::kReturnPath;          // or kUnsubscribe
};

// Mints and verifies the return paths of all configured domains. A token that verifies was minted
// with our key for that recipient, and vouches for nothing else.
//
// Immutable, so one object serves every thread. To rotate keys, make another and swap it in.
class ReturnPaths {
 public:
  // INVALID_ARGUMENT names the domain or address and what is wrong: a domain twice for one use, an
  // address twice, no key where one is needed, more than kMaxReturnPathKeys, a key id twice or
  // malformed, a short secret, a stream that cannot be in a token, an empty tenant, a max_age that
  // is not positive, a last_day of the key that signs, what is no address or domain.
  static absl::StatusOr<ReturnPaths> Create(std::vector<ReturnPathDomain> domains,
                                            std::vector<FeedbackLoop> loops = {});

  // The same, with those of its keys revoked that `revocations` name.
  ReturnPaths WithRevoked(std::span<const Revocation> revocations) const;

  // `local_part` is unquoted; ASCII case, a trailing dot of the domain and U-labels make no
  // difference. Compares MACs in constant time; an unknown key costs as much as a known one, and is
  // refused as a revoked one is, whether the MAC holds or not.
  //
  // `postmaster` and `abuse` of our domains are vouched for as unsigned (RFC 2142), and so is the
  // bare `postmaster` (RFC 5321, 4.1.1.3; an empty `domain`), for the tenant of the first domain.
  // signing = off: every address is unsigned, tokens too. optional: what has the form of a token is
  // refused like where signing is required, anything else is unsigned.
  //
  // The address of a feedback loop is vouched for as unsigned, and so is that of an unsubscribe
  // domain, where else a token is required. Where the domain is for return paths, too, what has not
  // the form of an unsubscribe token is judged as a return path.
  VouchResult Vouch(std::string_view local_part, std::string_view domain, absl::Time now) const;

  // What Vouch() would have a voucher for this address, which is canonical, say of the least trust.
  // None: it is none of ours (any more).
  std::optional<LeastTrust> LeastTrustOf(std::string_view return_path) const;

  // A return path of at most kMaxLocalPartOctets before the '@', in lower case. NOT_FOUND: not a
  // domain of ours; FAILED_PRECONDITION: it has no key that may sign, its signing is off, or `now`
  // is not a day from Token::kEpochDay to kLastDay; INVALID_ARGUMENT: the stream or reference has
  // other characters or is too long, or the recipient does not fit the form asked for. The sealed
  // form leaves 27 octets for key id, stream and reference together.
  absl::StatusOr<std::string> Mint(const MintRequest& request, const Address& recipient,
                                   absl::Time now) const;

  // Whether `voucher` is for `address`: open, it is the same; sealed, it hashes to it. Never for
  // one of less trust than kReturned.
  bool Covers(const Voucher& voucher, const Address& address) const;

  // Those of `tenant`, or, when it is empty, all; canonical, in the order of the configuration.
  std::vector<std::string> domains(std::string_view tenant = "", Use use = Use::kReturnPath) const;
  // The keys of all domains, in the order of the configuration.
  std::vector<KeyStanding> keys(absl::Time now) const;
  // Whether bounces for `domain`, in any spelling, come to us.
  bool Serves(std::string_view domain) const {
    return FindDomain(domain, Use::kReturnPath) != nullptr;
  }

 private:
  ReturnPaths(std::vector<ReturnPathDomain> domains, std::vector<FeedbackLoop> loops);

  const ReturnPathDomain* FindDomain(std::string_view domain, Use use) const;

  std::vector<ReturnPathDomain> domains_;  // `domain` and `address` are canonical
  StringMap<std::size_t> by_domain_;       // of return paths
  StringMap<std::size_t> unsubscribe_by_domain_;
  StringMap<FeedbackLoop> loops_;  // by their canonical address
};

}  // namespace bounced

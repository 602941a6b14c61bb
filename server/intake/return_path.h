// Return paths: minting and verifying them. The format, to the byte: README, "Return paths".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "parser/address.h"
#include "parser/text.h"
#include "storage/records.h"

namespace bounced {

inline constexpr std::size_t kMinReturnPathSecretOctets = 32;
inline constexpr std::size_t kMaxReturnPathKeys = 16;   // of one domain
inline constexpr std::size_t kMaxKeyIdOctets = 4;       // a-z 0-9
inline constexpr std::size_t kMaxStreamOctets = 16;     // a-z 0-9 _
inline constexpr std::size_t kMaxReferenceOctets = 16;  // a-z 0-9 _

enum class Signing : std::uint8_t { kRequired, kOptional, kOff };
enum class ReturnPathForm : std::uint8_t { kOpen = 1, kSealed = 2 };

struct ReturnPathKey {
  std::string id;      // 1 to kMaxKeyIdOctets of a-z 0-9
  std::string secret;  // at least kMinReturnPathSecretOctets
};

// One domain to which bounces come.
struct ReturnPathDomain {
  std::string domain;
  std::string tenant = "default";
  std::string stream;  // of mail whose return path names none
  Signing signing = Signing::kRequired;
  absl::Duration max_age = absl::Hours(24 * 30);
  std::vector<ReturnPathKey> keys;  // the last signs, all verify
};

// What a return path vouches for.
struct Voucher {
  std::string tenant;
  std::string stream;
  std::string return_path;  // canonical
  Trust trust = Trust::kUnverified;
  Day day = 0;                                  // of issue; of receipt when unsigned
  std::string reference;                        // the sender's own
  std::string key_id;                           // empty: unsigned
  std::optional<Address> recipient;             // open form
  std::array<std::uint8_t, 10> sealed{};        // sealed form: the recipient's hash
  ReturnPathForm form = ReturnPathForm::kOpen;  // of a signed one
};

// Why a return path is refused. To the outside all but kNotOurs look the same.
enum class Refusal : std::uint8_t {
  kNone,
  kNotOurs,   // the domain is none of ours
  kForged,    // the MAC does not hold
  kForeign,   // an unknown key's
  kExpired,   // older than max_age, or from tomorrow
  kUnsigned,  // no form of ours, where signing is required
};
std::string_view ToString(Refusal refusal);

struct VouchResult {
  Refusal refusal = Refusal::kNone;
  std::optional<Voucher> voucher;  // set when refusal is kNone
};

struct MintRequest {
  std::string domain;
  std::string stream;                  // empty: the domain's
  std::string reference;               // may be empty
  std::optional<ReturnPathForm> form;  // none: open when it fits, else sealed
};

// Mints and verifies the return paths of all configured domains. A token that verifies was minted
// with our key for that recipient, and vouches for nothing else.
//
// Immutable, so one object serves every thread. To rotate keys, make another and swap it in.
class ReturnPaths {
 public:
  // INVALID_ARGUMENT names the domain and what is wrong: a domain twice, no key where one is
  // needed, a key id twice or malformed, a short secret, a stream that cannot be in a token.
  static absl::StatusOr<ReturnPaths> Create(std::vector<ReturnPathDomain> domains);

  // `local_part` is unquoted. Compares MACs in constant time; an unknown key costs as much as a
  // known one. `postmaster` and `abuse` of our domains are vouched for as unsigned (RFC 2142).
  VouchResult Vouch(std::string_view local_part, std::string_view domain, absl::Time now) const;

  // A return path of at most kMaxLocalPartOctets before the '@', in lower case. NOT_FOUND: not a
  // domain of ours; FAILED_PRECONDITION: it has no key; INVALID_ARGUMENT: the stream or reference
  // has other characters or is too long, or the recipient does not fit the form asked for.
  absl::StatusOr<std::string> Mint(const MintRequest& request, const Address& recipient,
                                   absl::Time now) const;

  // Whether `voucher` is for `address`: open, it is the same; sealed, it hashes to it.
  bool Covers(const Voucher& voucher, const Address& address) const;

  // Canonical, in the order of the configuration.
  std::vector<std::string> domains() const;

 private:
  explicit ReturnPaths(std::vector<ReturnPathDomain> domains);
  std::vector<ReturnPathDomain> domains_;
  StringMap<std::size_t> by_domain_;
};

}  // namespace bounced

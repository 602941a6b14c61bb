// Addresses of mailboxes: what two spellings of the same one have in common, and how people see it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bounced {

// RFC 5321, 4.5.3.1.1 to 4.5.3.1.3, in octets. Longer local parts occur in the wild (SRS, VERP), so
// an Address holds up to kMaxPathOctets; where 64 is the law (return paths, RCPT), the caller asks.
inline constexpr std::size_t kMaxLocalPartOctets = 64;
inline constexpr std::size_t kMaxDomainOctets = 255;
inline constexpr std::size_t kMaxPathOctets = 256;

// A mailbox (RFC 5321, 4.1.2; RFC 6531) and its identity: local part without ASCII case and in NFC,
// unquoted where it can be; domain as lower-case A-labels (IDNA2008), one trailing dot dropped. No
// provider's folding of dots or plus tags. Two Addresses are equal when their identities are; the
// spelling is kept for people. It has no `<<`, so that it takes intent to put one in a log.
//
// A value: copy and share freely.
class Address {
 public:
  // `mailbox` is `local@domain`, without angle brackets, comments or a display name; a quoted local
  // part and an address literal are taken. INVALID_ARGUMENT says what is wrong, without the
  // address.
  static absl::StatusOr<Address> Parse(std::string_view mailbox);

  // The same, or "@domain", which stands for all addresses of a domain in lists of ours.
  static absl::StatusOr<Address> ParseEntry(std::string_view entry);

  // canonical() alone, for look-ups by the million: a view into `room`, which keeps its memory from
  // one call to the next. The errors are those of Parse().
  static absl::StatusOr<std::string_view> Canonicalize(std::string_view mailbox, std::string& room);

  // `local@domain` of the identity, in UTF-8. What is hashed, stored and compared.
  const std::string& canonical() const { return canonical_; }
  // As it was given to Parse().
  const std::string& spelling() const { return spelling_; }
  // Whether it stands for a domain; canonical() is "@domain" then. No mailbox has an empty local
  // part that is not quoted.
  bool is_domain() const { return at_ == 0; }
  // Views into canonical(), good as long as this object is.
  std::string_view local_part() const { return std::string_view(canonical_).substr(0, at_); }
  std::string_view domain() const { return std::string_view(canonical_).substr(at_ + 1); }

  friend bool operator==(const Address& a, const Address& b) {
    return a.canonical_ == b.canonical_;
  }

 private:
  Address(std::string canonical, std::string spelling, std::size_t at)
      : canonical_(std::move(canonical)), spelling_(std::move(spelling)), at_(at) {}

  std::string canonical_;
  std::string spelling_;
  std::size_t at_;  // of the last '@' of canonical_
};

// The lower-case A-label form of a domain name or address literal, without a trailing dot.
// INVALID_ARGUMENT: an empty or overlong label, a character no host name has, not IDNA2008.
// An underscore is taken: hosts that have one do send and get mail.
absl::StatusOr<std::string> CanonicalDomain(std::string_view domain);

}  // namespace bounced

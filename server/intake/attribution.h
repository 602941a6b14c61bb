// Who a report is about: what it says, held against what the return path vouches for.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "parser/report.h"
#include "server/intake/return_path.h"
#include "storage/records.h"

namespace bounced {

// The events that one message makes, at all the return paths it came to.
inline constexpr std::size_t kMaxEventsOfMessage = 10'000;

// Octets kept of what a report says; the rest is in the evidence.
inline constexpr std::size_t kMaxReportedAddressOctets = 512;
inline constexpr std::size_t kMaxReportedNameOctets = 256;  // of hosts, types and ids
inline constexpr std::size_t kMaxReportedTextOctets = 4096;

// Gives Parser::NamedInWords() of the message that a report was read from.
using NamedInWords = std::function<const std::vector<Found<std::string>>&()>;

// What the returned message vouches for, where `voucher`, to whose return path the report came,
// vouches for nobody: its Return-Path (the first) is a signed one of the same tenant, in age at
// `receive_time`. Then Attribute() is asked with this voucher, whose trust is kReturned. None:
// there is none, it does not hold, or `voucher` is signed itself.
std::optional<Voucher> VouchReturned(const Report& report, const Voucher& voucher,
                                     const ReturnPaths& paths, absl::Time receive_time);

// Makes the events of a report for what one voucher vouches for. Pure. At least one event, and one
// for each recipient of the report, in its order; a message without recipients, as one that is no
// report, becomes one event of the report's kind.
//
// Who is vouched for is the address of one event at most:
//  - open: the token's address is judged, whatever the report names; another address that the
//    report gives is kept as forwarded_to. Of several recipients the one that names the token's
//    address is taken; if none or more than one does, the least severe of them, since one of many
//    may have gone wrong. A recipient that is a return path of ours is never taken.
//  - sealed: the same for the address that hashes to the token, wherever it stands: original or
//    final recipient, X-Failed-Recipients, the returned message's To, the words, which are asked
//    for last. If none does, no event has an address.
// Other recipients become events without an address: nobody else named in a report is ever touched.
//
// An event with an address has the voucher's trust.
//
// Nobody is vouched for by an unsigned one, and the trust tells the policy so: each event has the
// original recipient, or the final one, as it is reported; never postmaster, mailer-daemon or an
// address at a return path domain.
//
// Only the first `max_events` recipients are looked at, but at least one, and as many of the header
// and of the words.
std::vector<Event> Attribute(const Report& report, const Voucher& voucher, const ReturnPaths& paths,
                             std::size_t max_events = kMaxEventsOfMessage,
                             const NamedInWords& words = nullptr);

}  // namespace bounced

// Who a report is about: what it says, held against what the return path vouches for.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
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

// The rule of a forward that is taken for a complaint, since an operator of a feedback loop sent
// it.
inline constexpr std::string_view kForwardRule = "forwarded-complaint";

// What a recipient of a report says, whoever it is about: presentable, cut at these bounds, without
// an address.
Event EventOf(const Recipient& recipient);

// Gives Parser::NamedInWords() of the message that a report was read from.
using NamedInWords = std::function<const std::vector<Found<std::string>>&()>;

// What the message vouches for, where `voucher`, to whose address it came, vouches for nobody:
//  - to an unsubscribe address: the last word of its subject is a token of that domain. It is
//    kSigned as if the mail had come to it.
//  - else: the Return-Path (the first) of the returned message, or what a feedback report says that
//    it was (Original-Mail-From), is a signed one of the same tenant. It is kReturned.
// In age at `receive_time`. Then this voucher counts. None: there is none, it does not hold, or
// `voucher` is signed itself.
std::optional<Voucher> VouchInside(const Report& report, const Voucher& voucher,
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

// What a feedback loop's plain forward of a message is, should its sender turn out to be one of the
// loop's operators: a complaint, which is a guess, about the recipient that Attribute() would find
// were it a report, or whom the forwarded message was for. None: `report` is one, or forwards
// nothing.
std::optional<Event> ForwardedComplaint(const Report& report, const Voucher& voucher,
                                        const ReturnPaths& paths);

// What mail to an unsubscribe address is whose token holds, whatever is in it: the wish to get no
// more of that stream. It is the recipient's; where the token is sealed, that of the mail's From if
// that hashes to it, and else nobody's: the event has no address.
Event UnsubscribeEvent(std::string_view message, const Voucher& voucher, const ReturnPaths& paths);

}  // namespace bounced

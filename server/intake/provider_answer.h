// What an event tells of one's own standing with the provider that serves its recipient.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "storage/records.h"

namespace bounced {

// Octets kept of a refusal.
inline constexpr std::size_t kMaxSampleOctets = 300;
inline constexpr std::size_t kMaxProviderCodeOctets = 64;

// Of an event with its address and trust. The provider is that of the host that answered, where
// whoever reports it is believed about other domains than his own (kReturned and more), else that
// of the domain; of neither in a table it is the domain itself. Nothing of an event without an
// address.
//
// A refusal is a bounce of class block, but for what is wrong with a single message: its size, an
// attachment, that it needs SMTPUTF8. `remote_mta`: as in Event.
ProviderAnswer AnswerOf(const Event& event, std::string_view remote_mta);

// The provider's own word in what it said, by the first of these that is there:
//  - what a link has as its parameter p: "UnsolicitedRateLimitError" of
//  "?p=UnsolicitedRateLimitError";
//  - what stands in parentheses or brackets, of capitals and digits, both, and of -_.:# : "S3140",
//    "TSS04", "RLY:B1";
//  - the same behind AS, with its parentheses: "AS(1410)";
//  - a word of two capitals or more and then two digits or more: "BL000010", "IB607", "OFR_416";
//  - the enhanced status, "5.7.606".
// Host names, addresses and names of protocols are none. Total: any octets are fine; linear.
std::string ProviderCodeIn(std::string_view text, std::string_view enhanced_status);

// The address of ours that a refusal names, "192.0.2.1"; where it is for the sake of the sender's
// name (auth_failed, sender_address_refused), the domain, "shop.example", before that. Empty: none.
// What stands before "said:" is of the other side. As total.
std::string SenderIn(std::string_view text, Reason reason);

// The text for people, cut at kMaxSampleOctets, with "<...>" in the place of mailboxes and of the
// local part of `address`.
std::string SampleOf(std::string_view text, const Address& address);

}  // namespace bounced

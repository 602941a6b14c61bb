// Call-outs: a server asks another whether an address takes mail before it lets a message in.
#pragma once

#include <string_view>
#include <vector>

namespace bounced {

// Whether `text` tells of the verification of an address that is none of `recipients`, nor at the
// domain of one: "Could not verify <s@example.org>: 550 no such user" of r@example.net. What it
// says of a mailbox is then said of the sender's. False where it says that a recipient was
// verified, and where no address of `recipients` is known. Linear.
bool VerifiesSomebodyElse(std::string_view text, const std::vector<std::string_view>& recipients);

}  // namespace bounced

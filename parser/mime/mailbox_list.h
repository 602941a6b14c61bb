// The mailboxes of an address header (RFC 5322, 3.4).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace bounced {

// What stands in brackets, or alone between commas, in order of appearance; no more than
// `max_count`. Not validated: ask Address::Parse(). Display names in quotes with a comma in them
// give pieces that are no addresses, which cannot hurt. Views into `header`. Linear.
std::vector<std::string_view> MailboxesOf(std::string_view header, std::size_t max_count);

}  // namespace bounced

// Message disposition notifications, "read receipts" (RFC 8098).
#pragma once

#include <cstddef>
#include <string_view>

namespace bounced {

// The fields of a message/disposition-notification that say whom it is from and about what; values
// as they stand. Empty: there is none. Views into the part.
struct DispositionFields {
  std::string_view original_recipient;
  std::string_view final_recipient;
  std::string_view original_message_id;
  std::string_view disposition;
};

// Total and linear; of a field that comes twice, the first.
DispositionFields ReadDispositionFields(std::string_view part, std::size_t max_line);

// Whether the message was deleted, or refused, by a filter of the recipient's and not by hand:
// "automatic-action/MDN-sent-automatically; deleted" (RFC 8098, 3.2.6). Sieve's reject says so (RFC
// 5429, 2.2), as does a receipt for what was deleted unread: only the words tell which.
bool MayBeRefusal(std::string_view disposition);

}  // namespace bounced

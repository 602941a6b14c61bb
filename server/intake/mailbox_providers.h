// Domains with mailboxes by the million.
#pragma once

#include <string_view>

namespace bounced {

// Of whose addresses many bounce with one text whenever much mail goes out, which says nothing of
// their servers. `domain` is canonical.
bool IsLargeMailboxProvider(std::string_view domain);

}  // namespace bounced

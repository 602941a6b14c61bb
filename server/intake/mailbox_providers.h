// Domains with mailboxes by the million, and who serves which domain.
#pragma once

#include <string_view>

namespace bounced {

// Of whose addresses many bounce with one text whenever much mail goes out, which says nothing of
// their servers. `domain` is canonical.
bool IsLargeMailboxProvider(std::string_view domain);

// Who serves the mailboxes of a domain, as "google" of gmail.com; empty: no table says. `domain` is
// canonical.
std::string_view ProviderOfDomain(std::string_view domain);

// Whether a table of these has a provider of this name.
bool IsProviderName(std::string_view provider);

// Whose host it is that takes mail, of domains of others as well: "google" of aspmx.l.google.com.
// Empty: no table says.
std::string_view ProviderOfHost(std::string_view host);

}  // namespace bounced

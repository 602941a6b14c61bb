// What may be said of an address that was forgotten by what stands in for it.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/store.h"

namespace bounced::api {

// Whether an entry for `address` means somebody: a stand-in does where the tenant's address with
// this hash was forgotten. INVALID_ARGUMENT: it does not. Other errors are the store's. Asks the
// store of stand-ins alone, as the next does.
absl::Status CheckStandIn(const Store& store, std::string_view field, std::string_view tenant,
                          const Address& address);
// The same of a suppression, whose fields begin with `prefix`. Of a stand-in one for a stream is
// found only where it stands already: by which hash is known no more.
absl::Status CheckStandIn(const Store& store, std::string_view prefix,
                          const Suppression& suppression);

// As AddressOf(), and no stand-in: to that no mail goes. INVALID_ARGUMENT else.
absl::StatusOr<Address> MailboxOf(std::string_view field, std::string_view address);

}  // namespace bounced::api

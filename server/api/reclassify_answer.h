// What Reclassify says of one address.
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "bounced/v1/bounce.pb.h"
#include "parser/address.h"
#include "storage/address_facts.h"

namespace bounced::api {

// `facts` are as it stood, `replayed` what comes of it. None: nothing.
std::optional<v1::ReclassifiedAddress> ReclassifiedAddressOf(const Address& address,
                                                             const AddressFacts& facts,
                                                             const Replayed& replayed,
                                                             absl::Time now);

// Counts it in the progress.
void Count(const v1::ReclassifiedAddress& address, v1::ReclassifyProgress& progress);

}  // namespace bounced::api

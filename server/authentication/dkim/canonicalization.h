// The forms in which a message is signed (RFC 6376, 3.4), so that what hosts on the way do to white
// space does no harm.
#pragma once

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "server/authentication/dkim/signature.h"

namespace bounced {

// `field` as MessageField::text has it; the result has no line's end behind it either. Linear.
std::string CanonicalField(Canonicalization canonicalization, std::string_view field);

// Gives the canonical form of `body` to `sink`, in order, in pieces good until it returns; none is
// empty. LF alone ends a line as CR LF does; a CR alone is an octet like others. Linear; the memory
// that it takes does not depend on `body`.
void CanonicalizeBody(Canonicalization canonicalization, std::string_view body,
                      absl::FunctionRef<void(std::string_view)> sink);

}  // namespace bounced

// The addresses that a verb is given, one after the other.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/cli/session.h"

namespace bounced::cli {

// Does something to one address. INVALID_ARGUMENT: it is none. ALREADY_EXISTS and NOT_FOUND:
// nothing was done to it, and a sentence that names it and says why.
using AddressAction = std::function<absl::Status(const std::string& address)>;

// Does it to each, also behind one to which it could not be done; each such one is told. What they
// came to: kUsage where some are no addresses, else kFound where nothing was done to some. Other
// errors end it.
absl::StatusOr<ExitCode> ForEachAddress(Session& session, const std::vector<std::string>& addresses,
                                        const AddressAction& action);

// The same of standard input, a line each; those that are empty are passed over. What is told, and
// an error, name the line.
absl::StatusOr<ExitCode> ForEachAddressOfInput(Session& session, const AddressAction& action);

}  // namespace bounced::cli

// Changes of suppressions as people read them.
#pragma once

#include <string>

#include "bounced/v1/suppression.pb.h"
#include "server/cli/session.h"

namespace bounced::cli {

// What a line of PrintChange() has, for help.
extern const char* const kChangeLineHelp;

// Number, time, what was done, address, stream, source, reason, time of its end, author and cause,
// with tabs between; - for none.
std::string ChangeLine(const v1::SuppressionChange& change);
// That line or, if the session wants it, JSON.
void PrintChange(Session& session, const v1::SuppressionChange& change);

}  // namespace bounced::cli

// Suppressions as people read them.
#pragma once

#include <string>

#include "bounced/v1/suppression.pb.h"
#include "server/cli/session.h"

namespace bounced::cli {

// `mailbox_full (soft)`.
std::string ReasonText(const v1::Suppression& suppression);
// `stream newsletter` or `all streams`.
std::string StreamText(const v1::Suppression& suppression);
// `until 2026-01-31 12:00:00` or `until it is taken off`.
std::string EndText(const v1::Suppression& suppression);

// A line: address, stream, source, reason, class, time made and time of its end; - for none. Or, if
// the session wants it, JSON.
void PrintSuppression(Session& session, const v1::Suppression& suppression);

}  // namespace bounced::cli

// Events as people read them.
#pragma once

#include <string>

#include "bounced/v1/bounce.pb.h"
#include "server/cli/session.h"

namespace bounced::cli {

// A line: id, time, kind, class, reason, address, status, what it did, diagnostic; - for none. Or,
// if the session wants it, JSON.
void PrintEvent(Session& session, const v1::Event& event);

// How often its return path was used, "one of 3 messages to its return path, the first of which
// came 2026-01-31 12:00:00"; empty: once, or it is not told.
std::string UseText(const v1::Event& event);
// Whether it would have suppressed the address, and that was suppressed so already, or an incident
// held its suppression.
bool WasSuppressed(const v1::Event& event);
// All that is known, a fact a line, each behind `indent`.
std::string EventText(const v1::Event& event, std::string_view indent);

}  // namespace bounced::cli

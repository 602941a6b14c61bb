// Stored events, read again by the rules of today.
#pragma once

#include <optional>

#include "parser/report.h"
#include "parser/rules.h"
#include "storage/records.h"

namespace bounced {

// The event as `rules` take it today: what another reading may change of it (kind, codes, stage and
// classification) is new; whom it is about, and on what trust, stays, and so does what it did.
// `report` is what a parser of these rules says of its message; null: the message was not kept, and
// the codes and the text that are stored of a bounce are classified. What no rule decides (mail to
// unsubscribe, a forward from a feedback loop) is as it was. None: there is nothing left to read
// it by.
std::optional<Event> ReadAgain(const StoredEvent& stored, const Report* report,
                               const RuleSet& rules);

// Whether they take the event for the same, and it did the same.
bool IsSameReading(const Event& a, const Event& b);

}  // namespace bounced

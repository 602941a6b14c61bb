// The past of an address, played again.
#pragma once

#include <span>

#include "absl/time/time.h"
#include "server/intake/policies.h"
#include "server/intake/return_path.h"
#include "storage/address_facts.h"

namespace bounced {

// What the events of an address come to when `policies` decide them one after the other, each at
// the time at which it was decided, through the same Decide(). Pure. `readings` takes the place of
// the stored events of the same ids; `paths` tells the least trust of each return path. So an
// address comes to what it would have come to had the rules and policies been so from the first.
//
// What people did is played in its place and holds: what they put, took off and undid (but for
// undoing such a replay), and that bounces of then do not count since. What an incident holds it
// still holds; none is opened. A suppression of a complaint or of mail to unsubscribe stays as it
// is unless its own event is taken for something else. Of what is not stored any more, what it led
// to is taken to have been there from the beginning.
//
// `now`: a suppression that has ended by then is not made.
Replayed Replay(const Policies& policies, const ReturnPaths& paths, const AddressFacts& facts,
                std::span<const Event> readings, absl::Time now);

}  // namespace bounced

// How far the time of day may be put back without a restart.
#pragma once

#include "absl/time/time.h"

namespace bounced {

// An entry of the index is kept for so long behind its end, so that a clock that is put back by no
// more finds what holds again.
inline constexpr absl::Duration kIndexGrace = absl::Hours(48);

}  // namespace bounced

// What a notice means, which is about no delivery: its kind, and the finest word for it.
#pragma once

#include "parser/taxonomy.h"

namespace bounced {

struct Meaning {
  Kind kind;
  Reason reason;
};

}  // namespace bounced

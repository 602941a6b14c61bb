// The table of verbs: private to the Dialogue.
#pragma once

#include <string_view>

#include "server/smtp/dialogue.h"

namespace bounced::smtp {

struct Dialogue::Verb {
  std::string_view name;
  unsigned states;  // a bit each: where it is welcome
  bool ends_group;  // nothing may follow it unasked (RFC 2920, 3.1)
  void (Dialogue::*run)(std::string_view argument);
  std::string_view elsewhere;  // the reply where it is not welcome
};

}  // namespace bounced::smtp

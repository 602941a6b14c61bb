// Every key of the configuration.
#pragma once

#include <span>

#include "server/config/config.h"
#include "server/config/reader.h"

namespace bounced {

// The sections and keys at the top of the file. Made anew at each call.
std::vector<Key<Config>> TopKeys();

}  // namespace bounced

// Return paths by the thousand, made without asking the daemon.
#pragma once

#include <string>
#include <string_view>

#include "server/intake/return_path.h"

namespace bounced::e2e {

// Mints with the key of the tests' daemons, as a sender does that implements the format itself.
// Thread-safe.
class Minter {
 public:
  explicit Minter(std::string_view domain, std::string_view secret);

  // Throws when `recipient` is no address.
  std::string Mint(std::string_view recipient) const;

 private:
  std::string domain_;
  ReturnPaths paths_;
};

}  // namespace bounced::e2e

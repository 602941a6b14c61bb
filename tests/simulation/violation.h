// What a simulation ends with when the daemon breaks a promise.
#pragma once

#include <stdexcept>
#include <string>

namespace bounced::simulation {

class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void Require(bool holds, const std::string& promise) {
  if (!holds) throw Violation(promise);
}

}  // namespace bounced::simulation

#include "tests/e2e/harness/instants.h"

#include <cstdlib>

namespace bounced::e2e {
namespace {

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

}  // namespace

Instants::Instants(std::uint64_t rounds)
    : rounds_(FromEnvironment("BOUNCED_CRASH_ROUNDS", rounds)),
      seed_(FromEnvironment("BOUNCED_SEED", std::random_device{}())),
      random_(seed_) {}

std::chrono::microseconds Instants::Within(std::chrono::microseconds whole) {
  return std::chrono::microseconds(Below(static_cast<std::uint64_t>(whole.count()) + 1));
}

}  // namespace bounced::e2e

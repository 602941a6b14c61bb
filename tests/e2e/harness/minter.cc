#include "tests/e2e/harness/minter.h"

#include <stdexcept>
#include <utility>

#include "absl/time/clock.h"

namespace bounced::e2e {
namespace {

template <typename T>
T Require(absl::StatusOr<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return *std::move(result);
}

ReturnPaths MakePaths(std::string_view domain, std::string_view secret) {
  ReturnPathDomain only;
  only.domain = domain;
  only.keys.push_back({.id = "a", .secret = std::string(secret)});
  return Require(ReturnPaths::Create({only}));
}

}  // namespace

Minter::Minter(std::string_view domain, std::string_view secret)
    : domain_(domain), paths_(MakePaths(domain, secret)) {}

std::string Minter::Mint(std::string_view recipient) const {
  MintRequest request;
  request.domain = domain_;
  return Require(paths_.Mint(request, Require(Address::Parse(recipient)), absl::Now()));
}

}  // namespace bounced::e2e

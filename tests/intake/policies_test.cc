#include "server/intake/policies.h"

#include <gtest/gtest.h>

#include <string_view>

namespace bounced {
namespace {

Policy Days(int hard_days) {
  Policy policy;
  policy.hard_days = hard_days;
  return policy;
}

TEST(PoliciesTest, TheNarrowestHolds) {
  Policies policies(Days(1));
  policies.Set("acme", Days(2));
  policies.Set("acme", "news", Days(3));
  policies.Set("other", "news", Days(4));
  const struct {
    std::string_view tenant, stream;
    int hard_days;
  } cases[] = {
      {"default", "", 1},  {"default", "news", 1}, {"acme", "", 2},      {"acme", "receipts", 2},
      {"acme", "news", 3}, {"other", "", 1},       {"other", "news", 4}, {"other", "receipts", 1},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(policies.Of(c.tenant, c.stream).hard_days, c.hard_days)
        << c.tenant << " " << c.stream;
  }
}

}  // namespace
}  // namespace bounced

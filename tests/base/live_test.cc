#include "server/base/live.h"

#include <atomic>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace bounced {
namespace {

TEST(LiveTest, WhoHoldsAValueKeepsItWhileAnotherTakesItsPlace) {
  Live<std::string> live("old");
  const std::shared_ptr<const std::string> held = live.Get();
  live.Set("new");
  EXPECT_EQ(*held, "old");
  EXPECT_EQ(*live.Get(), "new");
}

TEST(LiveTest, ReadersAndWritersMeet) {
  Live<std::string> live("a long text that is not in place, 0");
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) EXPECT_EQ(live.Get()->substr(0, 6), "a long");
  });
  for (int i = 0; i < 1'000; ++i)
    live.Set("a long text that is not in place, " + std::to_string(i));
  done = true;
  reader.join();
}

}  // namespace
}  // namespace bounced

#include "server/cli/ordered_work.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace bounced::cli {
namespace {

constexpr std::size_t kNoBound = static_cast<std::size_t>(-1);

using Squares = OrderedWork<int, int>;

class OrderedWorkTest : public testing::TestWithParam<int> {};

TEST_P(OrderedWorkTest, GivesResultsInOrder) {
  std::vector<int> taken;
  Squares work(
      GetParam(), kNoBound,
      [](int number) {
        // Others are done before it is.
        for (int turn = 0; number % 7 == 0 && turn < 50; ++turn) std::this_thread::yield();
        return number * number;
      },
      [&taken](int square) { taken.push_back(square); });
  std::vector<int> want;
  for (int number = 0; number < 2'000; ++number) {
    work.Add(number, 1);
    want.push_back(number * number);
    if (number == 1'000) {
      work.Finish();
      EXPECT_EQ(taken, want);
    }
  }
  work.Finish();
  EXPECT_EQ(taken, want);
}

TEST_P(OrderedWorkTest, TakesOnlyInTheOwnersThread) {
  const std::thread::id owner = std::this_thread::get_id();
  Squares work(
      GetParam(), kNoBound, [](int number) { return number; },
      [owner](int) { EXPECT_EQ(std::this_thread::get_id(), owner); });
  for (int number = 0; number < 100; ++number) work.Add(number, 1);
  work.Finish();
}

TEST_P(OrderedWorkTest, BoundsTheOctetsUnderWay) {
  std::size_t added = 0;
  std::size_t taken = 0;
  Squares work(
      GetParam(), 10, [](int number) { return number; },
      [&taken](int octets) { taken += static_cast<std::size_t>(octets); });
  for (const int octets : {4, 6, 1, 9, 10, 11, 1, 100, 5, 5, 1}) {
    work.Add(octets, static_cast<std::size_t>(octets));
    added += static_cast<std::size_t>(octets);
    // One that is larger is under way alone.
    EXPECT_LE(added - taken, static_cast<std::size_t>(std::max(10, octets)));
  }
  work.Finish();
  EXPECT_EQ(taken, added);
}

TEST_P(OrderedWorkTest, BoundsThePiecesUnderWay) {
  std::size_t taken = 0;
  Squares work(
      GetParam(), kNoBound, [](int number) { return number; }, [&taken](int) { ++taken; });
  for (std::size_t added = 1; added <= 100; ++added) {
    work.Add(0, 0);
    EXPECT_LE(added - taken, Squares::kPiecesAThread * static_cast<std::size_t>(GetParam()));
  }
}

TEST_P(OrderedWorkTest, EndsWithoutTakingTheRest) {
  for (const int pieces : {0, 1, 2, 50}) {
    std::atomic<int> done = 0;
    int taken = 0;
    {
      Squares work(
          GetParam(), kNoBound, [&done](int) { return ++done; }, [&taken](int) { ++taken; });
      for (int piece = 0; piece < pieces; ++piece) work.Add(piece, 1);
    }
    EXPECT_EQ(done, pieces);
    EXPECT_LE(taken, pieces);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, OrderedWorkTest, testing::Values(1, 2, 3, 8),
                         testing::PrintToStringParamName());

TEST(OrderedWork, WorksAtTheSameTime) {
  std::atomic<int> inside = 0;
  Squares work(
      2, kNoBound,
      [&inside](int) {
        ++inside;
        inside.notify_all();
        // Ends only when the other piece is worked on as well.
        for (int now = inside; now < 2; now = inside) inside.wait(now);
        return 0;
      },
      [](int) {});
  work.Add(0, 1);
  work.Add(1, 1);
  work.Finish();
  EXPECT_EQ(inside, 2);
}

}  // namespace
}  // namespace bounced::cli

#include "storage/index_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace bounced {
namespace {

// The top 10 bits choose the shard; the last one is not kept.
constexpr std::uint64_t kShard = std::uint64_t{1} << 54;

std::uint32_t Greater(std::uint32_t a, std::uint32_t b) { return std::max(a, b); }

// Keys of one kind, many enough to fill lines, run over into others, and make a shard grow.
struct KeysCase {
  std::string_view name;
  std::uint64_t base;
  std::uint64_t mask;  // of the bits that vary
  std::size_t keys;
};
class KeysTest : public testing::TestWithParam<KeysCase> {
 protected:
  std::vector<std::uint64_t> Keys() const {
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> keys;
    while (keys.size() < GetParam().keys) {
      keys.push_back(GetParam().base | (random() & GetParam().mask & ~std::uint64_t{1}));
    }
    return keys;
  }
};

TEST_P(KeysTest, GiveWhatAMapGives) {
  const std::vector<std::uint64_t> keys = Keys();
  IndexTable table;
  std::unordered_map<std::uint64_t, std::uint32_t> map;
  std::mt19937_64 random(2);
  const auto check_all = [&] {
    ASSERT_EQ(table.size(), map.size());
    for (std::uint64_t key : keys) {
      const auto want = map.find(key);
      ASSERT_EQ(table.Find(key), want == map.end() ? 0 : want->second) << key;
    }
  };
  // Few are removed while it fills, then most.
  for (const unsigned removals : {1u, 8u, 15u}) {
    for (std::size_t i = 0; i < 3 * keys.size(); ++i) {
      const std::uint64_t key = keys[random() % keys.size()];
      const auto value = static_cast<std::uint32_t>(random() | 1) << random() % 32;
      if (value == 0 || random() % 16 < removals) {
        table.Set(key, 0);
        map.erase(key);
      } else {
        table.Set(key, value);
        map[key] = value;
      }
      const std::uint64_t other = keys[random() % keys.size()];
      const auto want = map.find(other);
      ASSERT_EQ(table.Find(other), want == map.end() ? 0 : want->second);
    }
    ASSERT_NO_FATAL_FAILURE(check_all());
  }
  for (std::uint64_t key : keys) table.Set(key, 0);
  map.clear();
  ASSERT_NO_FATAL_FAILURE(check_all());
}

TEST_P(KeysTest, AreTheSameFilledInAsSet) {
  const std::vector<std::uint64_t> keys = Keys();
  IndexTable filled;
  IndexStaging staging;
  std::unordered_map<std::uint64_t, std::uint32_t> map;
  std::mt19937_64 random(3);
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t key : keys) {
      const auto value = static_cast<std::uint32_t>(random() | 1);
      staging.Add(key, value);
      map[key] = Greater(map[key], value);
    }
  }
  filled.Fill(staging, Greater);
  EXPECT_EQ(filled.size(), map.size());
  for (const auto& [key, value] : map) {
    ASSERT_EQ(filled.Find(key), value);
  }
  // It goes on as if they had been set.
  for (std::uint64_t key : keys) {
    filled.Set(key, 0);
    map.erase(key);
    ASSERT_EQ(filled.size(), map.size());
    if (!map.empty()) {
      ASSERT_EQ(filled.Find(map.begin()->first), map.begin()->second);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(
    , KeysTest,
    testing::ValuesIn<KeysCase>({
        {"OfAllShards", 0, ~std::uint64_t{0}, 20'000},
        {"OfOneShard", 5 * kShard, kShard - 1, 20'000},
        {"OfTheFirstShard", 0, kShard - 1, 1'000},
        {"OfTheLastShard", 1023 * kShard, kShard - 1, 1'000},
        {"AroundZero", 0, 0xFF, 200},
        {"OfOneHome", 7 * kShard | kShard / 3, 0xFFFF, 300},
        {"OfTheLastHome", 1023 * kShard | (kShard - 1) << 20, 0xFFFF, 40},
        // More than the lines behind it hold: the shard grows until they are of several homes.
        {"OfTheLastHomes", 9 * kShard | kShard / 64 * 63, kShard / 64 - 1, 600},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(IndexTable, TellsHashesApartByAllBitsButTheLast) {
  for (int bit = 0; bit < 64; ++bit) {
    IndexTable table;
    constexpr std::uint64_t kHash = 0x5A5A5A5A5A5A5A5A;
    const std::uint64_t other = kHash ^ std::uint64_t{1} << bit;
    table.Set(kHash, 1);
    EXPECT_EQ(table.Find(other), bit == 0 ? 1u : 0u) << bit;
    table.Set(other, 2);
    EXPECT_EQ(table.Find(kHash), bit == 0 ? 2u : 1u) << bit;
  }
}

TEST(IndexTable, KeepsAllBitsOfAValue) {
  IndexTable table;
  // Of all six slots of a line, and all zeros and ones as key.
  for (int bit = 0; bit < 32; ++bit) {
    const std::uint32_t value = std::uint32_t{1} << bit;
    for (std::uint64_t key :
         {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{4}, std::uint64_t{6}, std::uint64_t{8},
          std::uint64_t{10}, ~std::uint64_t{1}}) {
      table.Set(key, value);
      EXPECT_EQ(table.Find(key), value);
      table.Set(key, ~value);
      EXPECT_EQ(table.Find(key), ~value);
    }
  }
}

TEST(IndexTable, TakesNoMemoryWhileItIsEmptyAndTwelveOctetsAnEntryLater) {
  IndexTable table;
  EXPECT_EQ(table.octets(), 0u);
  EXPECT_EQ(table.Find(1), 0u);
  table.Prefetch(1);
  // Four shards as they are among 10 million entries, and then 50 million.
  constexpr std::uint64_t kShards = 4;
  IndexStaging staging;
  std::mt19937_64 random(4);
  const auto key = [&random] { return random() % (kShards * kShard) & ~std::uint64_t{1}; };
  for (std::uint64_t i = 0; i < kShards * 10'000'000 / 1'024; ++i) staging.Add(key(), 1);
  table.Fill(staging, Greater);
  EXPECT_LE(table.octets(), 12 * table.size());
  for (std::uint64_t i = 0; i < kShards * 40'000'000 / 1'024; ++i) table.Set(key(), 1);
  EXPECT_LE(table.octets(), 12 * table.size());
}

TEST(IndexTable, IsFilledByManyThreadsAsByOne) {
  IndexTable table;
  IndexStaging staging;
  constexpr std::uint64_t kSpread = 0x9E37'79B9'7F4A'7C14;
  constexpr std::uint32_t kMany = 200'000;
  for (std::uint32_t i = 1; i <= kMany; ++i) staging.Add(i * kSpread, i);
  EXPECT_EQ(staging.size(), kMany);
  table.Fill(staging, Greater);
  EXPECT_EQ(staging.size(), 0u);
  EXPECT_EQ(table.size(), kMany);
  for (std::uint32_t i = 1; i <= kMany; ++i) ASSERT_EQ(table.Find(i * kSpread), i);
}

// A chunk of a part holds 87,381.
TEST(IndexStaging, GivesWhatItWasGivenPartByPart) {
  for (const std::uint32_t count : {0u, 1u, 87'380u, 87'381u, 87'382u, 200'000u}) {
    IndexStaging staging;
    constexpr std::uint64_t kPart3 = std::uint64_t{3} << 59;
    for (std::uint32_t i = 0; i < count; ++i) staging.Add(kPart3 | i * 0x1'0000'0001, i);
    staging.Add(~std::uint64_t{0}, 7);
    EXPECT_EQ(staging.size(), count + 1);
    EXPECT_EQ(staging.SizeOf(3), count);
    EXPECT_EQ(staging.SizeOf(31), 1u);
    std::uint32_t next = 0;
    staging.ForEach(3, [&](std::uint64_t hash, std::uint32_t value) {
      ASSERT_EQ(hash, kPart3 | next * 0x1'0000'0001);
      ASSERT_EQ(value, next++);
    });
    EXPECT_EQ(next, count);
    IndexStaging other;
    other.Add(kPart3, 1);
    other.Take(staging);
    EXPECT_EQ(staging.size(), 0u);
    other.Add(kPart3, 2);
    EXPECT_EQ(other.SizeOf(3), count + 2);
    other.Release(3);
    EXPECT_EQ(other.size(), 1u);
  }
}

TEST(IndexTable, ThrowsWhenAShardIsFullAndKeepsWhatItHas) {
  constexpr std::size_t kPages = 1 << 16;  // a whole number of pages everywhere
  IndexTable table(kPages);
  std::mt19937_64 random(5);
  std::vector<std::uint64_t> keys;
  EXPECT_THROW(
      for (;;) {
        const std::uint64_t key = random() % kShard & ~std::uint64_t{1};
        table.Set(key, 1);
        keys.push_back(key);
      },
      std::bad_alloc);
  EXPECT_EQ(table.octets(), kPages);
  EXPECT_GT(keys.size(), kPages / 12);
  EXPECT_EQ(table.size(), keys.size());
  for (std::uint64_t key : keys) ASSERT_EQ(table.Find(key), 1u);
  table.Set(kShard, 1);  // another shard has room
  EXPECT_EQ(table.Find(kShard), 1u);
}

#ifndef __SANITIZE_THREAD__  // which ends the process instead
TEST(IndexTable, TakesLessAddressSpaceWhereThereIsNotSoMuch) {
  IndexTable table(std::size_t{1} << 45);
  table.Set(1, 1);
  EXPECT_EQ(table.Find(1), 1u);
  EXPECT_THROW(IndexTable(1), std::bad_alloc);
}
#endif

// A reader that took a change for a state would miss one of these, or see a value of its own
// making.
TEST(IndexTable, ReadersBesideTheWriterFindAllThatStays) {
  IndexTable table;
  constexpr std::uint64_t kStaying = 512;
  constexpr std::uint64_t kStep = kShard / kStaying;
  for (std::uint64_t i = 0; i < kStaying; ++i) table.Set(i * kStep, 0x10001);
  constexpr int kReaders = 2;
  constexpr int kRounds = 3'000;
  std::atomic<int> reading = kReaders;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int n = 0; n < kReaders; ++n) {
    readers.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        for (std::uint64_t i = 0; i < kStaying; ++i) {
          const std::uint32_t value = table.Find(i * kStep);
          if (value == 0 || value >> 16 != (value & 0xFFFF)) ++wrong;
        }
      }
      --reading;
    });
  }
  std::mt19937_64 random(6);
  std::vector<std::uint64_t> others;
  while (reading > 0) {
    const std::uint64_t day = random() % 0xFFFF + 1;
    table.Set(random() % kStaying * kStep, static_cast<std::uint32_t>(day << 16 | day));
    if (others.size() < 10'000) {
      others.push_back(random() % kShard | 2);
      table.Set(others.back(), 0x10001);
    } else {
      for (std::uint64_t other : others) table.Set(other, 0);
      others.clear();
    }
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace bounced

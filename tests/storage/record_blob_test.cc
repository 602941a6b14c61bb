#include "storage/sqlite/record_blob.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "absl/time/time.h"

namespace bounced {
namespace {

constexpr Day kLeast = std::numeric_limits<Day>::min();
constexpr Day kMost = std::numeric_limits<Day>::max();

struct RecordCase {
  std::string_view name;
  AddressRecord record;
  std::size_t octets;  // at most: it is read and written with its address
};
class RecordBlobTest : public testing::TestWithParam<RecordCase> {};

TEST_P(RecordBlobTest, IsReadBackAsItWas) {
  std::string octets = EncodeRecord(GetParam().record);
  EXPECT_LE(octets.size(), GetParam().octets);
  std::optional<AddressRecord> record = DecodeRecord(octets);
  ASSERT_TRUE(record);
  EXPECT_TRUE(*record == GetParam().record);
}

AddressRecord With(auto set) {
  AddressRecord record;
  set(record);
  return record;
}

INSTANTIATE_TEST_SUITE_P(
    , RecordBlobTest,
    testing::ValuesIn<RecordCase>({
        {"Empty", {}, 0},
        {"HardDays", With([](AddressRecord& r) {
           r.hard_days = {20'000, 20'001, 20'365};
         }),
         16},
        {"SoftDays", With([](AddressRecord& r) { r.soft_days = {20'000}; }), 12},
        {"ExtremeDays", With([](AddressRecord& r) {
           r.soft_days = {kLeast, 0, kMost};
           r.soft_suppressed_on = kLeast;
           r.probation_until = kMost;
           r.delivered_on = kLeast;
         }),
         48},
        {"Mails", With([](AddressRecord& r) {
           r.counted_mails = {0, 1, ~std::uint64_t{0}};
         }),
         40},
        {"Suppressions",
         With([](AddressRecord& r) { r.soft_suppressions = std::numeric_limits<int>::max(); }), 16},
        {"Released",
         With([](AddressRecord& r) { r.released = absl::FromUnixMicros(1'790'000'000'000'001); }),
         24},
        {"ReleasedBeforeTheEpoch",
         With([](AddressRecord& r) { r.released = absl::FromUnixMicros(-1); }), 12},
    }),
    [](const auto& test) { return std::string(test.param.name); });

AddressRecord WithDays(std::size_t count) {
  AddressRecord record;
  for (std::size_t i = 0; i < count; ++i) record.hard_days.push_back(static_cast<Day>(i));
  return record;
}

TEST(RecordBlob, KeepsTheNewestDaysUpToTheBound) {
  for (std::size_t count : {kMaxRecordDays - 1, kMaxRecordDays}) {
    EXPECT_TRUE(*DecodeRecord(EncodeRecord(WithDays(count))) == WithDays(count));
  }
  AddressRecord cut = *DecodeRecord(EncodeRecord(WithDays(kMaxRecordDays + 1)));
  EXPECT_EQ(cut.hard_days.size(), kMaxRecordDays);
  EXPECT_EQ(cut.hard_days.front(), 1);
  EXPECT_EQ(cut.hard_days.back(), static_cast<Day>(kMaxRecordDays));
}

TEST(RecordBlob, KeepsTheNewestMailsUpToTheBound) {
  constexpr std::size_t kMails = AddressRecord::kMaxCountedMails;
  for (std::size_t count : {kMails - 1, kMails, kMails + 1}) {
    AddressRecord record;
    for (std::size_t i = 0; i < count; ++i) record.counted_mails.push_back(i);
    AddressRecord read = *DecodeRecord(EncodeRecord(record));
    EXPECT_EQ(read.counted_mails.size(), std::min(count, kMails));
    EXPECT_EQ(read.counted_mails.back(), count - 1);
  }
}

TEST(RecordBlob, RefusesWhatIsCutOrTooLong) {
  AddressRecord record = WithDays(3);
  record.counted_mails = {1, 2};
  record.released = absl::FromUnixMicros(77);
  std::string octets = EncodeRecord(record);
  for (std::size_t size = 1; size < octets.size(); ++size) {
    EXPECT_FALSE(DecodeRecord(std::string_view(octets).substr(0, size))) << size;
  }
  EXPECT_FALSE(DecodeRecord(octets + '\0'));
  octets[0] = 2;
  EXPECT_FALSE(DecodeRecord(octets)) << "of a version that is not known";
}

TEST(RecordBlob, IsTotal) {
  std::mt19937 random(1);
  int read = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string octets(1 + random() % 40, '\1');
    for (std::size_t at = 1; at < octets.size(); ++at) {
      octets[at] = static_cast<char>(random() % 3 == 0 ? random() : random() % 4);
    }
    std::optional<AddressRecord> record = DecodeRecord(octets);
    if (!record) continue;
    ++read;
    EXPECT_TRUE(*DecodeRecord(EncodeRecord(*record)) == *record);
  }
  EXPECT_GT(read, 10);
}

}  // namespace
}  // namespace bounced

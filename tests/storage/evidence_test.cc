#include "storage/sqlite/evidence.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/store.h"

namespace bounced {
namespace {

std::string Letter() {
  std::string letter;
  for (int i = 0; i < 300; ++i) letter += "Received: from mx" + std::to_string(i * i) + "\r\n";
  return letter;
}

TEST(Evidence, IsSmallerPackedAndTheSameUnpacked) {
  std::string letter = Letter();
  std::shared_ptr<const Evidence> evidence = Evidence::Pack(letter);
  EXPECT_EQ(evidence->octets(), static_cast<std::int64_t>(letter.size()));
  EXPECT_LT(evidence->packed().size(), letter.size() / 2);
  absl::StatusOr<std::string> unpacked =
      Unpack(evidence->packed(), evidence->octets(), EvidenceCodec::kZstd);
  ASSERT_TRUE(unpacked.ok()) << unpacked.status();
  EXPECT_TRUE(*unpacked == letter);
}

struct DamageCase {
  std::string_view name;
  std::size_t cut_octets;  // from the end of what is packed
  int codec;
  std::int64_t more_octets;  // than there were
};
class DamageTest : public testing::TestWithParam<DamageCase> {};

TEST_P(DamageTest, IsDataLoss) {
  std::shared_ptr<const Evidence> evidence = Evidence::Pack(Letter());
  std::string_view packed = evidence->packed();
  packed.remove_suffix(std::min(packed.size(), GetParam().cut_octets));
  absl::StatusOr<std::string> unpacked = Unpack(packed, evidence->octets() + GetParam().more_octets,
                                                static_cast<EvidenceCodec>(GetParam().codec));
  EXPECT_TRUE(absl::IsDataLoss(unpacked.status())) << unpacked.status();
}
INSTANTIATE_TEST_SUITE_P(, DamageTest,
                         testing::ValuesIn<DamageCase>({
                             {"CutByOne", 1, 1, 0},
                             {"CutToNothing", 1'000'000, 1, 0},
                             {"OfAnotherCodec", 0, 2, 0},
                             {"LongerThanTheRowSays", 0, 1, -1},
                             {"ShorterThanTheRowSays", 0, 1, 1},
                             {"NegativeSize", 0, 1, -1'000'000},
                             {"BeyondTheBound", 0, 1, kMaxEvidenceOctets},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bounced

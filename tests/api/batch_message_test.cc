#include "server/api/batch_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "bounced/v1/suppression.pb.h"
#include "parser/text.h"
#include "server/api/limits.h"

namespace bounced::api {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

grpc::ByteBuffer InSlicesOf(std::size_t most, std::string_view octets) {
  std::vector<grpc::Slice> slices;
  for (; octets.size() > most; octets.remove_prefix(most)) {
    slices.emplace_back(octets.data(), most);
  }
  slices.emplace_back(octets.data(), octets.size());
  return grpc::ByteBuffer(slices.data(), slices.size());
}

v1::BatchCheckRequest RequestOf(int addresses) {
  v1::BatchCheckRequest request;
  request.set_tenant("acme");
  request.set_stream("news");
  for (int i = 0; i < addresses; ++i) {
    request.add_addresses("r" + std::to_string(i) + std::string(i % 7 == 0 ? 200 : 0, 'x') +
                          "@example.net");
  }
  return request;
}

void ExpectSame(const BatchCheckReader& reader, const v1::BatchCheckRequest& request) {
  EXPECT_EQ(reader.tenant(), request.tenant());
  EXPECT_EQ(reader.stream(), request.stream());
  EXPECT_THAT(reader.addresses(), ElementsAreArray(request.addresses()));
}

TEST(BatchCheckReader, ReadsWhatAMessageHoldsHoweverItIsCut) {
  BatchCheckReader reader;
  for (const int addresses : {0, 1, 2, 1'000, kMaxBatchAddresses}) {
    const v1::BatchCheckRequest request = RequestOf(addresses);
    const std::string octets = request.SerializeAsString();
    for (const std::size_t most : {std::size_t{7}, std::size_t{16'384}, octets.size()}) {
      ASSERT_TRUE(reader.Read(InSlicesOf(most, octets)).ok()) << addresses << " " << most;
      ExpectSame(reader, request);
    }
  }
  ASSERT_TRUE(reader.Read(InSlicesOf(1, "")).ok());
  ExpectSame(reader, {});
}

TEST(BatchCheckReader, TakesNoMoreAddressesThanTheBound) {
  BatchCheckReader reader;
  const std::string octets = RequestOf(kMaxBatchAddresses + 1).SerializeAsString();
  const absl::Status status = reader.Read(InSlicesOf(octets.size(), octets));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("addresses"));
}

TEST(BatchCheckReader, PassesOverWhatItDoesNotKnow) {
  BatchCheckReader reader;
  v1::BatchCheckRequest request = RequestOf(3);
  auto* unknown = request.GetReflection()->MutableUnknownFields(&request);
  unknown->AddVarint(900, 17);
  unknown->AddFixed32(901, 18);
  unknown->AddFixed64(902, 19);
  unknown->AddLengthDelimited(903, "of a later version");
  unknown->AddGroup(904)->AddVarint(3, 20);
  // A field that is known, but not as this.
  unknown->AddVarint(v1::BatchCheckRequest::kAddressesFieldNumber, 21);
  const std::string octets = request.SerializeAsString();
  ASSERT_TRUE(reader.Read(InSlicesOf(octets.size(), octets)).ok());
  ExpectSame(reader, request);
}

TEST(BatchCheckReader, FindsInDamagedMessagesWhatProtobufFindsOrRefusesThem) {
  const std::string whole = RequestOf(9).SerializeAsString();
  BatchCheckReader reader;
  std::mt19937_64 random(1);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string octets = whole.substr(0, whole.size() - random() % 3 * (random() % whole.size()));
    for (std::size_t damage = random() % 3; damage > 0 && !octets.empty(); --damage) {
      octets[random() % octets.size()] = static_cast<char>(random());
    }
    v1::BatchCheckRequest request;
    const bool parsed = request.ParseFromString(octets);
    const absl::Status status = reader.Read(InSlicesOf(octets.size() + 1, octets));
    if (!status.ok()) {
      ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      ASSERT_FALSE(parsed) << round;
      ++refused;
    } else if (parsed) {
      ExpectSame(reader, request);
    } else {
      // It refuses all of a batch with a text that is not UTF-8; here that one is no address.
      const auto is_text = [](std::string_view text) { return IsValidUtf8(text); };
      EXPECT_FALSE(is_text(reader.tenant()) && is_text(reader.stream()) &&
                   std::all_of(reader.addresses().begin(), reader.addresses().end(), is_text))
          << round;
    }
  }
  EXPECT_GT(refused, 1'000);
  EXPECT_LT(refused, 19'000);
}

TEST(BatchCheckWriter, WritesWhatAMessageReads) {
  BatchCheckWriter writer;
  for (const std::size_t verdicts : {0u, 1u, 127u, 128u, 10'000u}) {
    writer.Begin(verdicts);
    std::vector<int> want;
    for (std::size_t i = 0; i < verdicts; ++i) {
      const auto verdict = static_cast<Verdict>(1 + i % 4);
      writer.Add(verdict);
      want.push_back(static_cast<int>(verdict));
    }
    std::vector<grpc::Slice> slices;
    ASSERT_TRUE(writer.Message().Dump(&slices).ok());
    ASSERT_EQ(slices.size(), 1u);
    v1::BatchCheckResponse response;
    ASSERT_TRUE(response.ParseFromArray(slices[0].begin(), static_cast<int>(slices[0].size())));
    EXPECT_THAT(response.verdicts(), ElementsAreArray(want));
  }
}

}  // namespace
}  // namespace bounced::api

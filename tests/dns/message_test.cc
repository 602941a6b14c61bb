#include "server/dns/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "wire.h"

namespace bounced::dns {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr unsigned kA = 1, kCname = 5, kPtr = 12, kMx = 15, kTxt = 16, kAaaa = 28;
constexpr unsigned kServerFailure = 0x8182, kNameError = 0x8183, kRefused = 0x8185;

WireMessage Reply(Type type) { return {.question = WireQuestion("example.net", type)}; }

TimedAnswer Read(const WireMessage& message, Type type, const AnswerLimits& limits = {}) {
  return ReadMessage(message.Octets(), type, limits);
}

TEST(MessageTest, Addresses) {
  WireMessage message = Reply(Type::kA);
  message.answers = {{Pointer(12), kA, 300, WireAddress("192.0.2.1")},
                     {Pointer(12), kA, 60, WireAddress("192.0.2.2")}};
  const TimedAnswer read = Read(message, Type::kA);
  EXPECT_EQ(read.answer.outcome, Outcome::kFound);
  EXPECT_THAT(read.answer.addresses,
              ElementsAre(*IpAddress::Parse("192.0.2.1"), *IpAddress::Parse("192.0.2.2")));
  EXPECT_EQ(read.time_to_live, absl::Seconds(60));

  WireMessage v6 = Reply(Type::kAaaa);
  v6.answers = {{Pointer(12), kAaaa, 300, WireAddress("2001:db8::")}};
  EXPECT_THAT(Read(v6, Type::kAaaa).answer.addresses, ElementsAre(*IpAddress::Parse("2001:db8::")));
}

TEST(MessageTest, ExchangesAndNames) {
  WireMessage message = Reply(Type::kMx);
  message.answers = {{Pointer(12), kMx, 300, Number16(20) + WireName("MX2.Example.Net")},
                     {Pointer(12), kMx, 300, Number16(10) + Counted("mx1") + Pointer(12)},
                     {Pointer(12), kMx, 300, Number16(0) + WireName("")}};
  const std::vector<MailExchange> exchanges = Read(message, Type::kMx).answer.exchanges;
  ASSERT_THAT(exchanges, SizeIs(3));
  EXPECT_EQ(exchanges[0].preference, 20);
  EXPECT_EQ(exchanges[0].name, "mx2.example.net");
  EXPECT_EQ(exchanges[1].preference, 10);
  EXPECT_EQ(exchanges[1].name, "mx1.example.net");
  EXPECT_EQ(exchanges[2].name, "");

  WireMessage pointers = Reply(Type::kPtr);
  pointers.answers = {{Pointer(12), kPtr, 300, WireName("a_b.example.net")}};
  EXPECT_THAT(Read(pointers, Type::kPtr).answer.names, ElementsAre("a_b.example.net"));
}

TEST(MessageTest, StringsOfARecordAreJoined) {
  WireMessage message = Reply(Type::kTxt);
  message.answers = {{Pointer(12), kTxt, 300, Counted("v=spf1 ip4:") + Counted("192.0.2.1 -all")},
                     {Pointer(12), kTxt, 300, Counted("")},
                     {Pointer(12), kTxt, 300, Counted(std::string("\0\xFF", 2))}};
  EXPECT_THAT(Read(message, Type::kTxt).answer.texts,
              ElementsAre("v=spf1 ip4:192.0.2.1 -all", "", std::string("\0\xFF", 2)));
}

TEST(MessageTest, AnswersOfAnAlias) {
  WireMessage message = Reply(Type::kA);
  message.answers = {{Pointer(12), kCname, 30, WireName("www.example.org")},
                     {WireName("www.example.org"), kA, 300, WireAddress("192.0.2.1")}};
  const TimedAnswer read = Read(message, Type::kA);
  EXPECT_THAT(read.answer.addresses, SizeIs(1));
  EXPECT_EQ(read.time_to_live, absl::Seconds(30));

  message.answers.pop_back();
  EXPECT_EQ(Read(message, Type::kA).answer.outcome, Outcome::kNoData);
}

TEST(MessageTest, OtherTypesAndClassesArePassedOver) {
  WireMessage message = Reply(Type::kA);
  message.answers = {{Pointer(12), kTxt, 1, Counted("x")},
                     {Pointer(12), kA, 1, WireAddress("192.0.2.1"), 3},
                     {Pointer(12), 46, 1, "a signature"}};
  EXPECT_EQ(Read(message, Type::kA).answer.outcome, Outcome::kNoData);
}

// RFC 2308, 2 and 5.
TEST(MessageTest, NegativeAnswers) {
  WireMessage message = Reply(Type::kA);
  EXPECT_EQ(Read(message, Type::kA).answer.outcome, Outcome::kNoData);
  EXPECT_EQ(Read(message, Type::kA).time_to_live, absl::ZeroDuration());
  message.flags = kNameError;
  EXPECT_EQ(Read(message, Type::kA).answer.outcome, Outcome::kNoSuchName);
  message.authorities = {{WireName("example.net"), 2, 5, WireName("ns.example.net")}, Soa(300, 60)};
  EXPECT_EQ(Read(message, Type::kA).time_to_live, absl::Seconds(60));
  message.authorities = {Soa(30, 60)};
  EXPECT_EQ(Read(message, Type::kA).time_to_live, absl::Seconds(30));
  message.authorities = {Soa(0x80000000, 60)};  // RFC 2181, 8
  EXPECT_EQ(Read(message, Type::kA).time_to_live, absl::ZeroDuration());
  message.authorities = {Soa(300, 60)};
  message.answers = {{Pointer(12), kCname, 20, WireName("www.example.org")}};
  EXPECT_EQ(Read(message, Type::kA).answer.outcome, Outcome::kNoSuchName);
  EXPECT_EQ(Read(message, Type::kA).time_to_live, absl::Seconds(20));
  message.answers.clear();
  message.authorities[0].data.pop_back();
  EXPECT_EQ(Read(message, Type::kA).time_to_live, absl::ZeroDuration());
}

TEST(MessageTest, Failures) {
  WireMessage message = Reply(Type::kA);
  message.answers = {{Pointer(12), kA, 300, WireAddress("192.0.2.1")}};
  for (const unsigned flags : {kServerFailure, kRefused, 0x0180u /* a query */}) {
    message.flags = flags;
    EXPECT_EQ(Read(message, Type::kA).answer.outcome, Outcome::kFailed) << flags;
  }
}

// Every message cut anywhere within its answers fails, and none reads beyond its end.
TEST(MessageTest, CutMessages) {
  WireMessage message = Reply(Type::kMx);
  message.answers = {{Pointer(12), kMx, 300, Number16(10) + Counted("mx1") + Pointer(12)},
                     {Pointer(12), kTxt, 300, Counted("text")}};
  const std::string whole = message.Octets();
  ASSERT_EQ(ReadMessage(whole, Type::kMx, {}).answer.outcome, Outcome::kFound);
  for (std::size_t octets = 0; octets < whole.size(); ++octets) {
    const std::vector<char> exact(whole.begin(),
                                  whole.begin() + static_cast<std::ptrdiff_t>(octets));
    EXPECT_EQ(ReadMessage({exact.data(), exact.size()}, Type::kMx, {}).answer.outcome,
              Outcome::kFailed)
        << octets;
  }
}

struct Malformed {
  std::string_view name;
  Type type;
  std::string data;
};
class MalformedDataTest : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedDataTest, FailsTheMessage) {
  WireMessage message = Reply(GetParam().type);
  message.answers = {{Pointer(12), static_cast<unsigned>(GetParam().type), 300, GetParam().data},
                     {Pointer(12), kTxt, 300, Counted("room for what reads too far")}};
  EXPECT_EQ(Read(message, GetParam().type).answer.outcome, Outcome::kFailed);
}
// Where the first answer's data is.
constexpr unsigned kData = 12 + 13 + 4 + 2 + 10;
INSTANTIATE_TEST_SUITE_P(, MalformedDataTest,
                         testing::ValuesIn<Malformed>({
                             {"ShortA", Type::kA, "abc"},
                             {"LongA", Type::kA, "abcde"},
                             {"ShortAaaa", Type::kAaaa, std::string(15, '\0')},
                             {"EmptyMx", Type::kMx, ""},
                             {"MxWithoutAName", Type::kMx, Number16(1)},
                             {"MxAndMore", Type::kMx, Number16(1) + WireName("a.b") + "x"},
                             {"NameWithoutAnEnd", Type::kPtr, Counted("a")},
                             {"LabelBeyondTheData", Type::kPtr,
                              "\x05"
                              "abc"},
                             {"LabelOfAnOtherKind", Type::kPtr,
                              "\x41"
                              "a" +
                                  std::string(1, '\0')},
                             {"PointerToItself", Type::kPtr, Pointer(kData)},
                             {"PointersToEachOther", Type::kPtr, Counted("a") + Pointer(kData)},
                             {"PointerBeyondTheMessage", Type::kPtr, Pointer(0x3FFF)},
                             {"HalfAPointer", Type::kPtr, "\xC0"},
                             {"StringBeyondTheData", Type::kTxt,
                              "\x05"
                              "abc"},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

std::string LongName(std::size_t octets) {
  std::string name;
  while (name.size() + 50 < octets) name += std::string(49, 'x') + '.';
  return name + std::string(octets - name.size(), 'y');
}

TEST(MessageTest, NamesAreBounded) {
  const auto read = [](const std::string& data) {
    WireMessage message = Reply(Type::kPtr);
    message.answers = {{Pointer(12), kPtr, 300, data}};
    return Read(message, Type::kPtr).answer;
  };
  EXPECT_THAT(read(WireName(LongName(253))).names, ElementsAre(LongName(253)));
  EXPECT_EQ(read(WireName(LongName(254))).outcome, Outcome::kFailed);
  EXPECT_THAT(read(WireName(std::string(63, 'x'))).names, SizeIs(1));
  EXPECT_EQ(read(WireName(std::string(64, 'x'))).outcome, Outcome::kFailed);
}

// They would be other names in a Question.
TEST(MessageTest, NamesOfOddOctetsArePassedOver) {
  WireMessage message = Reply(Type::kPtr);
  for (const std::string_view label :
       {std::string_view("a.b"), std::string_view("a b"), std::string_view("\0", 1),
        std::string_view("\x7F"), std::string_view("\xC3\xBC")}) {
    message.answers.push_back({Pointer(12), kPtr, 300, Counted(label) + Pointer(12)});
  }
  EXPECT_EQ(Read(message, Type::kPtr).answer.outcome, Outcome::kNoData);
  message.answers.push_back({Pointer(12), kPtr, 300, Counted("a\\b*=") + Pointer(12)});
  EXPECT_THAT(Read(message, Type::kPtr).answer.names, ElementsAre("a\\b*=.example.net"));
}

TEST(MessageTest, AnswersAreBounded) {
  WireMessage message = Reply(Type::kTxt);
  message.answers.assign(3, {Pointer(12), kTxt, 300, Counted("12345")});
  const auto texts = [&](std::size_t records, std::size_t octets) {
    return Read(message, Type::kTxt, {.max_records = records, .max_octets = octets}).answer.texts;
  };
  EXPECT_THAT(texts(3, 15), SizeIs(3));
  EXPECT_THAT(texts(2, 15), SizeIs(2));
  EXPECT_THAT(texts(3, 14), SizeIs(2));
  EXPECT_THAT(texts(3, 4), IsEmpty());
}

}  // namespace
}  // namespace bounced::dns

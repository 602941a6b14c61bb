#include "server/smtp/data_receiver.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "tests/smtp/false_ends.h"

namespace bounced::smtp {
namespace {

constexpr std::size_t kLimit = 1 << 20;

struct Outcome {
  bool ended = false;
  bool false_end = false;
  std::string text;
  std::size_t used = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome Receive(std::string_view bytes, std::size_t piece) {
  DataReceiver receiver;
  MessageBuffer message(kLimit);
  Outcome outcome;
  while (!bytes.empty() && !receiver.ended()) {
    const std::string_view some = bytes.substr(0, piece);
    const std::size_t used = receiver.Feed(some, message);
    EXPECT_TRUE(used == some.size() || receiver.ended());
    outcome.used += used;
    bytes.remove_prefix(used);
  }
  outcome.ended = receiver.ended();
  outcome.false_end = receiver.false_end();
  outcome.text = message.Take();
  return outcome;
}

// The same, said in another way: by looking for strings. `bytes` is what follows DATA's CRLF.
Outcome Oracle(const std::string& bytes) {
  const std::string all = "\r\n" + bytes;
  Outcome outcome;
  const std::size_t end = all.find("\r\n.\r\n");
  outcome.ended = end != std::string::npos;
  outcome.used = outcome.ended ? end + 5 - 2 : bytes.size();
  const std::string seen = all.substr(0, outcome.used + 2);
  const auto contains = [&seen](std::string_view what, std::string_view before,
                                std::string_view not_behind) {
    for (std::size_t at = seen.find(what); at != std::string::npos; at = seen.find(what, at + 1)) {
      const bool bare = before.empty() || at == 0 || before.find(seen[at - 1]) == before.npos;
      const std::size_t behind = at + what.size();
      const bool whole = not_behind.empty() ||
                         (behind < seen.size() && not_behind.find(seen[behind]) == not_behind.npos);
      if (bare && whole) return true;
    }
    return false;
  };
  outcome.false_end = contains("\n.\n", "\r", "") || contains("\n.\r\n", "\r", "") ||
                      contains("\r\n.\n", "", "") || contains("\r.\r", "", "") ||
                      contains("\r.\n", "", "") || contains("\r\n.\r", "", "\n");
  std::string text = all.substr(0, outcome.ended ? end + 2 : all.size());
  for (std::size_t at = text.find("\r\n."); at != std::string::npos;
       at = text.find("\r\n.", at + 1)) {
    text.erase(at + 2, 1);
  }
  outcome.text = text.substr(2);
  return outcome;
}

class FalseEndTest : public testing::TestWithParam<FalseEnd> {};

// Whatever command stands behind it.
TEST_P(FalseEndTest, S89S90T30EndsNothing) {
  for (const std::string& command : HiddenCommands()) {
    for (std::size_t piece : {1u, 2u, 3u, 5u, 7u, 1000u}) {
      const std::string hidden = GetParam().octets + command;
      Outcome outcome = Receive(hidden, piece);
      EXPECT_FALSE(outcome.ended) << command;
      outcome = Receive(hidden + "\r\n.\r\nNOOP\r\n", piece);
      EXPECT_TRUE(outcome.ended) << command;
      EXPECT_EQ(outcome.used, hidden.size() + 5) << command;
      EXPECT_EQ(outcome.false_end, GetParam().refused) << command;
      EXPECT_NE(outcome.text.find(command), std::string::npos) << command;
    }
  }
}

std::string NameOf(const testing::TestParamInfo<FalseEnd>& end) { return end.param.name; }

INSTANTIATE_TEST_SUITE_P(, FalseEndTest, testing::ValuesIn(FalseEnds()), NameOf);

// All strings of up to nine octets over what matters, against the oracle and against themselves in
// pieces: S89, S90, S94.
TEST(DataReceiverTest, S89S94AgreesWithTheOracleOnAllShortStrings) {
  constexpr std::string_view kAlphabet("\r\n.x", 4);
  constexpr std::size_t kMost = 9;
  std::size_t ends = 0;
  std::size_t refused = 0;
  for (std::size_t length = 1; length <= kMost; ++length) {
    std::string bytes(length, '\0');
    for (std::size_t number = 0; number < (std::size_t{1} << (2 * length)); ++number) {
      for (std::size_t i = 0; i < length; ++i) bytes[i] = kAlphabet[number >> (2 * i) & 3];
      const Outcome whole = Receive(bytes, length);
      const Outcome want = Oracle(bytes);
      ASSERT_EQ(whole.ended, want.ended) << testing::PrintToString(bytes);
      ASSERT_EQ(whole.used, want.used) << testing::PrintToString(bytes);
      ASSERT_EQ(whole.false_end, want.false_end) << testing::PrintToString(bytes);
      if (whole.ended) {
        ++ends;
        refused += whole.false_end ? 1 : 0;
        ASSERT_EQ(whole.text, want.text) << testing::PrintToString(bytes);
      }
      ASSERT_EQ(Receive(bytes, 1), whole) << testing::PrintToString(bytes);
      ASSERT_EQ(Receive(bytes, 2), whole) << testing::PrintToString(bytes);
    }
  }
  EXPECT_GT(ends, refused);
  EXPECT_GT(refused, 0u);
}

// S135: no content leads to a refusal. What is well framed by RFC 5321, 4.5.2, comes out as it went
// in.
TEST(DataReceiverTest, S94S135GivesBackWhatAClientStuffed) {
  std::mt19937 random(1);
  for (int round = 0; round < 10'000; ++round) {
    std::string body(std::uniform_int_distribution<std::size_t>(0, 300)(random), '\0');
    constexpr std::string_view kOften = ".\r\n. ax";
    for (char& c : body) {
      const unsigned r = random() % 16;
      c = r < kOften.size() ? kOften[r] : static_cast<char>(random() & 0xff);
      if (c == '\r' || c == '\n') c = ' ';
    }
    for (std::size_t at = 0; at + 1 < body.size(); at += 2 + random() % 40) {
      body[at] = '\r';
      body[at + 1] = '\n';
    }
    body += "\r\n";
    std::string sent;
    for (std::size_t i = 0; i < body.size(); ++i) {
      const bool line_start = i == 0 || (i >= 2 && body[i - 1] == '\n' && body[i - 2] == '\r');
      if (line_start && body[i] == '.') sent += '.';
      sent += body[i];
    }
    const Outcome outcome = Receive(sent + ".\r\n", 1 + random() % 50);
    ASSERT_TRUE(outcome.ended);
    ASSERT_FALSE(outcome.false_end);
    ASSERT_EQ(outcome.text, body);
  }
}

TEST(MessageBufferTest, S123KeepsTheLimitAndNoOctetMore) {
  MessageBuffer buffer(10);
  buffer.Append("123456789");
  EXPECT_EQ(buffer.held(), 9u);
  buffer.Append("0");
  EXPECT_EQ(buffer.fate(), Fate::kKept);
  EXPECT_EQ(buffer.held(), 10u);
  buffer.Append("1");
  EXPECT_EQ(buffer.fate(), Fate::kTooLarge);
  EXPECT_EQ(buffer.held(), 0u);
  EXPECT_EQ(buffer.octets(), 11u);
  buffer.Shed();
  EXPECT_EQ(buffer.fate(), Fate::kTooLarge);
  buffer.Reset();
  EXPECT_EQ(buffer.fate(), Fate::kKept);
  EXPECT_EQ(buffer.octets(), 0u);
}

}  // namespace
}  // namespace bounced::smtp

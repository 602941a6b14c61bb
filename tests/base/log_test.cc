#include "server/base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace bounced {
namespace {

// What a log wrote, by way of a pipe.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Pipe() {
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int fd() const { return ends_[1]; }

  std::string Drain() {
    close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t n = read(ends_[0], buffer.data(), buffer.size());
      if (n <= 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }

 private:
  std::array<int, 2> ends_{};
};

struct ValueCase {
  std::string_view name;
  std::string_view value;
  std::string_view want;
};
class LogValueTest : public testing::TestWithParam<ValueCase> {};

TEST_P(LogValueTest, T33IsOneFieldOfOneLine) {
  Pipe pipe;
  Log(LogLevel::kInfo, false, pipe.fd()).Info("a.b", {{"x", GetParam().value}, {"n", 1}});
  EXPECT_EQ(pipe.Drain(), "a.b x=" + std::string(GetParam().want) + " n=1\n");
}
INSTANTIATE_TEST_SUITE_P(
    , LogValueTest,
    testing::ValuesIn<ValueCase>({
        {"Word", "expired", "expired"},
        {"AddressOfAHost", "[2001:db8::1]:25", "[2001:db8::1]:25"},
        {"Empty", "", "\"\""},
        {"Blank", "a b", "\"a b\""},
        {"Equals", "a=b", "\"a=b\""},
        {"Quote", "a\"b", "\"a\\\"b\""},
        {"Backslash", "a\\b", "\"a\\\\b\""},
        {"LineBreak", "a\r\nfake.event", "\"a\\r\\nfake.event\""},
        // What follows an escape and could be read as part of it is escaped, too.
        {"Nul", std::string_view("a\0b", 3), "\"a\\x00\\x62\""},
        {"Escape", "\x1b[31m", "\"\\x1b[31m\""},
        {"Delete", "a\x7f", "\"a\\x7f\""},
        {"BidiOverride", "\xe2\x80\xae", "\"\\xe2\\x80\\xae\""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// Whatever comes, a line is a line: one LF, at its end.
TEST(Log, T33NoOctetMakesASecondLine) {
  for (int octet = 0; octet < 256; ++octet) {
    Pipe pipe;
    const char text[] = {'a', static_cast<char>(octet), 'b'};
    Log(LogLevel::kInfo, false, pipe.fd()).Info("e", {{"x", std::string_view(text, 3)}});
    const std::string line = pipe.Drain();
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << octet;
    EXPECT_TRUE(std::all_of(line.begin(), line.end() - 1, [](char c) {
      return c >= ' ' && c < 0x7f;
    })) << octet;
  }
}

TEST(Log, WritesNumbersWhole) {
  Pipe pipe;
  Log(LogLevel::kInfo, false, pipe.fd())
      .Info("e", {{"least", std::numeric_limits<std::int64_t>::min()},
                  {"most", std::numeric_limits<std::uint64_t>::max()}});
  EXPECT_EQ(pipe.Drain(), "e least=-9223372036854775808 most=18446744073709551615\n");
}

struct LevelCase {
  std::string_view name;
  LogLevel least;
  bool journal;
  std::string_view want;
};
class LogLevelTest : public testing::TestWithParam<LevelCase> {};

TEST_P(LogLevelTest, LeavesOutWhatIsLess) {
  Pipe pipe;
  const Log log(GetParam().least, GetParam().journal, pipe.fd());
  log.Error("e");
  log.Warning("w");
  log.Info("i");
  log.Debug("d");
  EXPECT_EQ(pipe.Drain(), GetParam().want);
  EXPECT_TRUE(log.enabled(GetParam().least));
}
INSTANTIATE_TEST_SUITE_P(, LogLevelTest,
                         testing::ValuesIn<LevelCase>({
                             {"Error", LogLevel::kError, false, "e\n"},
                             {"Warning", LogLevel::kWarning, false, "e\nw\n"},
                             {"Info", LogLevel::kInfo, false, "e\nw\ni\n"},
                             {"Debug", LogLevel::kDebug, false, "e\nw\ni\nd\n"},
                             {"Journal", LogLevel::kDebug, true, "<3>e\n<4>w\n<6>i\n<7>d\n"},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Log, ALogThatCannotBeWrittenStopsNobody) {
  const Log log(LogLevel::kInfo, false, -1);
  log.Info("e", {{"x", 1}});
}

}  // namespace
}  // namespace bounced

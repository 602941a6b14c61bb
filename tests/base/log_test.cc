#include "server/base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

namespace bounced {
namespace {

// What a log wrote, by way of a pipe.
class Pipe {
 public:
  enum class Kind { kPipe, kStream, kDatagrams, kTerminal };
  explicit Pipe(Kind kind = Kind::kPipe) {
    if (kind == Kind::kPipe) {
      EXPECT_EQ(pipe(ends_.data()), 0);
    } else if (kind == Kind::kTerminal) {
      ends_[0] = posix_openpt(O_RDWR | O_NOCTTY);
      EXPECT_EQ(grantpt(ends_[0]), 0);
      EXPECT_EQ(unlockpt(ends_[0]), 0);
      ends_[1] = open(ptsname(ends_[0]), O_RDWR | O_NOCTTY);
      termios mode{};
      EXPECT_EQ(tcgetattr(ends_[1], &mode), 0);
      cfmakeraw(&mode);
      EXPECT_EQ(tcsetattr(ends_[1], TCSANOW, &mode), 0);
    } else {
      const int type = kind == Kind::kStream ? SOCK_STREAM : SOCK_SEQPACKET;
      EXPECT_EQ(socketpair(AF_UNIX, type, 0, ends_.data()), 0);
    }
  }
  ~Pipe() {
    if (ends_[0] >= 0) close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int fd() const { return ends_[1]; }
  void StopReading() {
    close(ends_[0]);
    ends_[0] = -1;
  }

  // The next octets; empty: there are no more, and nobody is left to write any.
  std::string Read() {
    std::array<char, 4096> buffer{};
    const ssize_t n = read(ends_[0], buffer.data(), buffer.size());
    return n <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(n));
  }
  std::string Drain() {
    close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    for (std::string more = Read(); !more.empty(); more = Read()) text += more;
    return text;
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
        {"SingleQuote", "it's a\\'b", "\"it's a\\\\'b\""},
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

struct ReaderCase {
  std::string_view name;
  Pipe::Kind kind;
};
class LogReaderTest : public testing::TestWithParam<ReaderCase> {};
INSTANTIATE_TEST_SUITE_P(, LogReaderTest,
                         testing::ValuesIn<ReaderCase>({{"Pipe", Pipe::Kind::kPipe},
                                                        {"Stream", Pipe::Kind::kStream},
                                                        {"Datagrams", Pipe::Kind::kDatagrams},
                                                        {"Terminal", Pipe::Kind::kTerminal}}),
                         [](const auto& test) { return std::string(test.param.name); });

// More than the kernel holds and the log keeps, each line with its number.
constexpr int kTooMany = 60'000;
const std::string kFiller(50, 'x');

void WriteTooMuch(const Log& log) {
  for (int i = 0; i < kTooMany; ++i) log.Info("e", {{"i", i}, {"filler", kFiller}});
}

// That it returns is the test.
TEST_P(LogReaderTest, AReaderThatNeverReadsStopsNobody) {
  const Pipe pipe(GetParam().kind);
  const Log log(LogLevel::kInfo, false, pipe.fd());
  WriteTooMuch(log);
}

// Each line is read or told as lost, in its place. A terminal makes some room by itself, later, so
// that there may be several gaps.
TEST_P(LogReaderTest, WhatALateReaderMissesIsTold) {
  constexpr std::string_view kLost = "log.lost lines=";
  Pipe pipe(GetParam().kind);
  {
    const Log log(LogLevel::kInfo, false, pipe.fd());
    WriteTooMuch(log);
    std::string text;
    int next = 0;
    int lost = 0;
    while (next < kTooMany) {
      text += pipe.Read();
      for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
        const std::string line = text.substr(0, end);
        text.erase(0, end + 1);
        if (line.starts_with(kLost)) {
          const int gap = std::stoi(line.substr(kLost.size()));
          lost += gap;
          next += gap;
        } else {
          ASSERT_EQ(line, "e i=" + std::to_string(next++) + " filler=" + kFiller);
        }
      }
    }
    EXPECT_EQ(text, "");
    EXPECT_EQ(next, kTooMany);
    EXPECT_GT(lost, 0);
    EXPECT_LT(lost, kTooMany);
    log.Info("last");
  }
  EXPECT_EQ(pipe.Drain(), "last\n");
}

TEST(Log, KeepsSoMuchForALateReaderAndNoMore) {
  Pipe pipe;
  std::string text;
  const std::string filler(4096 - std::string_view("e x=\n").size(), 'x');
  {
    const Log log(LogLevel::kInfo, false, pipe.fd());
    const auto held = static_cast<std::size_t>(fcntl(pipe.fd(), F_GETPIPE_SZ));
    const std::size_t lines = (held + Log::kMaxWaitingOctets) / 4096;
    for (std::size_t i = 0; i < lines + 1; ++i) log.Info("e", {{"x", filler}});
    while (!text.ends_with("lines=1\n")) text += pipe.Read();
    EXPECT_EQ(text.size(),
              held + Log::kMaxWaitingOctets + std::string_view("log.lost lines=1\n").size());
  }
}

// As on a disk that is full for a while.
TEST(Log, WhatCannotBeWrittenIsToldOnceItCanBe) {
  signal(SIGXFSZ, SIG_IGN);
  const std::string path = testing::TempDir() + "log-" + std::to_string(getpid());
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit full = before;
  full.rlim_cur = 25;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  {
    const Log log(LogLevel::kInfo, false, fd);
    for (int i = 0; i < 5; ++i) log.Info("event", {{"i", i}});
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    log.Info("event", {{"i", 5}});
  }
  close(fd);
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, "event i=0\nevent i=1\nevent\nlog.lost lines=3\nevent i=5\n");
  unlink(path.c_str());
}

TEST(Log, AReaderThatIsGoneStopsNobody) {
  signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  const Log log(LogLevel::kInfo, false, pipe.fd());
  pipe.StopReading();
  WriteTooMuch(log);
}

}  // namespace
}  // namespace bounced

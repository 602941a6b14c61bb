// The parser as others get it: installed, found by CMake, linked to programs in C++ and in C.
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/files.h"
#include "tests/e2e/harness/process.h"

namespace bounced::e2e {
namespace {

using testing::StartsWith;

class LibraryTest : public testing::Test {
 protected:
  void SetUp() override {
    const Outcome installed = RunProgram({BOUNCED_CMAKE, "--install", BOUNCED_BUILD_DIR,
                                          "--component", "parser", "--prefix", prefix_});
    ASSERT_EQ(installed.status, 0) << installed.out << installed.err;
  }

  TempDir folder_;
  const std::string prefix_ = folder_ / "prefix";
};

TEST_F(LibraryTest, TheExampleBuildsAgainstWhatIsInstalled) {
  const std::string build = folder_ / "build";
  const Outcome configured =
      RunProgram({BOUNCED_CMAKE, "-S", BOUNCED_SOURCE_DIR "/examples/classify_message", "-B", build,
                  "-G", "Ninja", "-DCMAKE_PREFIX_PATH=" + prefix_});
  ASSERT_EQ(configured.status, 0) << configured.out << configured.err;
  const Outcome built = RunProgram({BOUNCED_CMAKE, "--build", build});
  ASSERT_EQ(built.status, 0) << built.out << built.err;

  const std::string bounce = ReadFile(BOUNCED_SOURCE_DIR "/deploy/demo/bounce.eml");
  for (const char* program : {"/classify_message", "/classify_message_c"}) {
    const Outcome outcome = RunProgram({build + program}, {}, bounce);
    EXPECT_EQ(outcome.status, 0) << program << outcome.err;
    EXPECT_THAT(outcome.out, StartsWith("bounce, read as rfc3464\n"
                                        "nouser@rcpt.example: bounce, no_such_user (hard), "
                                        "confidence "))
        << program;
    EXPECT_THAT(outcome.out, testing::HasSubstr("\n  because of: ")) << program;
    const Outcome said = RunProgram({build + program, "550 5.1.1 user unknown"});
    EXPECT_THAT(said.out, StartsWith("(nobody named): bounce, no_such_user (hard), confidence "))
        << program;
  }
}

TEST_F(LibraryTest, ProgramsInCFindItByPkgConfig) {
  const std::string program = folder_ / "program";
  const Outcome built = RunProgram(
      {"sh", "-c",
       "cc -o " + program + " " BOUNCED_SOURCE_DIR "/examples/classify_message/main.c " +
           "$(PKG_CONFIG_PATH=" + prefix_ +
           "/" BOUNCED_LIBDIR "/pkgconfig pkg-config --cflags --libs bounced) -Wl,-rpath," +
           prefix_ + "/" BOUNCED_LIBDIR});
  ASSERT_EQ(built.status, 0) << built.out << built.err;
  EXPECT_THAT(RunProgram({program, "550 5.1.1 user unknown"}).out,
              StartsWith("(nobody named): bounce, no_such_user (hard), confidence "));
}

TEST_F(LibraryTest, TheCLibraryShowsNothingElse) {
  const Outcome symbols = RunProgram({"nm", "--dynamic", "--defined-only", "--format=just-symbols",
                                      prefix_ + "/" BOUNCED_LIBDIR "/libbounced.so"});
  ASSERT_EQ(symbols.status, 0) << symbols.err;
  std::istringstream lines(symbols.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_THAT(line, testing::MatchesRegex("(bounced_|BOUNCED_0).*"));
  }
  EXPECT_GE(count, 70);
}

}  // namespace
}  // namespace bounced::e2e

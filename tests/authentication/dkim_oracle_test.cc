// Messages that dkimpy has signed, and what it says of them when they have changed.
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "../skip.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "server/authentication/dkim.h"

namespace bounced {
namespace {

// Where Debian puts what python3-dkim holds.
constexpr char kPython[] = "/usr/bin/python3";
// sign.py's.
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

struct Signed {
  std::string message;
  std::string opinion;
  std::string what;
};

class DkimOracleTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system(absl::StrCat(kPython, " -c 'import dkim, nacl' 2>/dev/null").c_str()) != 0) {
      BOUNCED_SKIP("python3-dkim is not installed");
    }
    std::string folder = testing::TempDir() + "dkim_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    const std::string script = BOUNCED_SOURCE_DIR "/tests/authentication/sign.py";
    ASSERT_EQ(std::system(absl::StrCat(kPython, " ", script, " ", folder).c_str()), 0);
    for (const std::string& line : Lines("zone")) {
      const std::vector<std::string> row = absl::StrSplit(line, '\t');
      lookups_.Set({row[0], dns::Type::kTxt}, {.outcome = dns::Outcome::kFound, .texts = {row[1]}});
    }
    for (const std::string& line : Lines("index")) {
      const std::vector<std::string> row = absl::StrSplit(line, '\t');
      messages_.push_back({ReadFile(folder_ / row[0]), row[1], row[2]});
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::vector<std::string> Lines(const std::string& name) const {
    return absl::StrSplit(ReadFile(folder_ / name), '\n', absl::SkipEmpty());
  }

  std::filesystem::path folder_;
  dns::Lookups lookups_;
  std::vector<Signed> messages_;
};

// What passes here passes there. What passes there and not here we refuse on purpose.
TEST_F(DkimOracleTest, IsOfOneMind) {
  int passed = 0;
  int failed = 0;
  int refused = 0;
  for (const Signed& each : messages_) {
    const auto results = VerifyDkim(each.message, kNow, lookups_);
    // Where the name of the key has changed.
    if (!results) {
      EXPECT_EQ(each.opinion, "fail") << each.what;
      continue;
    }
    const DkimResult& result = results->front();  // dkimpy looks at no other
    SCOPED_TRACE(absl::StrCat(each.what, ": ", std::string(Name(result.outcome)), ", ",
                              std::string(result.reason)));
    if (result.outcome == DkimOutcome::kPass) {
      EXPECT_EQ(each.opinion, "pass") << each.message;
      EXPECT_EQ(result.domain, "signer.example");
      ++passed;
    } else if (each.opinion == "fail") {
      ++failed;
    } else {
      EXPECT_TRUE(result.outcome == DkimOutcome::kPolicy || result.outcome == DkimOutcome::kNeutral)
          << each.message;
      ++refused;
    }
  }
  EXPECT_GT(passed, 150);
  EXPECT_GT(failed, 1000);
  EXPECT_LT(refused, 50);
  RecordProperty("passed", passed);
  RecordProperty("failed", failed);
  RecordProperty("refused", refused);
}

}  // namespace
}  // namespace bounced

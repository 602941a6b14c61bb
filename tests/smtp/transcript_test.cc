// Plays every transcript of this folder, each cut in several ways.
#include "tests/smtp/transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace bounced::smtp {
namespace {

constexpr std::uint32_t kCuts = 8;

std::vector<Transcript> AllTranscripts() {
  std::vector<std::string> paths;
  const std::string folder = BOUNCED_SOURCE_DIR "/tests/smtp";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Transcript> all;
  for (const std::string& path : paths) {
    std::vector<Transcript> some = ReadTranscripts(path);
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

class TranscriptTest : public testing::TestWithParam<Transcript> {};

TEST_P(TranscriptTest, IsTheSameHoweverItIsCut) {
  for (std::uint32_t cut = 0; cut < kCuts; ++cut) {
    SCOPED_TRACE("cut " + std::to_string(cut));
    Play(GetParam(), cut);
    if (HasFailure()) return;
  }
}

std::string NameOf(const testing::TestParamInfo<Transcript>& transcript) {
  std::string name = transcript.param.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(, TranscriptTest, testing::ValuesIn(AllTranscripts()), NameOf);

}  // namespace
}  // namespace bounced::smtp

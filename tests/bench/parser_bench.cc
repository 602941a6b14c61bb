// How fast messages are read and classified.
//
//   [BOUNCED_CORPUS=DIR] parser_bench
//
// All files below DIR (default: ../shared/corpus) that have a Subject are taken for messages; where
// there is no such folder, the one message of the demonstration is read.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "parser/parser.h"
#include "parser/rules.h"

namespace bounced {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// In order of size, so that the same files come in the same order on every machine.
const std::vector<std::string>& Messages() {
  static const std::vector<std::string> messages = [] {
    std::vector<std::string> all;
    const char* wanted = std::getenv("BOUNCED_CORPUS");
    const std::filesystem::path corpus =
        wanted != nullptr ? wanted : BOUNCED_SOURCE_DIR "/../shared/corpus";
    if (wanted == nullptr && !std::filesystem::exists(corpus)) {
      all.push_back(ReadFile(BOUNCED_SOURCE_DIR "/deploy/demo/bounce.eml"));
      return all;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus)) {
      if (entry.is_regular_file()) all.push_back(ReadFile(entry.path()));
    }
    std::erase_if(all, [](const std::string& message) {
      return message.size() < 200 || message.find("\nSubject:") == std::string::npos;
    });
    std::sort(all.begin(), all.end(), [](const std::string& a, const std::string& b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    return all;
  }();
  return messages;
}

void Parse(benchmark::State& state, Detail detail) {
  const Parser parser(RuleSet::BuiltIn());
  const std::vector<std::string>& messages = Messages();
  if (messages.empty()) return state.SkipWithError("no message in the corpus");
  // The phrases are loaded when they are first asked for.
  for (const std::string& message : messages) benchmark::DoNotOptimize(parser.Parse(message));
  std::int64_t read = 0;
  std::int64_t octets = 0;
  for (auto _ : state) {
    for (const std::string& message : messages) {
      benchmark::DoNotOptimize(parser.Parse(message, detail));
      octets += static_cast<std::int64_t>(message.size());
    }
    read += static_cast<std::int64_t>(messages.size());
  }
  state.SetItemsProcessed(read);
  state.SetBytesProcessed(octets);
  state.counters["messages"] = static_cast<double>(messages.size());
}
BENCHMARK_CAPTURE(Parse, , Detail::kVerdict)
    ->Name("parse_and_classify")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Parse, , Detail::kFull)
    ->Name("parse_classify_and_explain")
    ->Unit(benchmark::kMillisecond);

// What reading the same bytes costs at the least: line by line, and no more.
void BM_Lines(benchmark::State& state) {
  const std::vector<std::string>& messages = Messages();
  std::int64_t read = 0;
  std::int64_t octets = 0;
  for (auto _ : state) {
    for (const std::string& message : messages) {
      benchmark::DoNotOptimize(std::count(message.begin(), message.end(), '\n'));
      octets += static_cast<std::int64_t>(message.size());
    }
    read += static_cast<std::int64_t>(messages.size());
  }
  state.SetItemsProcessed(read);
  state.SetBytesProcessed(octets);
}
BENCHMARK(BM_Lines)->Name("count_lines")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bounced

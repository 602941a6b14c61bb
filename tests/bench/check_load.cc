// check_load --server HOST:PORT [--seconds N] [--rate N]
//
// Asks about one address after the other, so many a second, and prints how long the answers took.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/quantile.h"
#include "tests/e2e/harness/api_client.h"

namespace bounced::bench {
namespace {

using Clock = std::chrono::steady_clock;

int Main(int argc, char** argv) {
  std::string server;
  double seconds = 5;
  double rate = 500;
  CLI::App app("Asks the daemon's API at an even pace.");
  app.add_option("--server", server)->required();
  app.add_option("--seconds", seconds);
  app.add_option("--rate", rate, "questions a second");
  CLI11_PARSE(app, argc, argv);

  e2e::ApiClient api(server);
  std::vector<std::chrono::duration<double>> took;
  const Clock::time_point begin = Clock::now();
  for (int i = 0; i < seconds * rate; ++i) {
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(
                                              std::chrono::duration<double>(i / rate)));
    const Clock::time_point asked = Clock::now();
    api.Check("r" + std::to_string(i) + "@rcpt.example");
    took.push_back(Clock::now() - asked);
  }
  std::sort(took.begin(), took.end());
  std::printf("checks=%zu p50_ms=%.2f p99_ms=%.2f max_ms=%.2f\n", took.size(),
              Milliseconds(took, 0.5), Milliseconds(took, 0.99), Milliseconds(took, 1));
  return 0;
}

}  // namespace
}  // namespace bounced::bench

int main(int argc, char** argv) {
  try {
    return bounced::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "check_load: %s\n", error.what());
    return 1;
  }
}

// fill_store DIRECTORY FILE
//
// Makes a database in DIRECTORY, which has none, in which each line of FILE, a canonical address,
// is suppressed for good: for measurements that need millions of them.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "filled_store.h"

int main(int argc, char** argv) {
  using bounced::bench::Must;
  Must(argc == 3, "usage: fill_store DIRECTORY FILE");
  std::ifstream lines(argv[2]);
  Must(lines.good(), "fill_store: cannot read FILE");
  std::string line;
  const std::int64_t count =
      bounced::bench::FillSuppressions(argv[1], [&]() -> std::optional<std::string_view> {
        if (!std::getline(lines, line)) return std::nullopt;
        return line;
      });
  std::printf("%lld suppressions\n", static_cast<long long>(count));
  return 0;
}

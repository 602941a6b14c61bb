// start_bench [--suppressions N] [--turns N] [--directory DIR]
//
// How long a store takes to open, its index read, beside a plain scan by SQLite of the rows that
// the index is made of. Both are done in turns on a database that is filled before.
#include <stdlib.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "filled_store.h"
#include "sqlite3.h"
#include "storage/store.h"

namespace bounced::bench {
namespace {

// Of all threads of this process.
double CpuSeconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

struct Took {
  double seconds = 0;
  double cpu_seconds = 0;
};

class Watch {
 public:
  Took Read() const {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin_;
    return {seconds.count(), CpuSeconds() - cpu_begin_};
  }

 private:
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  const double cpu_begin_ = CpuSeconds();
};

void Report(const char* what, std::vector<double> ratios) {
  std::sort(ratios.begin(), ratios.end());
  std::printf("start beside a scan, %s: median %.2f x (%.2f to %.2f)\n", what,
              ratios[ratios.size() / 2], ratios.front(), ratios.back());
}

// The rows of the table, and nothing done with them.
Took Scan(const std::string& directory, std::int64_t rows) {
  const Watch watch;
  sqlite3* db = nullptr;
  Must(sqlite3_open_v2((directory + "/bounced.db").c_str(), &db, SQLITE_OPEN_READONLY, nullptr) ==
           SQLITE_OK,
       "open");
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(db, "SELECT hash, expire_time FROM suppression", -1, &statement, nullptr);
  std::int64_t seen = 0;
  while (sqlite3_step(statement) == SQLITE_ROW) ++seen;
  sqlite3_finalize(statement);
  sqlite3_close(db);
  Must(seen == rows, "not all rows");
  return watch.Read();
}

Took Open(const std::string& directory, std::int64_t rows) {
  const Watch watch;
  const auto store = OpenSqliteStore({.directory = directory}, absl::Now());
  const Took took = watch.Read();
  Must(store.ok(), store.status().ToString());
  Must((*store)->index().size() == static_cast<std::size_t>(rows), "not all entries");
  return took;
}

int Main(int argc, char** argv) {
  std::int64_t suppressions = 10'000'000;
  int turns = 5;
  std::string directory = std::filesystem::temp_directory_path().string();
  CLI::App app("Measures how long a store takes to open.");
  app.add_option("--suppressions", suppressions);
  app.add_option("--turns", turns)->check(CLI::PositiveNumber);
  app.add_option("--directory", directory, "where the database is made");
  CLI11_PARSE(app, argc, argv);

  directory += "/start-bench-XXXXXX";
  Must(mkdtemp(directory.data()) != nullptr, "mkdtemp");
  std::string address;
  std::int64_t next = 0;
  FillSuppressions(directory, [&]() -> std::optional<std::string_view> {
    if (next == suppressions) return std::nullopt;
    address = absl::StrCat("recipient", next, "@mail", next % 997, ".example");
    ++next;
    return address;
  });
  Scan(directory, suppressions);  // the file is in memory from here on
  std::vector<double> ratios;
  std::vector<double> cpu_ratios;
  for (int turn = 0; turn < turns; ++turn) {
    const Took scan = Scan(directory, suppressions);
    const Took open = Open(directory, suppressions);
    ratios.push_back(open.seconds / scan.seconds);
    cpu_ratios.push_back(open.cpu_seconds / scan.cpu_seconds);
    std::printf("turn %d: scan %.2f s, its CPU %.2f s; start %.2f s, its CPU %.2f s\n", turn,
                scan.seconds, scan.cpu_seconds, open.seconds, open.cpu_seconds);
  }
  Report("time", std::move(ratios));
  Report("CPU", std::move(cpu_ratios));
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace bounced::bench

int main(int argc, char** argv) { return bounced::bench::Main(argc, argv); }

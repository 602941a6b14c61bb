// index_bench [--entries N...] [--look-ups N] [--turns N]
//
// What the suppression index takes: memory an entry, and the time of a decision beside that of one
// read from memory of the same size that waits for the one before it (a pointer chase). A decision
// is a key made of tenant, stream and canonical address, and its look-up; once each waits for the
// one before it, too, and once it does not, as when addresses come by themselves. Half of the
// entries have an expiry.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/suppression_index.h"

namespace bounced::bench {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

std::size_t ResidentOctets() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6)) * 1024;
  }
  throw std::runtime_error("no VmRSS");
}

// Memory with one cycle through all lines of 64 octets.
class Chase {
 public:
  explicit Chase(std::size_t octets) : lines_(octets / sizeof(Line)) {
    std::vector<std::uint32_t> order(lines_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
    for (std::size_t i = 0; i < order.size(); ++i) {
      lines_[order[i]].next = order[(i + 1) % order.size()];
    }
  }

  double Nanoseconds(std::size_t reads) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < reads; ++i) at_ = lines_[at_].next;
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    return took.count() / static_cast<double>(reads);
  }

 private:
  struct alignas(64) Line {
    std::uint32_t next;
  };
  std::vector<Line> lines_;
  std::uint32_t at_ = 0;
};

std::string AddressOf(std::size_t number) {
  return absl::StrCat("recipient", number, "@mail", number % 997, ".example");
}

// Addresses of entries, or of none, in no order.
std::vector<std::string> Addresses(std::size_t first, std::size_t count, std::size_t look_ups) {
  std::mt19937_64 random(2);
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < look_ups; ++i)
    addresses.push_back(AddressOf(first + random() % count));
  return addresses;
}

enum class Waits : std::uint8_t { kNo, kYes };

double Nanoseconds(const SuppressionIndex& index, const std::vector<std::string>& addresses,
                   std::string_view stream, Waits waits, bool suppressed) {
  std::size_t found = 0;
  std::size_t at = 0;
  const auto begin = std::chrono::steady_clock::now();
  while (at < addresses.size()) {
    const IndexAnswer answer = index.Check("default", stream, addresses[at], kNow);
    found += answer == IndexAnswer::kSuppressed ? 1 : 0;
    // No answer is that great, which the processor does not know.
    at += waits == Waits::kYes ? 1 + static_cast<std::size_t>(answer) / 128 : 1;
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  if (found != (suppressed ? addresses.size() : 0)) throw std::runtime_error("wrong answers");
  return took.count() / static_cast<double>(addresses.size());
}

void Report(const std::string& name, std::vector<double> values, const char* unit) {
  std::sort(values.begin(), values.end());
  std::printf("  %-44s median %7.2f%s (%.2f to %.2f)\n", name.c_str(), values[values.size() / 2],
              unit, values.front(), values.back());
}

void Measure(std::size_t entries, std::size_t look_ups, int turns) {
  const std::size_t before = ResidentOctets();
  SuppressionIndex index(0x1234'5678'9ABC'DEF0);
  const auto begin = std::chrono::steady_clock::now();
  SuppressionIndex::Loader loader(index);
  for (std::size_t i = 0; i < entries; ++i) {
    const auto day =
        static_cast<std::uint16_t>(i % 2 == 0 ? IndexEntry::kForever : 40'000 + i % 97);
    loader.Add(index.Hash("default", "", AddressOf(i)), {.suppressed_until = day});
  }
  loader.Finish();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (index.size() != entries) throw std::runtime_error("not all entries");
  const auto each = [entries](std::size_t octets) {
    return static_cast<double>(octets) / static_cast<double>(entries);
  };
  std::printf("%zu entries: %.2f octets each, %.2f by VmRSS; made in %.1f s\n", entries,
              each(index.octets()), each(ResidentOctets() - before), took.count());

  Chase chase(index.octets());
  const std::vector<std::string> hits = Addresses(0, entries, look_ups);
  const std::vector<std::string> misses = Addresses(entries, entries, look_ups);
  std::vector<double> reads;
  std::map<std::string, std::vector<double>> ratios;
  for (int turn = 0; turn < turns; ++turn) {
    for (const auto& [kind, addresses, suppressed] :
         {std::tuple("hit", &hits, true), std::tuple("miss", &misses, false)}) {
      for (const std::string_view stream : {"", "news"}) {
        for (const Waits waits : {Waits::kYes, Waits::kNo}) {
          const double read = chase.Nanoseconds(look_ups);
          reads.push_back(read);
          ratios[absl::StrCat(kind, stream.empty() ? "" : ", with a stream",
                              waits == Waits::kYes ? ", each waits" : ", none waits")]
              .push_back(Nanoseconds(index, *addresses, stream, waits, suppressed) / read);
        }
      }
    }
  }
  Report("a read that waits", reads, " ns");
  for (const auto& [name, values] : ratios) Report(name, values, " x");
}

int Main(int argc, char** argv) {
  std::vector<std::size_t> entries = {10'000'000, 50'000'000};
  std::size_t look_ups = 2'000'000;
  int turns = 5;
  CLI::App app("Measures the suppression index.");
  app.add_option("--entries", entries);
  app.add_option("--look-ups", look_ups, "of a turn")->check(CLI::PositiveNumber);
  app.add_option("--turns", turns)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  for (const std::size_t count : entries) Measure(count, look_ups, turns);
  return 0;
}

}  // namespace
}  // namespace bounced::bench

int main(int argc, char** argv) {
  try {
    return bounced::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "index_bench: %s\n", error.what());
    return 1;
  }
}

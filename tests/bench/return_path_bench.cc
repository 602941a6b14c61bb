// What the decision at one RCPT takes: ReturnPaths::Vouch(), which the receiver calls for it, on a
// return path that holds, one that was forged, and one of a domain that is not ours.
//
//   return_path_bench [benchmark's own flags]
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "parser/address.h"
#include "server/intake/return_path.h"

namespace bounced {
namespace {

constexpr std::string_view kDomain = "bounces.example.net";
constexpr std::size_t kDomains = 1000;
constexpr std::size_t kMacCharacters = 12;  // README, "Return paths"
const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

void Must(bool done, std::string_view what) {
  if (done) return;
  std::fprintf(stderr, "return_path_bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

template <typename Value>
Value MustHave(absl::StatusOr<Value> value) {
  Must(value.ok(), value.status().ToString());
  return *std::move(value);
}

// Of a large installation: many domains, and of each as many keys as there may be. The key that
// signed is the last one.
ReturnPaths Paths() {
  std::vector<ReturnPathKey> keys;
  for (std::size_t i = 0; i < kMaxReturnPathKeys; ++i) {
    keys.push_back({absl::StrCat("k", i), std::string(kMinReturnPathSecretOctets, 'a')});
  }
  std::vector<ReturnPathDomain> domains(kDomains);
  for (std::size_t i = 0; i < domains.size(); ++i) {
    domains[i].domain = i == 0 ? std::string(kDomain) : absl::StrCat("b", i, ".example.net");
    domains[i].keys = keys;
  }
  return MustHave(ReturnPaths::Create(std::move(domains)));
}

std::string LocalPart(const ReturnPaths& paths, ReturnPathForm form) {
  const MintRequest request{
      .domain = std::string(kDomain), .stream = "news", .reference = "4711", .form = form};
  const Address recipient = MustHave(Address::Parse("reader@example.org"));
  const std::string path = MustHave(paths.Mint(request, recipient, kNow));
  return path.substr(0, path.rfind('@'));
}

// The character at `place` is another.
std::string Forged(std::string local_part, std::size_t place) {
  char& c = local_part.at(place);
  c = c == 'a' ? 'b' : 'a';
  return local_part;
}

void Measure(benchmark::State& state, const ReturnPaths& paths, const std::string& local_part,
             std::string_view domain, Refusal want) {
  Must(paths.Vouch(local_part, domain, kNow).refusal == want, "another answer than expected");
  for (auto _ : state) {
    benchmark::DoNotOptimize(paths.Vouch(local_part, domain, kNow));
  }
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const ReturnPaths paths = Paths();
  const std::string open = LocalPart(paths, ReturnPathForm::kOpen);
  const std::string sealed = LocalPart(paths, ReturnPathForm::kSealed);
  struct Row {
    const char* name;
    std::string local_part;
    std::string_view domain;
    Refusal want;
  };
  const Row rows[] = {
      {"vouch/open/good", open, kDomain, Refusal::kNone},
      {"vouch/open/forged", Forged(open, open.size() - 1), kDomain, Refusal::kForged},
      {"vouch/sealed/good", sealed, kDomain, Refusal::kNone},
      // Statement S82: the two take the same time.
      {"vouch/sealed/first_of_mac_forged", Forged(sealed, sealed.size() - kMacCharacters), kDomain,
       Refusal::kForged},
      {"vouch/sealed/last_of_mac_forged", Forged(sealed, sealed.size() - 1), kDomain,
       Refusal::kForged},
      {"vouch/foreign_domain", open, "bounces.example.org", Refusal::kNotOurs},
  };
  for (const Row& row : rows) {
    benchmark::RegisterBenchmark(row.name, [&](benchmark::State& state) {
      Measure(state, paths, row.local_part, row.domain, row.want);
    });
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace bounced

int main(int argc, char** argv) { return bounced::Main(argc, argv); }

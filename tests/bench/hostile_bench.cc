// Time against size for messages made to hurt: octets a second must not fall as they grow.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "../parser/hostile_shapes.h"
#include "parser/parser.h"
#include "parser/rules.h"

namespace bounced {
namespace {

void Read(benchmark::State& state, const HostileShape& shape) {
  static const Parser parser(RuleSet::BuiltIn());
  const std::string message = shape.make(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(parser.Parse(message));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
}

// From 64 KiB to what a session takes at most, each eight times the one before.
void Register() {
  for (const HostileShape& shape : HostileShapes()) {
    benchmark::RegisterBenchmark(std::string(shape.name).c_str(), Read, shape)
        ->RangeMultiplier(8)
        ->Range(64 << 10, 32 << 20)
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace
}  // namespace bounced

int main(int argc, char** argv) {
  bounced::Register();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}

// check_bench --bounced HOST:PORT --pid PID [--pairs N] [--calls N] [--callers N] [--addresses
// FILE]
//
// What a Check costs the daemon beside a call that does nothing, on the same kind of gRPC server
// (one that this program starts beside itself). Both are called in turns; prints for each pair the
// calls a second and the server's CPU time of a call, and at the end the medians and the ratio.
#include <grpcpp/grpcpp.h>

#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bounced/v1/suppression.grpc.pb.h"
#include "tests/bench/peer_server.h"

namespace bounced::bench {
namespace {

// Answers Check with an empty message, on gRPC's own thread, as the daemon does.
class EmptyService final : public v1::SuppressionService::CallbackService {
 public:
  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context, const v1::CheckRequest*,
                                  v1::CheckResponse*) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int ServeEmpty() {
  EmptyService service;
  return Serve([&service](grpc::ServerBuilder& builder) { builder.RegisterService(&service); });
}

struct Turn {
  double calls_a_second = 0;
  double cpu_microseconds = 0;  // of the server, a call
};

// Calls one server from several threads, a connection each.
Turn Call(const std::string& address, pid_t pid, int callers, int calls,
          const std::vector<std::string>& addresses) {
  std::vector<std::unique_ptr<v1::SuppressionService::Stub>> stubs;
  for (int i = 0; i < callers; ++i) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(v1::SuppressionService::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), own)));
    grpc::ClientContext context;
    v1::CheckResponse response;
    if (!stubs.back()->Check(&context, {}, &response).ok()) {
      throw std::runtime_error("no answer from " + address);
    }
  }
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t cpu = CpuTime(pid);
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&, i] {
      v1::CheckRequest request;
      v1::CheckResponse response;
      for (int n = i; n < calls; n += callers) {
        request.set_address(addresses[static_cast<std::size_t>(n) % addresses.size()]);
        grpc::ClientContext context;
        if (!stubs[static_cast<std::size_t>(i)]->Check(&context, request, &response).ok()) abort();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  return {calls / elapsed.count(), static_cast<double>(CpuTime(pid) - cpu) / 1000 / calls};
}

int Main(int argc, char** argv) {
  std::string bounced;
  pid_t pid = 0;
  int pairs = 20;
  int calls = 20'000;
  int callers = 8;
  bool serve_empty = false;
  std::string file;
  CLI::App app("Measures Check beside a call that does nothing.");
  auto* address = app.add_option("--bounced", bounced, "HOST:PORT of the daemon's API");
  auto* process = app.add_option("--pid", pid, "of the daemon");
  app.add_option("--pairs", pairs);
  app.add_option("--calls", calls, "of a turn");
  app.add_option("--callers", callers, "threads");
  app.add_option("--addresses", file, "what is asked for, one a line; without: addresses unknown");
  app.add_flag("--serve-empty", serve_empty, "be the other server");
  CLI11_PARSE(app, argc, argv);
  if (serve_empty) return ServeEmpty();
  if (address->empty() || process->empty()) return app.exit(CLI::RequiredError("--bounced, --pid"));

  std::vector<std::string> addresses;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) addresses.push_back(line);
  for (int i = 0; addresses.size() < 1000; ++i) {
    addresses.push_back("reader" + std::to_string(i) + "@elsewhere.example");
  }
  const PeerServer empty("--serve-empty");
  std::vector<double> rates, rate_ratios, cpu, empty_cpu, cpu_more;
  for (int pair = 0; pair < pairs; ++pair) {
    const Turn nothing = Call(empty.address(), empty.pid(), callers, calls, addresses);
    const Turn check = Call(bounced, pid, callers, calls, addresses);
    std::printf("pair %d: empty %.0f/s %.1f us, Check %.0f/s %.1f us\n", pair,
                nothing.calls_a_second, nothing.cpu_microseconds, check.calls_a_second,
                check.cpu_microseconds);
    rates.push_back(check.calls_a_second);
    rate_ratios.push_back(check.calls_a_second / nothing.calls_a_second);
    cpu.push_back(check.cpu_microseconds);
    empty_cpu.push_back(nothing.cpu_microseconds);
    cpu_more.push_back(check.cpu_microseconds / nothing.cpu_microseconds);
  }
  Report("Check, calls/s:", rates);
  Report("Check, calls/s to those of an empty call:", rate_ratios);
  Report("Check, server CPU in us a call:", cpu);
  Report("empty call, server CPU in us a call:", empty_cpu);
  Report("Check, server CPU to that of an empty call:", cpu_more);
  return 0;
}

}  // namespace
}  // namespace bounced::bench

int main(int argc, char** argv) {
  try {
    return bounced::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "check_bench: %s\n", error.what());
    return 1;
  }
}

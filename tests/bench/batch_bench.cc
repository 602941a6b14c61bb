// batch_bench --bounced HOST:PORT --pid PID [--turns N] [--batch N] [--batches N] [--callers N]
//             [--addresses FILE]
//
// How many addresses a second BatchCheck and CheckStream answer, beside a server that sends back
// the octets that came, and one that sends back as many as the daemon answers with. All are called
// in turns, with the same octets, which nobody on the client's side makes or reads anew.
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bounced/v1/suppression.grpc.pb.h"
#include "tests/bench/peer_server.h"

namespace bounced::bench {
namespace {

constexpr char kUnary[] = "/bounced.v1.SuppressionService/BatchCheck";
constexpr char kStream[] = "/bounced.v1.SuppressionService/CheckStream";

grpc::ByteBuffer BufferOf(const std::string& octets) {
  const grpc::Slice slice(octets);
  return grpc::ByteBuffer(&slice, 1);
}

// Answers each message with itself, or with as many octets as a batch's answer has.
class Echo final : public grpc::CallbackGenericService {
 public:
  // 0: itself.
  explicit Echo(std::size_t octets) : octets_(octets) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Reactor(octets_);
  }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    explicit Reactor(std::size_t octets)
        : is_itself_(octets == 0), answer_(BufferOf(std::string(octets, 'x'))) {
      StartRead(&message_);
    }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      StartWrite(is_itself_ ? &message_ : &answer_);
    }
    void OnWriteDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::CANCELLED);
      StartRead(&message_);
    }
    void OnDone() override { delete this; }

   private:
    const bool is_itself_;
    const grpc::ByteBuffer answer_;
    grpc::ByteBuffer message_;
  };

  const std::size_t octets_;
};

// Waits for one thing.
class Done {
 public:
  void Set(grpc::Status status) {
    std::lock_guard lock(mutex_);
    status_ = std::move(status);
    is_set_ = true;
    changed_.notify_one();
  }
  grpc::Status Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_set_; });
    return status_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  grpc::Status status_;
  bool is_set_ = false;
};

void Require(const grpc::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.error_message());
}

grpc::ByteBuffer CallOnce(grpc::GenericStub& stub, const grpc::ByteBuffer& request) {
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  Done done;
  stub.UnaryCall(&context, kUnary, {}, &request, &response,
                 [&done](grpc::Status status) { done.Set(std::move(status)); });
  Require(done.Wait());
  return response;
}

// Writes its batches as fast as they are taken, and reads the answers.
class Stream final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Stream(grpc::GenericStub& stub, const std::vector<grpc::ByteBuffer>& requests, int batches)
      : requests_(requests), batches_(batches) {
    stub.PrepareBidiStreamingCall(&context_, kStream, {}, this);
    Write();
    StartRead(&answer_);
    StartCall();
  }
  void Wait() {
    Require(done_.Wait());
    if (answers_ != batches_) throw std::runtime_error("answers are missing");
  }

 private:
  void Write() { StartWrite(&requests_[static_cast<std::size_t>(written_) % requests_.size()]); }
  void OnWriteDone(bool ok) override {
    if (!ok) return;
    if (++written_ == batches_) return StartWritesDone();
    Write();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    ++answers_;
    StartRead(&answer_);
  }
  void OnDone(const grpc::Status& status) override { done_.Set(status); }

  const std::vector<grpc::ByteBuffer>& requests_;
  const int batches_;
  grpc::ClientContext context_;
  grpc::ByteBuffer answer_;
  int written_ = 0;
  int answers_ = 0;
  Done done_;
};

struct Server {
  const char* name;
  std::string address;
  pid_t pid;
};

struct Turn {
  double addresses_a_second;
  double cpu_nanoseconds;  // of the server, an address
};

struct Work {
  std::vector<grpc::ByteBuffer> requests;
  int batch;    // addresses
  int batches;  // of a turn, all callers together
  int callers;
};

Turn Call(const Server& server, const Work& work, bool streams) {
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  for (int i = 0; i < work.callers; ++i) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(server.address, grpc::InsecureChannelCredentials(), own)));
    CallOnce(*stubs.back(), work.requests.front());
  }
  const int each = work.batches / work.callers;
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t cpu = CpuTime(server.pid);
  std::vector<std::thread> threads;
  std::vector<std::exception_ptr> failures(stubs.size());
  for (std::size_t i = 0; i < stubs.size(); ++i) {
    threads.emplace_back([&, i] {
      try {
        if (streams) return Stream(*stubs[i], work.requests, each).Wait();
        for (int n = 0; n < each; ++n) {
          CallOnce(*stubs[i], work.requests[static_cast<std::size_t>(n) % work.requests.size()]);
        }
      } catch (const std::exception&) {
        failures[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  const double addresses = 1.0 * each * work.callers * work.batch;
  return {addresses / elapsed.count(), static_cast<double>(CpuTime(server.pid) - cpu) / addresses};
}

std::vector<grpc::ByteBuffer> RequestsOf(const std::string& file, int batch) {
  std::vector<std::string> addresses;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) addresses.push_back(std::move(line));
  // Enough that those of a turn don't stay in the processor's cache.
  for (int i = 0; addresses.size() < 1'000'000; ++i) {
    addresses.push_back("reader" + std::to_string(i) + "@elsewhere.example");
  }
  std::vector<grpc::ByteBuffer> requests;
  v1::BatchCheckRequest request;
  for (std::string& address : addresses) {
    request.add_addresses(std::move(address));
    if (request.addresses_size() < batch) continue;
    requests.push_back(BufferOf(request.SerializeAsString()));
    request.clear_addresses();
  }
  if (requests.empty()) throw std::runtime_error("--batch is larger than all addresses");
  return requests;
}

int Main(int argc, char** argv) {
  std::string bounced;
  pid_t pid = 0;
  int turns = 5;
  Work work{.requests = {}, .batch = 1'000, .batches = 2'000, .callers = 2};
  std::string file;
  bool serve_echo = false;
  std::size_t serve_octets = 0;
  CLI::App app("Measures BatchCheck and CheckStream beside servers that send back octets.");
  auto* address = app.add_option("--bounced", bounced, "HOST:PORT of the daemon's API");
  auto* process = app.add_option("--pid", pid, "of the daemon");
  app.add_option("--turns", turns)->check(CLI::PositiveNumber);
  app.add_option("--batch", work.batch, "addresses of one")->check(CLI::PositiveNumber);
  app.add_option("--batches", work.batches, "of a turn")->check(CLI::PositiveNumber);
  app.add_option("--callers", work.callers, "a connection each")->check(CLI::PositiveNumber);
  app.add_option("--addresses", file, "what is asked for, one a line; without: unknown ones");
  app.add_flag("--serve-echo", serve_echo, "be the server that sends back what came");
  auto* octets = app.add_option("--serve-octets", serve_octets, "be the one that sends so many");
  CLI11_PARSE(app, argc, argv);
  if (serve_echo || !octets->empty()) {
    Echo echo(serve_octets);
    return Serve(
        [&echo](grpc::ServerBuilder& builder) { builder.RegisterCallbackGenericService(&echo); });
  }
  if (address->empty() || process->empty()) return app.exit(CLI::RequiredError("--bounced, --pid"));

  work.requests = RequestsOf(file, work.batch);
  grpc::GenericStub stub(grpc::CreateChannel(bounced, grpc::InsecureChannelCredentials()));
  const std::size_t answered = CallOnce(stub, work.requests.front()).Length();
  const PeerServer echo("--serve-echo");
  const PeerServer sized(("--serve-octets=" + std::to_string(answered)).c_str());
  const Server ours{"bounced", bounced, pid};
  const Server peers[] = {{"an echo", echo.address(), echo.pid()},
                          {"as many octets", sized.address(), sized.pid()}};
  std::printf("%d addresses a batch: %zu octets, answered with %zu\n", work.batch,
              work.requests.front().Length(), answered);
  for (const bool streams : {false, true}) {
    std::vector<double> rates, cpu;
    std::vector<std::vector<double>> ratios(std::size(peers)), peers_cpu(std::size(peers));
    for (int turn = 0; turn < turns; ++turn) {
      for (std::size_t i = 0; i < std::size(peers); ++i) {
        const Turn theirs = Call(peers[i], work, streams);
        const Turn own = Call(ours, work, streams);
        rates.push_back(own.addresses_a_second);
        cpu.push_back(own.cpu_nanoseconds);
        ratios[i].push_back(own.addresses_a_second / theirs.addresses_a_second);
        peers_cpu[i].push_back(theirs.cpu_nanoseconds);
      }
    }
    std::printf("%s\n", streams ? "CheckStream" : "BatchCheck");
    Report("  addresses/s:", rates);
    Report("  server CPU in ns an address:", cpu);
    for (std::size_t i = 0; i < std::size(peers); ++i) {
      std::printf("  beside %s\n", peers[i].name);
      Report("    addresses/s to theirs:", ratios[i]);
      Report("    their CPU in ns an address:", peers_cpu[i]);
    }
  }
  return 0;
}

}  // namespace
}  // namespace bounced::bench

int main(int argc, char** argv) {
  try {
    return bounced::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "batch_bench: %s\n", error.what());
    return 1;
  }
}

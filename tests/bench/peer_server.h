// Another gRPC server that a benchmark calls in turns with the daemon: a process of its own, of the
// same program.
#pragma once

#include <grpcpp/grpcpp.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"

namespace bounced::bench {

// Serves what `add` adds, on loopback, until the standard input ends; prints the port. For main():
// its exit code.
int Serve(absl::FunctionRef<void(grpc::ServerBuilder&)> add);

// This program, run once more with one argument, by which main() calls Serve(); as long as this
// lives. Throws std::runtime_error.
class PeerServer {
 public:
  explicit PeerServer(const char* argument);
  ~PeerServer();
  PeerServer(const PeerServer&) = delete;
  PeerServer& operator=(const PeerServer&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& address() const { return address_; }

 private:
  pid_t pid_ = 0;
  int input_ = -1;
  std::string address_;
};

// CPU time of all threads of a process so far, in nanoseconds (proc(5), schedstat).
std::uint64_t CpuTime(pid_t pid);

// Prints the median, the least and the most.
void Report(const char* name, std::vector<double> values);

}  // namespace bounced::bench

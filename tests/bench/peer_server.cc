#include "tests/bench/peer_server.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace bounced::bench {

int Serve(absl::FunctionRef<void(grpc::ServerBuilder&)> add) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  add(builder);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  std::printf("%d\n", port);
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

PeerServer::PeerServer(const char* argument) {
  int in[2];
  int out[2];
  if (pipe(in) != 0 || pipe(out) != 0) throw std::runtime_error("pipe failed");
  pid_ = fork();
  if (pid_ == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    close(in[1]);
    execl("/proc/self/exe", "peer", argument, nullptr);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  FILE* answer = fdopen(out[0], "r");
  int port = 0;
  if (std::fscanf(answer, "%d", &port) != 1) throw std::runtime_error("the peer does not start");
  address_ = "127.0.0.1:" + std::to_string(port);
  std::fclose(answer);
}

PeerServer::~PeerServer() {
  close(input_);
  waitpid(pid_, nullptr, 0);
}

std::uint64_t CpuTime(pid_t pid) {
  std::uint64_t sum = 0;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::uint64_t nanoseconds = 0;
    std::ifstream(task.path() / "schedstat") >> nanoseconds;
    sum += nanoseconds;
  }
  return sum;
}

void Report(const char* name, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::printf("%s median %.2f (%.2f to %.2f)\n", name, values[values.size() / 2], values.front(),
              values.back());
}

}  // namespace bounced::bench

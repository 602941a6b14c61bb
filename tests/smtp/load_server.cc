// The SMTP server before a Receiver that answers at once, to measure the server alone:
//
//   smtp_load_server [THREADS] &
//   smtp-source -s 20 -m 20000 -l 4096 -f '' -t r@example.net 127.0.0.1:PORT
//
// Prints its address, serves until its standard input ends, then prints what it took.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "server/smtp/server.h"

namespace {

class Instant final : public bounced::smtp::Receiver {
 public:
  absl::Status Admit() override { return absl::OkStatus(); }
  absl::Status Vouch(const bounced::smtp::ForwardPath&, absl::Time) override {
    return absl::OkStatus();
  }
  void Commit(bounced::smtp::Envelope envelope, std::string, std::string,
              absl::AnyInvocable<void(absl::StatusOr<bounced::smtp::MessageIds>)> done) override {
    done(bounced::smtp::MessageIds(envelope.recipients.size(), "1"));
  }
};

}  // namespace

int main(int argc, char** argv) {
  Instant receiver;
  const bounced::Log log(bounced::LogLevel::kInfo);
  bounced::Counters counters;
  bounced::smtp::ServerOptions options;
  options.listen = {{.address = "127.0.0.1:0"}};
  options.hostname = "mx.example.net";
  options.threads = argc > 1 ? std::atoi(argv[1]) : 1;
  auto server =
      bounced::smtp::Server::Listen(options, receiver, bounced::SystemClock(), log, counters);
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.status().ToString().c_str());
    return 1;
  }
  std::printf("%s\n", (*server)->addresses().front().c_str());
  std::fflush(stdout);
  (*server)->Start();
  while (std::getchar() != EOF) {
  }
  (*server)->Stop();
  std::printf("%llu sessions\n",
              static_cast<unsigned long long>(counters.Get(bounced::Counter::kSessions)));
}

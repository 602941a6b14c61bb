// intake_load --port PORT [--messages N] [--sessions N] [--messages-per-connection N]
//             [--no-pipelining] [--starttls] [--rate N] [--retry] [--seconds N] [--sources N]
//             [--recipients N] [--domain NAME] [--secret TEXT] [--verify HOST:PORT]
//
// Sends N reports of about 4 KB, each about another recipient at a return path of its own, and
// prints one line: messages a second and latencies, of whole transactions and (accept_...) from the
// end of the message to its reply. See LoadOptions for --starttls, --rate, --retry, --seconds and
// --sources.
// With --verify it then asks the daemon's API whether it has as many events and suppressions as
// were acknowledged, and every address is suppressed.
//
// Without --secret the recipients are x1@DOMAIN, x2@DOMAIN ...: for servers that know no signed
// return paths.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load.h"
#include "tests/bench/quantile.h"
#include "tests/e2e/harness/api_client.h"
#include "tests/e2e/harness/minter.h"
#include "tests/e2e/harness/report.h"
#include "tests/e2e/harness/smtp_client.h"

namespace bounced::bench {
namespace {

constexpr std::size_t kReturnedOctets = 2600;  // makes a report of 4 KB

struct Batch {
  std::vector<std::string> recipients;
  std::vector<Letter> letters;
};

// `recipients`: so many different ones; 0: one a message.
Batch Compose(std::size_t count, std::size_t recipients, const std::string& domain,
              const std::string& secret) {
  Batch batch;
  // Another run on the same database sends to others.
  const std::string run =
      std::to_string(getpid()) + 'x' +
      std::to_string(std::chrono::system_clock::now().time_since_epoch().count() % 1'000'000'000);
  std::unique_ptr<e2e::Minter> minter;
  if (!secret.empty()) minter = std::make_unique<e2e::Minter>(domain, secret);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    batch.recipients.push_back(recipients == 0
                                   ? 'r' + run + '.' + number + "@rcpt.example"
                                   : 'r' + std::to_string(i % recipients) + "@rcpt.example");
    Letter letter;
    letter.recipient = minter ? minter->Mint(batch.recipients.back()) : 'x' + number + '@' + domain;
    letter.wire =
        e2e::DotStuffed(e2e::Compose({.recipient = batch.recipients.back(),
                                      .message_id = run + '.' + number + "@sender.example",
                                      .returned_octets = kReturnedOctets}));
    batch.letters.push_back(std::move(letter));
  }
  return batch;
}

// Whether the daemon has exactly what it acknowledged since `begin`.
bool Verify(const std::string& server, const Batch& batch, std::size_t acknowledged,
            std::chrono::system_clock::time_point begin) {
  e2e::ApiClient api(server);
  const std::size_t events = api.CountEventsSince(begin);
  const std::size_t suppressions = api.CountSuppressionsSince(begin);
  const std::size_t suppressed = api.CountSuppressed(batch.recipients);
  std::printf("verified events=%zu suppressions=%zu suppressed=%zu of %zu\n", events, suppressions,
              suppressed, acknowledged);
  return events == acknowledged && suppressions == acknowledged && suppressed == acknowledged;
}

int Main(int argc, char** argv) {
  LoadOptions options;
  std::size_t messages = 10'000;
  std::size_t recipients = 0;
  double seconds = 0;
  std::string domain = "bounces.example";
  std::string secret;
  std::string verify;
  bool no_pipelining = false;
  CLI::App app("Sends reports as fast as a server takes them.");
  app.add_option("--port", options.port)->required();
  app.add_option("--messages", messages);
  app.add_option("--sessions", options.sessions);
  app.add_option("--messages-per-connection", options.messages_per_connection, "0: no limit");
  app.add_flag("--no-pipelining", no_pipelining);
  app.add_flag("--starttls", options.tls);
  app.add_option("--rate", options.rate, "messages a second; 0: as fast as they are taken");
  app.add_flag("--retry", options.retry, "send again what is refused");
  app.add_option("--seconds", seconds, "begin no message after so long; 0: no limit");
  app.add_option("--sources", options.sources, "from so many addresses of 198.18.0.0/15")
      ->check(CLI::Range(0, 100'000));
  app.add_option("--recipients", recipients, "so many different ones; 0: one a message");
  app.add_option("--domain", domain, "of the recipients");
  app.add_option("--secret", secret, "the return-path key \"a\" of the daemon");
  app.add_option("--verify", verify, "HOST:PORT of the daemon's API");
  CLI11_PARSE(app, argc, argv);
  options.pipelining = !no_pipelining;

  options.duration = std::chrono::duration<double>(seconds);

  const Batch batch = Compose(messages, recipients, domain, secret);
  const auto begin = std::chrono::system_clock::now();
  const LoadResult result = SendAll(options, batch.letters);
  std::printf(
      "accepted=%zu refused=%zu seconds=%.3f rate=%.0f p50_ms=%.2f p99_ms=%.2f max_ms=%.2f "
      "accept_p50_ms=%.2f accept_p99_ms=%.2f\n",
      result.accepted, result.refused, result.elapsed.count(),
      static_cast<double>(result.accepted) / result.elapsed.count(),
      Milliseconds(result.latencies, 0.5), Milliseconds(result.latencies, 0.99),
      Milliseconds(result.latencies, 1), Milliseconds(result.acceptances, 0.5),
      Milliseconds(result.acceptances, 0.99));
  if (result.refused != 0 && !options.retry) {
    std::fprintf(stderr, "intake_load: refused: %s\n", result.first_refusal.c_str());
    return 1;
  }
  return verify.empty() || Verify(verify, batch, result.accepted, begin) ? 0 : 1;
}

}  // namespace
}  // namespace bounced::bench

int main(int argc, char** argv) {
  try {
    return bounced::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "intake_load: %s\n", error.what());
    return 1;
  }
}

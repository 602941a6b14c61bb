// A host that has mail for us: it pipelines or not, sends by DATA or BDAT, and tries again what was
// not taken, as often as it must.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/simulation/mail.h"
#include "tests/simulation/random.h"

namespace bounced::simulation {

// The client's side of one connection after the other.
class Mta {
 public:
  // What became of a message: taken with these ids, or refused for good for some return paths.
  struct Result {
    const Mail* mail = nullptr;
    std::vector<const ReturnPath*> accepted = {};
    std::vector<const ReturnPath*> refused = {};
    bool taken = false;
    std::string ids = {};  // as the 250 names them
  };
  using Report = std::function<void(const Result&)>;

  Mta(Random& random, Report report) : random_(random), report_(std::move(report)) {}

  void Enqueue(const Mail* mail) { queue_.push_back(mail); }
  bool has_mail() const { return !queue_.empty(); }

  void Connect();
  // The connection is gone: whatever was under way is tried again.
  void Disconnected();
  // Whole lines or parts of them.
  void Feed(std::string_view octets);
  // What it has said since; the caller's.
  std::string TakeCommands() { return std::exchange(commands_, {}); }
  // It wants no more of this connection.
  bool is_done() const { return is_done_; }

 private:
  enum class Awaited : std::uint8_t {
    kGreeting,
    kEhlo,
    kMail,
    kRcpt,
    kData,
    kMessage,
    kChunk,
    kQuit
  };

  void Line(std::string_view line);
  void Reply(int code, std::string_view text);
  void Begin();
  void SendChunks();
  void End(int code, std::string_view text);
  void Say(std::string_view command, Awaited awaited);

  Random& random_;
  Report report_;
  std::deque<const Mail*> queue_;
  std::string commands_;
  std::string line_;
  std::deque<Awaited> awaited_;
  bool is_done_ = true;
  int mails_left_ = 0;  // on this connection

  // The transaction.
  Result result_;
  std::size_t rcpt_ = 0;
  bool is_begun_ = false;
  bool by_chunks_ = false;
  bool pipelines_ = false;
};

}  // namespace bounced::simulation

// One connection: moves bytes and answers between a socket, a Dialogue and the Receiver.
#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/base/ip_address.h"
#include "server/base/live.h"
#include "server/base/log.h"
#include "server/smtp/clients.h"
#include "server/smtp/commitment.h"
#include "server/smtp/dialogue.h"
#include "server/smtp/limits.h"
#include "server/smtp/password_checker.h"
#include "server/smtp/profile.h"
#include "server/smtp/receiver.h"
#include "server/smtp/stream.h"
#include "server/smtp/tls.h"

namespace bounced::smtp {

// What all sessions of a server share. Outlives them. Thread-safe.
struct Shared {
  static constexpr std::int64_t kNeverLogged = -1'000'000;

  Shared(const Limits& limits_, Networks networks, Receiver& receiver_, const Clock& clock_,
         const Log& log_, Counters& counters_)
      : limits(limits_),
        trusted_proxies(std::move(networks.trusted_proxies)),
        denied_clients(std::move(networks.denied)),
        clients(limits_, std::move(networks.allowed)),
        receiver(receiver_),
        clock(clock_),
        log(log_),
        counters(counters_) {}

  const Limits limits;
  const std::vector<IpNetwork> trusted_proxies;
  const std::vector<IpNetwork> denied_clients;
  Clients clients;
  std::atomic<std::size_t> handshakes = 0;  // under way
  Receiver& receiver;
  const Clock& clock;
  const Log& log;
  Counters& counters;
  PasswordChecker passwords;
  std::atomic<std::size_t> sessions = 0;           // open
  std::atomic<std::uint64_t> inflight = 0;         // octets of messages held, all sessions
  std::atomic<std::uint64_t> next_session_id = 0;  // of the log
  // Second of the last line about a failed accept, and about a client for whom there was no place.
  std::atomic<std::int64_t> accept_logged = kNeverLogged;
  std::atomic<std::int64_t> full_logged = kNeverLogged;

  bool overloaded() const {
    return 10 * sessions.load(std::memory_order_relaxed) >= kOverloadTenths * limits.max_sessions;
  }

  // The certificates for new handshakes; null: none.
  Live<Tls> tls{std::shared_ptr<const Tls>()};
};

// Belongs to its thread, with all that it calls but the Receiver. It reads only when everything was
// answered and the answers are sent, so a client that does not read is not read either, and what is
// held for it is one buffer of input and Limits::max_reply_backlog (RFC 2920, 3.1).
//
// Messages are weighed against Limits::inflight_bytes after each buffer of input, so the limit may
// be passed by that much, and until their commit is answered.
//
// It has no timer of its own: Sweep() is called now and then, and ends what is late.
class Session {
 public:
  // `scratch` is used between two waits only, so the sessions of a thread share it. `profile`
  // outlives it.
  // `client`: none, where it came by no address of the internet.
  Session(Socket socket, const Profile& profile, std::optional<IpAddress> client,
          std::string& scratch, Shared& shared);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Serves to the end. The session must outlive it.
  asio::awaitable<void> Run();
  void Sweep(absl::Time now, bool overloaded);
  void ShutDown();

  // The list of its thread's sessions.
  Session* previous = nullptr;
  Session* next = nullptr;

 private:
  // Counts one as long as it lives.
  struct Underway {
    explicit Underway(std::atomic<std::size_t>& all) : count(all) {
      count.fetch_add(1, std::memory_order_relaxed);
    }
    ~Underway() { count.fetch_sub(1, std::memory_order_relaxed); }
    Underway(const Underway&) = delete;
    Underway& operator=(const Underway&) = delete;

    std::atomic<std::size_t>& count;
  };
  enum class Send : std::uint8_t { kAll, kSome, kFailed };
  // What is waited for that may come too late.
  enum class Awaited : std::uint8_t {
    kNothing,
    kInput,
    kOutput,
    kProxyHeader,
    kHandshake,
    kPause,
    kCommit
  };

  asio::awaitable<bool> Greet();
  asio::awaitable<bool> ReadProxy();
  bool MayEnter();
  std::string_view HandshakeLimit();
  asio::awaitable<bool> BeginTls();
  asio::awaitable<std::error_code> Ready(Stream::Await await);
  asio::awaitable<std::size_t> Read();
  asio::awaitable<bool> Perform();
  asio::awaitable<bool> Flush();
  asio::awaitable<void> Wait(absl::Duration duration);
  asio::awaitable<std::optional<Commitment::Result>> Await(std::shared_ptr<Commitment> commitment);
  asio::awaitable<void> Commit(Accept& accept);  // which must outlive the wait
  asio::awaitable<void> Check(CheckLogin& check);
  asio::awaitable<absl::Status> CheckPassword(SaslPassword& password);
  Send TrySend();
  void ReadMore();
  void Feed(std::string_view bytes);
  std::uint64_t Account(std::uint64_t held);
  void AccountHeld();
  absl::Status AdmitNow(std::uint64_t declared_octets) const;
  void Note(const Discard& discard);
  void NoteRefusal(const absl::Status& status);
  void NoteReply(std::string_view text);
  void NoteMessage(std::string_view result, std::uint64_t octets);
  void DropUnread();
  absl::Time Deadline() const;
  absl::Time Steady() const { return shared_.clock.Steady(); }
  std::string_view EndOfStep(std::string_view timeout, std::string_view failure) const;
  bool stopping() const { return drain_end_ != absl::InfiniteFuture(); }

  Shared& shared_;
  const Profile& profile_;
  Stream stream_;
  asio::steady_timer event_;  // waited on for a pause and for a commit; cancelled to wake
  std::string& scratch_;
  std::optional<IpAddress> client_;
  const std::string id_;
  Dialogue dialogue_;

  std::string output_;  // from sent_ on: not yet sent
  std::size_t sent_ = 0;
  Awaited awaited_ = Awaited::kNothing;
  absl::Time wait_start_;  // for all but input
  bool late_ = false;      // the deadline passed, and who waits does not know yet
  bool gone_ = false;      // the client is
  bool entered_ = false;   // is counted by Shared::clients
  Stream::Await send_await_ = Stream::Await::kNothing;  // what sending waits for
  std::shared_ptr<const Tls> tls_;                      // from AdmitTls to the handshake
  absl::Time drain_end_;             // when the server stops: for replies to be read
  std::uint64_t accounted_ = 0;      // our share of Shared::inflight
  std::uint64_t messages_ = 0;       // acknowledged
  std::uint64_t refused_ = 0;        // recipients
  std::string refusal_;              // of the last of them
  std::string_view end_ = "closed";  // why the session ended, for the log
  std::array<char, 4096> input_;
};

}  // namespace bounced::smtp

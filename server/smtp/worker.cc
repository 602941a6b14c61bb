#include "server/smtp/worker.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "server/base/ip_address.h"

namespace bounced::smtp {
namespace {

// How late a deadline may be noticed.
constexpr std::chrono::milliseconds kTick(100);
// How long accepting rests when the machine has no more descriptors.
constexpr std::chrono::milliseconds kAcceptPause(100);
// How far its thread stands back behind others of the process: a flood of mail, which anybody can
// send, must not keep those waiting who ask the API.
constexpr int kNiceness = 5;
constexpr std::size_t kScratchOctets = 64 << 10;
constexpr std::string_view kTooMany = "421 4.3.2 Too many connections; try again later\r\n";

// Linux has a priority for each thread. Where it may not be changed, all threads are equal.
void StandBack() {
  const auto self = static_cast<id_t>(::gettid());
  ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + kNiceness);
}

}  // namespace

Worker::Worker(Shared& shared)
    : shared_(shared),
      io_(1),
      work_(asio::make_work_guard(io_)),
      clock_(io_),
      accept_pause_(io_),
      scratch_(kScratchOctets, '\0') {}

Worker::~Worker() = default;

void Worker::Listen(const asio::generic::stream_protocol& protocol, int descriptor,
                    const Profile& profile) {
  listening_.push_back({Acceptor(io_, protocol, descriptor), profile});
}

void Worker::Run() {
  StandBack();
  for (Listening& listening : listening_) {
    asio::co_spawn(io_, AcceptLoop(listening), asio::detached);
  }
  io_.run();
}

asio::awaitable<void> Worker::AcceptLoop(Listening& listening) {
  while (!stopping_) {
    Socket socket(io_);
    asio::generic::stream_protocol::endpoint peer;
    std::error_code error;
    co_await listening.acceptor.async_accept(socket, peer,
                                             asio::redirect_error(asio::use_awaitable, error));
    if (stopping_) co_return;
    if (!error) {
      Serve(std::move(socket), peer, listening.profile);
    } else if (error != asio::error::connection_aborted) {
      if (OnceAMinute(shared_.accept_logged)) {
        shared_.log.Error("smtp.accept_failed", {{"error", error.message()}});
      }
      accept_pause_.expires_after(kAcceptPause);
      co_await accept_pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

// True once a minute, however often and by how many threads it is asked.
bool Worker::OnceAMinute(std::atomic<std::int64_t>& last_second) const {
  constexpr std::int64_t kSeconds = 60;
  const std::int64_t now = absl::ToUnixSeconds(shared_.clock.Steady());
  std::int64_t last = last_second.load(std::memory_order_relaxed);
  if (now - last < kSeconds) return false;
  return last_second.compare_exchange_strong(last, now, std::memory_order_relaxed);
}

void Worker::Serve(Socket socket, const asio::generic::stream_protocol::endpoint& peer,
                   const Profile& profile) {
  shared_.counters.Add(Counter::kSessions);
  const std::optional<IpAddress> address =
      IpAddress::FromSockaddr(peer.data(), static_cast<socklen_t>(peer.size()));
  if (!TakePlace(address, profile)) {
    shared_.counters.Add(Counter::kSessionsOverload);
    if (OnceAMinute(shared_.full_logged)) {
      shared_.log.Warning("smtp.full", {{"max_sessions", shared_.limits.max_sessions}});
    }
    if (profile.tls == TlsUse::kImplicit) return;  // clear text would be noise there
    // The send buffer of a new socket is empty: it takes the line, or the client is gone.
    [[maybe_unused]] const ssize_t sent = ::send(socket.native_handle(), kTooMany.data(),
                                                 kTooMany.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  auto session = std::make_unique<Session>(std::move(socket), profile, address, scratch_, shared_);
  Session* const raw = session.release();
  raw->next = sessions_;
  if (sessions_ != nullptr) sessions_->previous = raw;
  sessions_ = raw;
  StartClock();
  asio::co_spawn(io_, raw->Run(), [this, raw](const std::exception_ptr& failure) {
    // Nothing throws but an allocation; the connection that asked for it ends, and no other.
    if (failure) shared_.log.Error("smtp.session_failed", {});
    Remove(raw);
  });
}

bool Worker::TakePlace(const std::optional<IpAddress>& peer, const Profile& profile) {
  const std::size_t open = shared_.sessions.fetch_add(1, std::memory_order_relaxed);
  const Limits& limits = shared_.limits;
  if (open < limits.max_sessions) return true;
  if (open < limits.max_sessions + limits.reserved_sessions &&
      (!peer || peer->is_loopback() || shared_.clients.IsExempt(*peer) ||
       (profile.proxy && Contains(shared_.trusted_proxies, *peer)))) {
    return true;
  }
  shared_.sessions.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Worker::Remove(Session* session) {
  if (session->previous != nullptr) session->previous->next = session->next;
  if (session->next != nullptr) session->next->previous = session->previous;
  if (sessions_ == session) sessions_ = session->next;
  // Before its socket closes: a client that saw the end of one session may begin the next.
  shared_.sessions.fetch_sub(1, std::memory_order_relaxed);
  delete session;
  if (stopping_ && sessions_ == nullptr) clock_.cancel();
}

// One timer serves the deadlines of all sessions, and rests when there are none.
void Worker::StartClock() {
  if (std::exchange(ticking_, true)) return;
  clock_.expires_after(kTick);
  clock_.async_wait([this](const std::error_code&) { Tick(); });
}

void Worker::Tick() {
  ticking_ = false;
  if (sessions_ == nullptr) return;
  const absl::Time now = shared_.clock.Steady();
  const bool overloaded = shared_.overloaded();
  for (Session* s = sessions_; s != nullptr; s = s->next) s->Sweep(now, overloaded);
  StartClock();
}

void Worker::StopAccepting(std::latch& closed) {
  asio::post(io_, [this, &closed] {
    stopping_ = true;
    for (Listening& listening : listening_) {
      std::error_code ignored;
      listening.acceptor.close(ignored);
    }
    accept_pause_.cancel();
    closed.count_down();
  });
}

void Worker::Stop() {
  asio::post(io_, [this] { StopHere(); });
}

void Worker::StopHere() {
  if (std::exchange(told_, true)) return;
  stopping_ = true;
  for (Session* s = sessions_; s != nullptr; s = s->next) s->ShutDown();
  if (sessions_ == nullptr) clock_.cancel();
  work_.reset();
}

}  // namespace bounced::smtp

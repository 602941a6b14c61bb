// One thread of the server: it accepts, and serves what it accepted to the end.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <latch>
#include <list>
#include <optional>
#include <string>

#include "server/smtp/session.h"

namespace bounced::smtp {

// Run() belongs to a thread of the worker's own; StopAccepting() and Stop() may be called from any
// other, in this order. Listen() comes before all.
class Worker {
 public:
  explicit Worker(Shared& shared);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Takes over a listening socket, whose connections are served as `profile` says; it outlives
  // this.
  void Listen(const asio::generic::stream_protocol& protocol, int descriptor,
              const Profile& profile);
  // Serves until Stop() was called and all sessions are gone.
  void Run();
  // Closes the listening sockets, and then counts `closed` down. Only while Run() runs.
  void StopAccepting(std::latch& closed);
  // Tells the sessions.
  void Stop();

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
  struct Listening {
    Acceptor acceptor;
    const Profile& profile;
  };

  asio::awaitable<void> AcceptLoop(Listening& listening);
  void Serve(Socket socket, const asio::generic::stream_protocol::endpoint& peer,
             const Profile& profile);
  // Whether there is a place left, which is then taken.
  bool TakePlace(const std::optional<IpAddress>& peer, const Profile& profile);
  bool OnceAMinute(std::atomic<std::int64_t>& last_second) const;
  void Remove(Session* session);
  void StartClock();
  void Tick();
  void StopHere();

  Shared& shared_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::list<Listening> listening_;
  asio::steady_timer clock_;
  asio::steady_timer accept_pause_;
  std::string scratch_;
  Session* sessions_ = nullptr;  // a doubly linked list
  bool ticking_ = false;
  bool stopping_ = false;  // nobody is accepted any more
  bool told_ = false;      // the sessions were
};

}  // namespace bounced::smtp

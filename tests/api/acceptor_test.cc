#include "server/api/acceptor.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <memory>
#include <utility>

namespace {

std::atomic<int> failure{0};
std::atomic<int> failures_left{0};

}  // namespace

// In place of the C library's, so that it fails as the test says.
extern "C" int accept4(int descriptor, sockaddr* address, socklen_t* size, int flags) {
  if (failures_left > 0) {
    --failures_left;
    errno = failure;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, descriptor, address, size, flags));
}

namespace bounced::api {
namespace {

class PromisingTaker final : public Acceptor::Taker {
 public:
  explicit PromisingTaker(std::promise<int> taken) : taken_(std::move(taken)) {}
  void HandleNewConnection(NewConnectionParameters* connection) override {
    taken_.set_value(connection->fd);
  }

 private:
  std::promise<int> taken_;
};

// How long a connection waits that is taken only after these failures.
std::chrono::milliseconds WaitAfter(int times, int error) {
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listening, generic, size), 0);
  EXPECT_EQ(::listen(listening, 1), 0);
  EXPECT_EQ(::getsockname(listening, generic, &size), 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(client, generic, size), 0);

  failure = error;
  failures_left = times;
  std::promise<int> promise;
  std::future<int> taken = promise.get_future();
  const auto begin = std::chrono::steady_clock::now();
  const Acceptor acceptor(listening, std::make_unique<PromisingTaker>(std::move(promise)));
  const int connection = taken.get();
  const auto end = std::chrono::steady_clock::now();
  EXPECT_EQ(failures_left, 0);
  ::close(connection);
  ::close(client);
  return std::chrono::duration_cast<std::chrono::milliseconds>(end - begin);
}

TEST(AcceptorTest, RestsWhereNoConnectionCanBeTakenAndGoesOn) {
  for (const int error : {EMFILE, ENOBUFS, EPERM, EINVAL}) {
    EXPECT_GE(WaitAfter(2, error), std::chrono::milliseconds(190)) << error;
  }
}

// Of one connection alone, or of none.
TEST(AcceptorTest, GoesOnAtOnceWhereTheFailureIsNotItsOwn) {
  for (const int error : {ECONNABORTED, EINTR, EAGAIN}) WaitAfter(1'000, error);
}

}  // namespace
}  // namespace bounced::api

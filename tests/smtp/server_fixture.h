// A Server with a receiver and a clock that tests hold in hand.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/smtp/server.h"

namespace bounced::smtp {

class ManualClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1'700'000'000) + Passed(); }
  absl::Time Steady() const override { return absl::UnixEpoch() + Passed(); }
  void Advance(absl::Duration duration) { nanoseconds_ += absl::ToInt64Nanoseconds(duration); }

 private:
  absl::Duration Passed() const { return absl::Nanoseconds(nanoseconds_.load()); }
  std::atomic<std::int64_t> nanoseconds_ = 0;
};

struct Message {
  Envelope envelope;
  std::string client_address;
  std::string text;
  absl::AnyInvocable<void(absl::StatusOr<MessageIds>)> done;
};

// Takes what comes, and answers commits at once or when it is told to.
class FakeReceiver final : public Receiver {
 public:
  absl::Status Admit() override { return absl::OkStatus(); }
  absl::Status Vouch(const ForwardPath& path, absl::Time now) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    vouch_time_ = now;
    return path.local_part == "forged" ? absl::PermissionDeniedError("") : absl::OkStatus();
  }
  void Commit(Envelope envelope, std::string client_address, std::string message,
              absl::AnyInvocable<void(absl::StatusOr<MessageIds>)> done) override {
    if (at_once) return done(MessageIds(envelope.recipients.size(), "id-at-once"));
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(
        {std::move(envelope), std::move(client_address), std::move(message), std::move(done)});
    came_.notify_one();
  }
  // The next message that waits for its commit.
  Message Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    came_.wait(lock, [this] { return !waiting_.empty(); });
    Message message = std::move(waiting_.front());
    waiting_.pop_front();
    return message;
  }
  absl::Time vouch_time() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return vouch_time_;
  }

  std::atomic<bool> at_once = false;

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Message> waiting_;
  absl::Time vouch_time_;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    EXPECT_EQ(::pipe2(log_pipe_, O_CLOEXEC | O_NONBLOCK), 0);
    // With levels, so that a test can ask for no error: "<3>".
    log_.emplace(LogLevel::kInfo, true, log_pipe_[1]);
    options_.listen = {{.address = "127.0.0.1:0"}};
    options_.hostname = "mx.example.net";
    options_.threads = 1;
    // Clients of tests come from this machine.
    options_.limits.reserved_sessions = 0;
    // Time passes when a test says so, and then for what it is about only.
    options_.limits.session_lifetime = absl::Hours(1000);
    options_.limits.command_timeout = absl::Hours(1000);
  }
  ~ServerTest() override {
    server_.reset();
    ::close(log_pipe_[0]);
    ::close(log_pipe_[1]);
  }

  void Listen() {
    auto server = Server::Listen(options_, receiver_, clock_, *log_, counters_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    address_ = server_->addresses().front();
  }
  void Start() {
    Listen();
    server_->Start();
  }
  // Reads the log until it holds this.
  std::string WaitForLog(std::string_view what) {
    while (log_text_.find(what) == std::string::npos) {
      if (ReadLog(60'000)) continue;
      ADD_FAILURE() << "the log never says " << what;
      return "<silence>";
    }
    return log_text_;
  }
  // How often the log holds this up to now.
  int CountInLog(std::string_view what) {
    while (ReadLog(0)) continue;
    int count = 0;
    for (std::size_t at = log_text_.find(what); at != std::string::npos;
         at = log_text_.find(what, at + 1)) {
      ++count;
    }
    return count;
  }

  bool ReadLog(int milliseconds) {
    pollfd readable{log_pipe_[0], POLLIN, 0};
    if (::poll(&readable, 1, milliseconds) <= 0) return false;
    char buffer[4096];
    const ssize_t n = ::read(log_pipe_[0], buffer, sizeof(buffer));
    if (n > 0) log_text_.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }

  ServerOptions options_;
  FakeReceiver receiver_;
  ManualClock clock_;
  Counters counters_;
  int log_pipe_[2];
  std::optional<Log> log_;
  std::string log_text_;
  std::unique_ptr<Server> server_;
  std::string address_;
};

}  // namespace bounced::smtp

#include "server/smtp/server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/smtp/client.h"
#include "tests/smtp/server_fixture.h"

namespace {
std::atomic<int> connects = 0;
}  // namespace

// Stands before the C library's, for all that is linked here: S139.
extern "C" int connect(int fd, const sockaddr* address, socklen_t length) {
  ++connects;
  return static_cast<int>(::syscall(SYS_connect, fd, address, length));
}

namespace bounced::smtp {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::StartsWith;

TEST_F(ServerTest, S8T22MoreSessionsThanAClientMayHave) {
  options_.limits.max_sessions_per_client = 2;
  Start();
  Client first(address_), second(address_);
  EXPECT_THAT(first.Read(), StartsWith("220 "));
  EXPECT_THAT(second.Read(), StartsWith("220 "));
  {
    Client third(address_);
    EXPECT_THAT(third.Read(), StartsWith("421 4.7.0"));
    EXPECT_EQ(third.Read(), "<end>");
  }
  EXPECT_THAT(first.Ask("QUIT"), StartsWith("221 "));
  EXPECT_EQ(first.Read(), "<end>");
  WaitForLog("end=quit");
  EXPECT_THAT(log_text_, HasSubstr("end=max_sessions_per_client"));
  Client fourth(address_);
  EXPECT_THAT(fourth.Read(), StartsWith("220 "));
  EXPECT_EQ(counters_.Get(Counter::kSessionsTooMany), 1u);
}

TEST_F(ServerTest, S9T22MoreConnectionsAMinuteThanAClientMayMake) {
  options_.limits.max_connects_per_client = 1;
  Start();
  Client first(address_);
  EXPECT_THAT(first.Read(), StartsWith("220 "));
  Client second(address_);
  EXPECT_THAT(second.Read(), StartsWith("421 4.7.0"));
  WaitForLog("end=max_connects_per_client");
  clock_.Advance(absl::Seconds(61));
  Client third(address_);
  EXPECT_THAT(third.Read(), StartsWith("220 "));
}

TEST_F(ServerTest, S8S9AllowedNetworksAreExempt) {
  options_.limits.max_sessions_per_client = 1;
  options_.limits.max_connects_per_client = 1;
  options_.networks.allowed = {*IpNetwork::Parse("127.0.0.0/8")};
  Start();
  Client first(address_), second(address_);
  EXPECT_THAT(first.Read(), StartsWith("220 "));
  EXPECT_THAT(second.Read(), StartsWith("220 "));
}

TEST_F(ServerTest, S6WhoIsDeniedIsServedNothing) {
  options_.networks.denied = {*IpNetwork::Parse("127.0.0.1")};
  options_.limits.error_delay = absl::ZeroDuration();
  Start();
  Client client(address_);
  EXPECT_THAT(client.Read(), StartsWith("554 mx.example.net"));
  EXPECT_THAT(client.Ask("EHLO client.example"), StartsWith("503 5.7.0"));
  EXPECT_THAT(client.Ask("MAIL FROM:<>"), StartsWith("503 5.7.0"));
  EXPECT_THAT(client.Ask("quit"), StartsWith("221 2.0.0"));
  EXPECT_EQ(client.Read(), "<end>");
  Client idle(address_);
  EXPECT_THAT(idle.Read(), StartsWith("554 "));
  clock_.Advance(absl::Seconds(11));
  EXPECT_THAT(idle.Read(), StartsWith("421 4.4.2"));
  EXPECT_EQ(idle.Read(), "<end>");
  server_->Stop();
  EXPECT_EQ(CountInLog("end=denied"), 2);
}

TEST_F(ServerTest, S6S8T22WhoIsDeniedTakesNoMorePlacesThanOthers) {
  options_.networks.denied = {*IpNetwork::Parse("127.0.0.1")};
  options_.limits.max_sessions_per_client = 1;
  Start();
  Client first(address_);
  EXPECT_THAT(first.Read(), StartsWith("554 mx.example.net"));
  Client second(address_);
  EXPECT_THAT(second.Read(), StartsWith("421 4.7.0"));
  EXPECT_EQ(second.Read(), "<end>");
}

TEST_F(ServerTest, S5S11WhoSpeaksWhileTheBannerWaitsIsSentAway) {
  options_.limits.banner_delay = absl::Milliseconds(300);
  Start();
  Client client(address_);
  client.Send("EHLO client.example\r\n");
  EXPECT_THAT(client.Read(), StartsWith("554 5.5.0"));
  EXPECT_EQ(client.Read(), "<end>");
  const auto start = std::chrono::steady_clock::now();
  Client patient(address_);
  EXPECT_THAT(patient.Read(), StartsWith("220 "));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(300));
}

TEST_F(ServerTest, T12WhoGuessesReturnPathsWaits) {
  options_.limits.max_bad_recipients_per_client = 2;
  options_.limits.error_delay = absl::Milliseconds(300);
  Start();
  Client client(address_);
  EXPECT_THAT(client.Read(), StartsWith("220 "));
  EXPECT_THAT(client.Ask("EHLO client.example"), StartsWith("250 "));
  EXPECT_THAT(client.Ask("MAIL FROM:<>"), StartsWith("250 "));
  EXPECT_THAT(client.Ask("RCPT TO:<forged@rp.example>"), StartsWith("550 5.1.1"));
  EXPECT_THAT(client.Ask("RCPT TO:<forged@rp.example>"), StartsWith("550 5.1.1"));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(client.Ask("RCPT TO:<forged@rp.example>"), StartsWith("550 5.1.1"));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(300));
  // Its good mail does not wait.
  EXPECT_THAT(client.Ask("RCPT TO:<bounce@rp.example>"), StartsWith("250 2.1.5"));
}

TEST_F(ServerTest, S1S126AMessageIsAnsweredWhenItsCommitIsDone) {
  Start();
  clock_.Advance(absl::Seconds(7));
  Client client(address_), other(address_);
  client.BeginData();
  EXPECT_EQ(receiver_.vouch_time(), absl::FromUnixSeconds(1'700'000'007));
  client.Send("Subject: x\r\n\r\n..text\r\n.\r\n");
  Message message = receiver_.Take();
  // One thread serves both: by now it has done all that it does before the commit.
  EXPECT_THAT(other.Read(), StartsWith("220 "));
  EXPECT_THAT(other.Ask("NOOP"), StartsWith("250 "));
  EXPECT_TRUE(client.Silent());
  EXPECT_EQ(message.text, "Subject: x\r\n\r\n.text\r\n");
  EXPECT_EQ(message.client_address, "127.0.0.1");
  EXPECT_EQ(message.envelope.helo, "client.example");
  ASSERT_EQ(message.envelope.recipients.size(), 1u);
  EXPECT_EQ(message.envelope.recipients[0].path.local_part, "bounce");
  EXPECT_EQ(message.envelope.recipients[0].vouch_time, absl::FromUnixSeconds(1'700'000'007));
  message.done(MessageIds{"id-7"});
  EXPECT_EQ(client.Read(), "250 2.0.0 Ok: id-7");
  EXPECT_THAT(client.Ask("QUIT"), StartsWith("221 2.0.0"));
  EXPECT_EQ(client.Read(), "<end>");
  const std::string log = WaitForLog("smtp.session ");
  EXPECT_THAT(log, HasSubstr("result=stored octets=21 message=id-7"));
  EXPECT_THAT(log, testing::Not(HasSubstr("bounce")));
  EXPECT_EQ(counters_.Get(Counter::kSessions), 2u);
}

TEST_F(ServerTest, ARefusalNamesItsSessionAsTheLogDoes) {
  Start();
  Client client(address_);
  EXPECT_THAT(client.Read(), StartsWith("220 "));
  EXPECT_THAT(client.Ask("EHLO client.example"), StartsWith("250 "));
  EXPECT_EQ(client.Ask("MAIL FROM:<>"), "250 2.1.0 Sender ok");
  const std::string reply = client.Ask("RCPT TO:<forged@rp.example>");
  EXPECT_THAT(reply, AllOf(StartsWith("550 5.1.1 "), EndsWith("]")));
  const std::string id = reply.substr(reply.rfind('[') + 1, reply.size() - reply.rfind('[') - 2);
  EXPECT_THAT(client.Ask("nonsense"), EndsWith(" [" + id + "]"));
  EXPECT_EQ(client.Ask("QUIT"), "221 2.0.0 Bye");
  EXPECT_THAT(WaitForLog("smtp.session "),
              AllOf(HasSubstr("smtp.session session=" + id + " "), HasSubstr(" refused=1 ")));
}

TEST_F(ServerTest, EachReplyIsInTheLogForWhoLooksForAFault) {
  log_.emplace(LogLevel::kDebug, true, log_pipe_[1]);
  Start();
  Client client(address_);
  EXPECT_THAT(client.Read(), StartsWith("220 "));
  EXPECT_THAT(client.Ask("EHLO client.example"), StartsWith("250 "));
  EXPECT_THAT(client.Ask("QUIT"), StartsWith("221 "));
  EXPECT_THAT(WaitForLog("smtp.session "), AllOf(HasSubstr(R"(text="220 mx.example.net ESMTP")"),
                                                 HasSubstr(R"(text="250-mx.example.net\r\n250-)"),
                                                 HasSubstr(R"(text="221 2.0.0 Bye")")));
}

TEST_F(ServerTest, S105AGroupInOnePacketIsAnsweredInOrder) {
  receiver_.at_once = true;
  Start();
  Client client(address_);
  ASSERT_THAT(client.Read(), StartsWith("220 "));
  ASSERT_THAT(client.Ask("EHLO client.example"), StartsWith("250 "));
  client.Send(
      "MAIL FROM:<>\r\nRCPT TO:<forged@rp.example>\r\nRCPT TO:<b@rp.example>\r\n"
      "BDAT 3\r\noneBDAT 3 LAST\r\ntwoRSET\r\nQUIT\r\n");
  for (std::string_view want : {"250 2.1.0", "550 5.1.1", "250 2.1.5", "250 2.0.0",
                                "250 2.0.0 Ok: id-at-once", "250 2.0.0", "221 2.0.0", "<end>"}) {
    EXPECT_THAT(client.Read(), StartsWith(std::string(want)));
  }
}

TEST_F(ServerTest, S106WhatWasAnsweredIsSentBeforeACommitIsWaitedFor) {
  Start();
  Client client(address_);
  ASSERT_THAT(client.Read(), StartsWith("220 "));
  ASSERT_THAT(client.Ask("EHLO client.example"), StartsWith("250 "));
  client.Send("MAIL FROM:<>\r\nRCPT TO:<b@rp.example>\r\nBDAT 1 LAST\r\nxNOOP\r\n");
  EXPECT_THAT(client.Read(), StartsWith("250 2.1.0"));
  EXPECT_THAT(client.Read(), StartsWith("250 2.1.5"));
  receiver_.Take().done(MessageIds{"1"});
  EXPECT_EQ(client.Read(), "250 2.0.0 Ok: 1");
  EXPECT_EQ(client.Read(), "250 2.0.0 Ok");
}

TEST_F(ServerTest, S5InputBeforeTheBannerIsNotRun) {
  Listen();
  Client client(address_);
  client.Send("EHLO client.example\r\n");
  server_->Start();
  EXPECT_THAT(client.Read(), StartsWith("554 5.5.0"));
  EXPECT_EQ(client.Read(), "<end>");
}

TEST_F(ServerTest, S7T22OneSessionTooManyIsToldAndTheOthersGoOn) {
  options_.limits.max_sessions = 2;
  Start();
  Client first(address_);
  EXPECT_THAT(first.Read(), StartsWith("220 "));
  {
    Client second(address_);
    EXPECT_THAT(second.Read(), StartsWith("220 "));
    Client third(address_);
    EXPECT_THAT(third.Read(), StartsWith("421 4.3.2"));
    EXPECT_EQ(third.Read(), "<end>");
    Client another(address_);
    EXPECT_THAT(another.Read(), StartsWith("421 4.3.2"));
    WaitForLog("smtp.full max_sessions=2");
    EXPECT_THAT(first.Ask("NOOP"), StartsWith("250"));
    EXPECT_THAT(second.Ask("QUIT"), StartsWith("221"));
    EXPECT_EQ(second.Read(), "<end>");
  }
  Client fourth(address_);
  EXPECT_THAT(fourth.Read(), StartsWith("220 "));
  EXPECT_EQ(CountInLog("smtp.full"), 1) << "in a minute";
}

TEST_F(ServerTest, T22PlacesAreReservedForThisMachine) {
  options_.limits.max_sessions = 2;
  options_.limits.reserved_sessions = 1;
  Start();
  std::deque<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(address_);
    EXPECT_THAT(clients.back().Read(), StartsWith("220 "));
  }
  Client fourth(address_);
  EXPECT_THAT(fourth.Read(), StartsWith("421 4.3.2"));
}

TEST_F(ServerTest, T19ItsThreadsStandBackBehindTheOthers) {
  options_.threads = 2;
  const auto behind = [own = ::getpriority(PRIO_PROCESS, 0)] {
    int count = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      const auto thread = static_cast<id_t>(std::stoul(task.path().filename()));
      if (::getpriority(PRIO_PROCESS, thread) > own) ++count;
    }
    return count;
  };
  EXPECT_EQ(behind(), 0);
  Start();
  Client client(address_);
  EXPECT_THAT(client.Read(), StartsWith("220 "));
  EXPECT_THAT(behind(), AllOf(Ge(1), Le(2)));
}

TEST_F(ServerTest, S12T22AcceptingRestsWhenThereAreNoDescriptors) {
  Start();
  Client client;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // The lowest number that is free: no descriptor from there on.
  const int lowest = ::dup(0);
  ASSERT_GE(lowest, 0);
  ::close(lowest);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  client.Connect(address_);
  const std::string log = WaitForLog("smtp.accept_failed");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(client.Read(), StartsWith("220 "));
  EXPECT_EQ(log.find("smtp.accept_failed", log.find("smtp.accept_failed") + 1), std::string::npos);
}

TEST_F(ServerTest, S13S137AClientThatVanishesLeavesNothingBehind) {
  Start();
  Client client(address_);
  client.BeginData();
  client.Send("text\r\n.\r\n");
  Message message = receiver_.Take();
  client.Reset();
  message.done(MessageIds{"id"});
  WaitForLog("smtp.session ");
  EXPECT_EQ(log_text_.find("<3>"), std::string::npos);
  server_->Stop();

  Start();
  Client other(address_);
  other.BeginData();
  other.Send("half a message");
  other.Reset();
  log_text_.clear();
  EXPECT_THAT(WaitForLog("smtp.session "), HasSubstr("messages=0"));
}

TEST_F(ServerTest, S133ALateCommitIsAnswered451AndItsResultIgnored) {
  Start();
  Client client(address_);
  client.BeginData();
  client.Send("text\r\n.\r\n");
  Message message = receiver_.Take();
  clock_.Advance(options_.limits.commit_timeout);
  EXPECT_THAT(client.Read(), StartsWith("451 4.3.0"));
  message.done(MessageIds{"late"});
  EXPECT_THAT(client.Ask("NOOP"), StartsWith("250 2.0.0"));
  EXPECT_EQ(counters_.Get(Counter::kMessagesDeferred), 1u);
}

TEST_F(ServerTest, S133ACommitWithinItsTimeIsAnswered250) {
  Start();
  Client client(address_);
  client.BeginData();
  client.Send("text\r\n.\r\n");
  Message message = receiver_.Take();
  clock_.Advance(options_.limits.commit_timeout - absl::Seconds(1));
  message.done(MessageIds{"1"});
  EXPECT_EQ(client.Read(), "250 2.0.0 Ok: 1");
}

TEST_F(ServerTest, S133AResultMayComeWhenTheServerIsGone) {
  Start();
  Client client(address_);
  client.BeginData();
  client.Send("text\r\n.\r\n");
  Message message = receiver_.Take();
  clock_.Advance(options_.limits.commit_timeout);
  EXPECT_THAT(client.Read(), StartsWith("451 4.3.0"));
  server_.reset();
  message.done(MessageIds{"late"});
  EXPECT_THAT(client.Read(), StartsWith("421 4.3.2"));
}

TEST_F(ServerTest, S120T21SilenceIsAnswered421) {
  options_.limits.command_timeout = absl::Seconds(300);
  Start();
  Client client(address_);
  EXPECT_THAT(client.Read(), StartsWith("220 "));
  clock_.Advance(absl::Seconds(299));
  EXPECT_THAT(client.Ask("NOOP"), StartsWith("250"));
  clock_.Advance(absl::Seconds(300));
  EXPECT_THAT(client.Read(), StartsWith("421 4.4.2"));
  EXPECT_EQ(client.Read(), "<end>");
  EXPECT_THAT(WaitForLog("smtp.session "), HasSubstr("end=timeout"));
}

TEST_F(ServerTest, S121T21SlowDataIsAnswered421AndNothingStored) {
  Start();
  Client client(address_);
  client.BeginData();
  client.Send("text\r\n");
  clock_.Advance(absl::Seconds(300));
  EXPECT_THAT(client.Read(), StartsWith("421 4.4.2"));
  EXPECT_EQ(client.Read(), "<end>");
}

TEST_F(ServerTest, S120OverloadIsNineTenthsOfTheSessionsAndEndsBelow) {
  options_.limits.max_sessions = 10;
  options_.limits.command_timeout = absl::Seconds(300);
  Start();
  std::deque<Client> clients;
  const auto connect = [&](std::size_t open) {
    while (clients.size() < open) {
      clients.emplace_back(address_);
      ASSERT_THAT(clients.back().Read(), StartsWith("220 "));
    }
  };
  const auto expect_all_late = [&] {
    for (Client& client : clients) {
      EXPECT_THAT(client.Read(), StartsWith("421 4.4.2"));
      EXPECT_EQ(client.Read(), "<end>");
    }
    clients.clear();
  };

  // Nine.
  connect(9);
  clock_.Advance(absl::Seconds(9));
  for (Client& client : clients) EXPECT_THAT(client.Ask("NOOP"), StartsWith("250"));
  clock_.Advance(absl::Seconds(10));
  expect_all_late();

  // Eight: the first one's end shows that deadlines were looked at.
  connect(1);
  clock_.Advance(absl::Seconds(11));
  connect(8);
  clock_.Advance(absl::Seconds(289));
  EXPECT_THAT(clients.front().Read(), StartsWith("421 4.4.2"));
  EXPECT_EQ(clients.front().Read(), "<end>");
  clients.pop_front();
  for (Client& client : clients) EXPECT_THAT(client.Ask("NOOP"), StartsWith("250"));

  // Nine again.
  connect(9);
  clock_.Advance(absl::Seconds(10));
  expect_all_late();
}

TEST_F(ServerTest, S121UnderOverloadSlowDataIsAnswered421AndNothingStored) {
  options_.limits.max_sessions = 1;
  Start();
  Client client(address_);
  client.BeginData();
  client.Send("text\r\n");
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(client.Read(), StartsWith("421 4.4.2"));
  EXPECT_EQ(client.Read(), "<end>");
  EXPECT_THAT(WaitForLog("smtp.session "), HasSubstr("messages=0"));
}

// Sends commands and reads no answer; whenever both sides are full, `step` passes. Ends when the
// server has hung up.
void SendUnread(const std::string& address, ManualClock& clock, absl::Duration step) {
  Client client;
  const int small = 4096;
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  client.Connect(address);
  ASSERT_THAT(client.Read(), StartsWith("220 "));
  std::string noops;
  while (noops.size() < 60'000) noops += "NOOP\r\n";
  // More than all buffers between the two take, and what is held for one client.
  constexpr std::size_t kFarTooMuch = 256 << 20;
  constexpr int kFarTooLong = 600;
  std::size_t sent = 0;
  for (int full = 0;;) {
    const ssize_t n = ::send(client.fd(), noops.data(), noops.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) sent += static_cast<std::size_t>(n) / 6 * 6;
    ASSERT_LT(sent, kFarTooMuch);
    if (n < 0 && errno != EAGAIN) break;
    if (n < 0) {
      // Full on both sides: now it is late. A clock that runs on meets the wait whenever it begins.
      ASSERT_LT(++full, kFarTooLong);
      clock.Advance(step);
      pollfd writable{client.fd(), POLLOUT, 0};
      ::poll(&writable, 1, 100);
    }
    if (n > 0 && static_cast<std::size_t>(n) % 6 != 0) {
      const std::size_t rest = 6 - static_cast<std::size_t>(n) % 6;
      noops = std::string("NOOP\r\n").substr(6 - rest) + noops;
    }
  }
}

TEST_F(ServerTest, S109AClientThatDoesNotReadIsNotRead) {
  options_.limits.max_junk_commands = 1'000'000'000;
  Start();
  SendUnread(address_, clock_, options_.limits.reply_timeout);
  EXPECT_THAT(WaitForLog("smtp.session "), HasSubstr("end=reply_timeout"));
}

TEST_F(ServerTest, S121T21UnderOverloadRepliesAreReadWithinSeconds) {
  options_.limits.max_sessions = 1;
  options_.limits.max_junk_commands = 1'000'000'000;
  options_.limits.reply_timeout = absl::Hours(24);
  Start();
  // In steps: while commands are still read, theirs is the clock that starts anew.
  SendUnread(address_, clock_, absl::Seconds(1));
  EXPECT_THAT(WaitForLog("smtp.session "), HasSubstr("end=reply_timeout"));
}

TEST_F(ServerTest, S109RepliesAreSentWhenTheBacklogIsFull) {
  options_.limits.max_reply_backlog = 100;
  options_.limits.max_junk_commands = 1'000'000;
  Start();
  Client client(address_);
  ASSERT_THAT(client.Read(), StartsWith("220 "));
  std::string noops;
  for (int i = 0; i < 500; ++i) noops += "NOOP\r\n";
  client.Send(noops);
  for (int i = 0; i < 500; ++i) ASSERT_THAT(client.Read(), StartsWith("250 2.0.0")) << i;
}

TEST_F(ServerTest, S28S124S125WhatAllSessionsHoldIsBounded) {
  options_.limits.inflight_bytes = 1000;
  Start();
  Client first(address_);
  ASSERT_THAT(first.Read(), StartsWith("220 "));
  ASSERT_THAT(first.Ask("HELO a"), StartsWith("250 "));
  ASSERT_THAT(first.Ask("MAIL FROM:<>"), StartsWith("250 "));
  ASSERT_THAT(first.Ask("RCPT TO:<b@rp.example>"), StartsWith("250 "));
  first.Send("BDAT 600\r\n" + std::string(600, 'a'));
  ASSERT_THAT(first.Read(), StartsWith("250 "));

  Client second(address_);
  ASSERT_THAT(second.Read(), StartsWith("220 "));
  ASSERT_THAT(second.Ask("HELO b"), StartsWith("250 "));
  EXPECT_THAT(second.Ask("MAIL FROM:<> SIZE=401"), StartsWith("452 4.3.1"));
  EXPECT_THAT(second.Ask("MAIL FROM:<> SIZE=400"), StartsWith("250 2.1.0"));
  ASSERT_THAT(second.Ask("RCPT TO:<b@rp.example>"), StartsWith("250 "));
  second.Send("BDAT 400\r\n" + std::string(400, 'b'));
  EXPECT_THAT(second.Read(), StartsWith("250 2.0.0"));
  second.Send("BDAT 1\r\nb");
  EXPECT_THAT(second.Read(), StartsWith("250 2.0.0"));
  second.Send("BDAT 0\r\n");
  EXPECT_THAT(second.Read(), StartsWith("452 4.3.1"));
  EXPECT_THAT(second.Ask("RSET"), StartsWith("250 "));

  // A commit that has begun is never shed, and counts until it is done.
  first.Send("BDAT 400 LAST\r\n" + std::string(400, 'a'));
  Message message = receiver_.Take();
  EXPECT_EQ(message.text.size(), 1000u);
  EXPECT_THAT(second.Ask("MAIL FROM:<>"), StartsWith("452 4.3.1"));
  message.done(MessageIds{"1"});
  EXPECT_EQ(first.Read(), "250 2.0.0 Ok: 1");
  EXPECT_THAT(second.Ask("MAIL FROM:<>"), StartsWith("250 2.1.0"));
  ASSERT_THAT(second.Ask("RCPT TO:<b@rp.example>"), StartsWith("250 "));
  ASSERT_THAT(second.Ask("DATA"), StartsWith("354 "));
  second.Send(std::string(100'000, 'b') + "\r\n.\r\n");
  EXPECT_THAT(second.Read(), StartsWith("451 4.3.1"));
  EXPECT_THAT(second.Ask("MAIL FROM:<> SIZE=1000"), StartsWith("250 2.1.0"));
}

TEST_F(ServerTest, S118ErrorsAreSlowedAndTheSessionGoesOn) {
  options_.limits.slow_errors = 1;
  options_.limits.error_delay = absl::Milliseconds(1);
  Start();
  Client client(address_);
  EXPECT_THAT(client.Read(), StartsWith("220 "));
  client.Send("NOOP\r\nBAD\r\nNOOP\r\n");
  EXPECT_THAT(client.Read(), StartsWith("250 "));
  EXPECT_THAT(client.Read(), StartsWith("500 5.5.2"));
  EXPECT_THAT(client.Read(), StartsWith("250 "));
}

TEST_F(ServerTest, S90AFalseEndIsCountedAndTheConnectionEnds) {
  Start();
  Client client(address_);
  client.BeginData();
  client.Send("x\n.\r\nMAIL FROM:<>\r\n.\r\nNOOP\r\n");
  EXPECT_THAT(client.Read(), StartsWith("550 5.5.2"));
  EXPECT_EQ(client.Read(), "<end>");
  EXPECT_EQ(counters_.Get(Counter::kMessagesFraming), 1u);
}

TEST_F(ServerTest, S123ATooLargeMessageIsCounted) {
  options_.limits.max_message_size = 200'000;
  Start();
  Client client(address_);
  client.BeginData();
  client.Send(std::string(199'998, 'a') + "\r\n.\r\n");
  Message message = receiver_.Take();
  EXPECT_EQ(message.text.size(), 200'000u);
  message.done(MessageIds{"1"});
  EXPECT_EQ(client.Read(), "250 2.0.0 Ok: 1");
  Client other(address_);
  other.BeginData();
  other.Send(std::string(199'999, 'a') + "\r\n.\r\n");
  EXPECT_THAT(other.Read(), StartsWith("552 5.3.4"));
  EXPECT_EQ(counters_.Get(Counter::kMessagesTooLarge), 1u);
}

TEST_F(ServerTest, S141StopTellsTheIdleAndWaitsForMessagesUnderWay) {
  Start();
  Client idle(address_);
  EXPECT_THAT(idle.Read(), StartsWith("220 "));
  Client sending(address_);
  sending.BeginData();
  sending.Send("one\r\n");
  Client waiting(address_);
  waiting.BeginData();
  waiting.Send("text\r\n.\r\n");
  Message message = receiver_.Take();

  std::thread stopper([this] { server_->Stop(); });
  EXPECT_THAT(idle.Read(), StartsWith("421 4.3.2"));
  EXPECT_EQ(idle.Read(), "<end>");
  sending.Send("two\r\n.\r\n");
  Message other = receiver_.Take();
  EXPECT_EQ(other.text, "one\r\ntwo\r\n");
  message.done(MessageIds{"1"});
  EXPECT_EQ(waiting.Read(), "250 2.0.0 Ok: 1");
  EXPECT_THAT(waiting.Read(), StartsWith("421 4.3.2"));
  other.done(MessageIds{"2"});
  EXPECT_EQ(sending.Read(), "250 2.0.0 Ok: 2");
  stopper.join();
  Client late;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(address_.substr(address_.find(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::syscall(SYS_connect, late.fd(), &to, sizeof(to)), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
}

TEST_F(ServerTest, S141AMessageThatDoesNotEndWithinDrainIsToldSo) {
  Start();
  Client sending(address_);
  sending.BeginData();
  sending.Send("one\r\n");
  Client idle(address_);
  EXPECT_THAT(idle.Read(), StartsWith("220 "));
  std::thread stopper([this] { server_->Stop(); });
  EXPECT_THAT(idle.Read(), StartsWith("421 4.3.2"));
  EXPECT_EQ(idle.Read(), "<end>");
  clock_.Advance(options_.limits.drain);
  EXPECT_THAT(sending.Read(), StartsWith("421 4.3.2"));
  stopper.join();
}

TEST_F(ServerTest, S141NobodyIsMadeToWaitWhenItStops) {
  options_.limits.slow_errors = 1;
  options_.limits.error_delay = absl::Hours(1);
  Start();
  Client slowed(address_);
  EXPECT_THAT(slowed.Read(), StartsWith("220 "));
  // What was answered goes out where the wait begins.
  slowed.Send("NOOP\r\nBAD\r\n");
  EXPECT_THAT(slowed.Read(), StartsWith("250 "));
  Client idle(address_);
  EXPECT_THAT(idle.Read(), StartsWith("220 "));
  std::thread stopper([this] { server_->Stop(); });
  EXPECT_THAT(idle.Read(), StartsWith("421 4.3.2"));
  EXPECT_THAT(slowed.Read(), StartsWith("500 5.5.2"));
  EXPECT_THAT(slowed.Read(), StartsWith("421 4.3.2"));
  stopper.join();
  EXPECT_EQ(CountInLog("end=stopping"), 2);
}

TEST_F(ServerTest, S141StopWithoutStart) {
  Listen();
  server_->Stop();
  server_->Stop();
}

TEST_F(ServerTest, ASecondServerOnThePortFails) {
  Start();
  options_.listen = {{.address = address_}};
  auto second = Server::Listen(options_, receiver_, clock_, *log_, counters_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(address_));
  server_->Stop();
  auto third = Server::Listen(options_, receiver_, clock_, *log_, counters_);
  EXPECT_TRUE(third.ok()) << third.status();
}

TEST_F(ServerTest, WhatIsNoAddressIsRefused) {
  for (const char* bad : {"", "25", ":25", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "::1:25",
                          "127.0.0.1:65536", "127.0.0.1:-1", "[]:25", "127.0.0.1:25x"}) {
    options_.listen = {{.address = bad}};
    auto server = Server::Listen(options_, receiver_, clock_, *log_, counters_);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

// Many clients on several threads, commits that end on another, and no connection of our own.
TEST_F(ServerTest, S139ManySessionsAtOnceAndNoneOfOurs) {
  constexpr int kClients = 8;
  constexpr int kMessages = 25;
  options_.threads = 3;
  Start();
  const int before = connects.load();
  std::thread committer([this] {
    for (int i = 0; i < kClients * kMessages; ++i)
      receiver_.Take().done(MessageIds{std::to_string(i)});
  });
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([this, c] {
      for (int m = 0; m < kMessages; ++m) {
        Client client(address_);
        client.BeginData();
        client.Send(std::string(static_cast<std::size_t>(100 * c + 1), 'x') + "\r\n.\r\n");
        EXPECT_THAT(client.Read(), StartsWith("250 2.0.0 Ok: "));
        EXPECT_THAT(client.Ask("QUIT"), StartsWith("221 "));
      }
    });
  }
  for (std::thread& client : clients) client.join();
  committer.join();
  server_->Stop();
  EXPECT_EQ(counters_.Get(Counter::kSessions), static_cast<std::uint64_t>(kClients * kMessages));
  EXPECT_EQ(connects.load(), before);
}

}  // namespace
}  // namespace bounced::smtp

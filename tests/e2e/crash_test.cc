// kill -9 at random instants while mail comes in: what was acknowledged is there, once; the rest is
// there as a whole or not at all; and what Check says agrees with the rows.
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/authority.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/database.h"
#include "tests/e2e/harness/instants.h"
#include "tests/e2e/harness/minter.h"
#include "tests/e2e/harness/report.h"

namespace bounced::e2e {
namespace {

constexpr int kSessions = 6;
constexpr std::uint64_t kRounds = 10;
constexpr std::uint64_t kMostBeforeTheKill = 300;
// About as long as a message takes.
constexpr std::chrono::microseconds kOneMessage{3'000};

// One message that was sent, to the return paths of one or two recipients.
struct Sent {
  std::vector<std::string> recipients;
  std::string message;
  std::string id;  // that the 250 named; empty: there was no 250
};

// Sends different messages over one connection after the other until the daemon is gone.
class Sender {
 public:
  Sender(std::uint16_t port, std::string name, const Minter& minter,
         std::atomic<std::uint64_t>& acknowledged)
      : port_(port), name_(std::move(name)), minter_(minter), acknowledged_(acknowledged) {}

  void Run() {
    try {
      while (Session()) continue;
    } catch (const std::runtime_error&) {
      // Nobody listens any more.
    }
  }

  const std::vector<Sent>& sent() const { return sent_; }

 private:
  // False: the daemon is gone.
  bool Session() {
    SmtpClient client(port_);
    if (client.Greet().code != 250) return false;
    for (int i = 0; i < 20; ++i) {
      if (!Transaction(client)) return false;
    }
    return true;
  }

  bool Transaction(SmtpClient& client) {
    const std::string number = std::to_string(sent_.size());
    Sent mail;
    mail.recipients.push_back(name_ + '.' + number + "@rcpt.example");
    if (sent_.size() % 4 == 3) {
      mail.recipients.push_back(name_ + '.' + number + ".second@rcpt.example");
    }
    if (client.Command("MAIL FROM:<>").code != 250) return false;
    for (const std::string& recipient : mail.recipients) {
      const std::string return_path = minter_.Mint(recipient);
      if (client.Command("RCPT TO:<" + return_path + ">").code != 250) return false;
    }
    mail.message = Compose({.recipient = mail.recipients[0],
                            .message_id = number + '.' + name_ + "@sender.example",
                            .returned_octets = 100 + 997 * (sent_.size() % 7)});
    sent_.push_back(mail);
    const SmtpReply reply = client.Data(mail.message);
    if (reply.code != 250) return false;
    sent_.back().id = reply.id();
    ++acknowledged_;
    return true;
  }

  const std::uint16_t port_;
  const std::string name_;
  const Minter& minter_;
  std::atomic<std::uint64_t>& acknowledged_;
  std::vector<Sent> sent_;
};

// Checks one message against the daemon that was started again; whether it is there.
bool VerifyMessage(Daemon& daemon, const Sent& mail) {
  std::size_t stored = 0;
  const std::vector<std::string> ids = absl::StrSplit(mail.id, ',', absl::SkipEmpty());
  if (!ids.empty() && ids.size() != mail.recipients.size()) {
    ADD_FAILURE() << mail.id;
    return false;
  }
  for (std::size_t i = 0; i < mail.recipients.size(); ++i) {
    const std::string& recipient = mail.recipients[i];
    const std::vector<v1::Event> events = daemon.api().Events(recipient);
    EXPECT_LE(events.size(), 1U) << "counted twice";
    stored += events.size();
    const v1::Verdict want = events.empty() ? v1::VERDICT_SEND : v1::VERDICT_SUPPRESSED;
    EXPECT_EQ(daemon.Check(recipient), want) << "index and rows differ";
    if (events.empty()) continue;
    EXPECT_EQ(daemon.api().Evidence(events[0].id()), mail.message);
    if (!ids.empty()) {
      EXPECT_EQ(std::to_string(events[0].message_id()), ids.at(i));
    }
  }
  EXPECT_TRUE(stored == 0 || stored == mail.recipients.size()) << "half of a transaction";
  EXPECT_TRUE(mail.id.empty() || stored != 0) << "acknowledged and lost";
  return stored != 0;
}

TEST(Crash, S126T56NothingAcknowledgedIsLostAndNothingIsThereInPart) {
  Instants instants(kRounds);
  SCOPED_TRACE(instants.trace());
  const Minter minter(kBounceDomain, kReturnPathSecret);
  const Authority authority;  // to make a certificate takes longer than all else at a start
  // All are of one domain.
  Daemon daemon({.sections = authority.Section() + "[policy]\ndomain_burst = 0\n"});
  std::set<std::string> suppressed;
  std::uint64_t acknowledged_in_all = 0;
  std::uint64_t under_way = 0;  // messages that were sent, and not answered yet
  for (std::uint64_t round = 0; round < instants.rounds(); ++round) {
    std::atomic<std::uint64_t> acknowledged = 0;
    std::vector<Sender> senders;
    for (int i = 0; i < kSessions; ++i) {
      senders.emplace_back(daemon.smtp_port(),
                           "r" + std::to_string(round) + "s" + std::to_string(i), minter,
                           acknowledged);
    }
    std::vector<std::thread> threads;
    for (Sender& sender : senders) threads.emplace_back([&sender] { sender.Run(); });
    // An instant somewhere in the course of a message: so many were acknowledged, and then some.
    const std::uint64_t enough = instants.Below(kMostBeforeTheKill);
    EXPECT_TRUE(Eventually([&] { return acknowledged >= enough; }));
    std::this_thread::sleep_for(instants.Within(kOneMessage));
    EXPECT_EQ(daemon.Stop(SIGKILL), 128 + SIGKILL) << "it had ended by itself";
    for (std::thread& thread : threads) thread.join();

    daemon.Restart();
    for (const Sender& sender : senders) {
      under_way += !sender.sent().empty() && sender.sent().back().id.empty();
      for (const Sent& mail : sender.sent()) {
        if (VerifyMessage(daemon, mail))
          suppressed.insert(mail.recipients.begin(), mail.recipients.end());
      }
    }
    acknowledged_in_all += acknowledged;
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  EXPECT_GE(acknowledged_in_all, instants.rounds());
  EXPECT_GT(under_way, 0u) << "no message was cut";

  // The rows, by both ways of reading them, are those of the messages and no others.
  std::set<std::string> listed;
  for (const v1::Suppression& row : daemon.api().Suppressions()) {
    EXPECT_TRUE(listed.insert(row.address()).second) << "listed twice";
  }
  std::set<std::string> exported;
  for (const v1::Suppression& row : daemon.api().Export()) exported.insert(row.address());
  EXPECT_EQ(listed, suppressed);
  EXPECT_EQ(exported, suppressed);
  daemon.Stop(SIGKILL);
  ExpectWhole(daemon.data_dir());
  RecordProperty("kills", std::to_string(instants.rounds()));
  RecordProperty("under_way", std::to_string(under_way));
  RecordProperty("acknowledged", std::to_string(acknowledged_in_all));
}

}  // namespace
}  // namespace bounced::e2e

// A disk that is full: mail waits at its sender, nothing is lost or half there, and when there is
// space again the daemon goes on by itself.
#include <signal.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/minter.h"
#include "tests/e2e/harness/report.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using testing::StartsWith;

constexpr std::size_t kDiskOctets = 32 << 20;

// A file system of the test's own.
class TinyDisk {
 public:
  TinyDisk() {
    const std::string size = "size=" + std::to_string(kDiskOctets);
    if (mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, size.c_str()) != 0) {
      unavailable_ = std::string("cannot mount a tmpfs: ") + std::strerror(errno);
    }
  }
  ~TinyDisk() {
    if (unavailable_.empty()) umount2(dir_.path().c_str(), MNT_DETACH);
  }

  // Why there is none; empty: there is.
  const std::string& unavailable() const { return unavailable_; }
  std::string data() const { return dir_ / "data"; }

  // Leaves so many octets free.
  void Fill(std::size_t leave) {
    std::ofstream file(dir_ / "filler", std::ios::binary | std::ios::app);
    const std::string block(4096, 'x');
    while (file && Free() > leave) file.write(block.data(), 4096).flush();
  }
  void Empty() { unlink((dir_ / "filler").c_str()); }

 private:
  std::size_t Free() const {
    struct statvfs disk {};
    statvfs(dir_.path().c_str(), &disk);
    return disk.f_bavail * disk.f_frsize;
  }

  TempDir dir_;
  std::string unavailable_;
};

class DiskFullTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!disk_.unavailable().empty()) BOUNCED_SKIP(disk_.unavailable());
  }

  TinyDisk disk_;
};

TEST_F(DiskFullTest, S131T27WithLittleSpaceLeftMailIsPutOffBeforeItsData) {
  Daemon daemon({.sections = "[store]\nmin_free = 8388608\n", .data_dir = disk_.data()});
  // What a session that begins now is told at MAIL.
  const auto mail = [&daemon] {
    SmtpClient session(daemon.smtp_port());
    return session.Greet().code == 250 ? session.Command("MAIL FROM:<>") : SmtpReply{};
  };
  EXPECT_EQ(mail().code, 250);
  disk_.Fill(4 << 20);
  // The daemon looks now and then, not at each MAIL.
  ASSERT_TRUE(Eventually([&] { return mail().code != 250; }));
  const SmtpReply reply = mail();
  EXPECT_EQ(reply.code, 452);
  EXPECT_THAT(reply.text, StartsWith("4.3.1"));
  disk_.Empty();
  EXPECT_TRUE(Eventually([&] { return mail().code == 250; }));
}

// A report with a body that does not compress.
std::string LargeReport(const std::string& recipient, std::mt19937& random) {
  std::string message = Compose({.recipient = recipient});
  for (int line = 0; line < 2000; ++line) {
    for (int i = 0; i < 76; ++i) message += static_cast<char>('!' + random() % 90);
    message += "\r\n";
  }
  return message;
}

// S130.
TEST_F(DiskFullTest, S130AMessageThatDoesNotFitIsPutOffAndWhatWasAcknowledgedStays) {
  Daemon daemon({.sections = "[store]\nmin_free = 0\n", .data_dir = disk_.data()});
  const Minter minter(kBounceDomain, kReturnPathSecret);
  std::mt19937 random(1);
  std::set<std::string> acknowledged;
  SmtpReply reply;
  std::string refused;
  const auto send = [&](int number) {
    refused = "nobody" + std::to_string(number) + "@rcpt.example";
    reply = daemon.Send("", minter.Mint(refused), LargeReport(refused, random));
    if (reply.code == 250) acknowledged.insert(refused);
    return reply.code == 250;
  };
  ASSERT_TRUE(send(0)) << reply.text;
  disk_.Fill(1 << 20);
  int number = 1;
  while (send(number)) ASSERT_LT(++number, 500) << "the disk was never full";
  EXPECT_EQ(reply.code, 452);
  EXPECT_THAT(reply.text, StartsWith("4.3.1"));
  EXPECT_EQ(daemon.Check(refused), v1::VERDICT_SEND);
  EXPECT_EQ(daemon.api().Events(refused).size(), 0U);
  for (const std::string& recipient : acknowledged) {
    EXPECT_EQ(daemon.Check(recipient), v1::VERDICT_SUPPRESSED);
  }

  disk_.Empty();
  EXPECT_TRUE(Eventually([&] { return send(number); }, std::chrono::seconds(10))) << reply.text;
  daemon.Stop(SIGKILL);
  daemon.Restart();
  EXPECT_EQ(daemon.api().Events().size(), acknowledged.size());
  for (const std::string& recipient : acknowledged) {
    EXPECT_EQ(daemon.Check(recipient), v1::VERDICT_SUPPRESSED);
  }
}

}  // namespace
}  // namespace bounced::e2e

// A key of return paths that leaked: it is revoked at once and for good, what rests on it is found
// and undone, and its octets are nowhere but in its file.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/report.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kDomain(kBounceDomain);
constexpr char kPlain[] = "plain@bounces.example";

// Two keys, of which a signs, and return paths that are not signed beside them.
DaemonOptions TwoKeys(const TempDir& dir) {
  WriteFile(dir / "b.key", std::string(64, 'b'), 0600);
  return {.return_path = "signing = 'optional'\n[[return_path.key]]\nid = 'b'\nsecret_file = '" +
                         (dir / "b.key") + "'\n",
          .sections = "[log]\nlevel = 'debug'\n"};
}

class RevokeTest : public testing::Test {
 protected:
  int Bounce(const std::string& return_path, const std::string& recipient) {
    return daemon_.Send("", return_path, Compose({.recipient = recipient})).code;
  }
  // To a return path that is not signed, about mail that went out with one that is.
  int BounceReturning(const std::string& return_path, const std::string& recipient) {
    std::string report = Compose({.recipient = recipient});
    constexpr std::string_view kReturned = "\r\nReceived: from app.sender.example";
    report.insert(report.find(kReturned) + 2, "Return-Path: <" + return_path + ">\r\n");
    return daemon_.Send("", kPlain, report).code;
  }
  Outcome Revoke(const std::string& key) {
    return daemon_.Bouncectl({"return-path", "revoke", "--domain", kDomain, key});
  }
  // Of `key`, in the shell.
  std::string ListOf(const std::string& key) const {
    return "\"$BOUNCECTL\" list --in-force --return-path-domain " + kDomain +
           " --return-path-key " + key;
  }
  Outcome Shell(const std::string& command) {
    return RunProgram({"sh", "-c", command}, {"BOUNCECTL=" + Program("bouncectl"),
                                              "BOUNCED_SERVER=" + daemon_.grpc_address()});
  }

  const TempDir dir_;
  const DaemonOptions options_ = TwoKeys(dir_);
  Daemon daemon_{options_};
};

TEST_F(RevokeTest, T16ALeakedKeyIsRevokedAndWhatRestsOnItUndone) {
  const std::string before = daemon_.Mint("unused@rcpt.example");
  EXPECT_THAT(before, StartsWith("bo-a-"));
  EXPECT_EQ(Bounce(daemon_.Mint("gone@rcpt.example"), "gone@rcpt.example"), 250);
  EXPECT_EQ(BounceReturning(daemon_.Mint("returned@rcpt.example"), "returned@rcpt.example"), 250);
  EXPECT_EQ(daemon_.Check("gone@rcpt.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(daemon_.Check("returned@rcpt.example"), v1::VERDICT_SUPPRESSED);

  const Outcome revoked = Revoke("a");
  EXPECT_EQ(revoked.status, 0) << revoked.err;
  EXPECT_THAT(revoked.out, HasSubstr("\nkey b signs now\n2 suppressions in force rest on it:\n"));
  const auto expect_revoked = [&] {
    EXPECT_EQ(Bounce(before, "unused@rcpt.example"), 550);
    EXPECT_THAT(daemon_.Bouncectl({"return-path", "verify", before}).out,
                HasSubstr("the key that it names was revoked"));
    EXPECT_EQ(BounceReturning(before, "unused@rcpt.example"), 250) << "stored as unverified";
    EXPECT_EQ(daemon_.Check("unused@rcpt.example"), v1::VERDICT_SEND);
    EXPECT_THAT(daemon_.Mint("next@rcpt.example"), StartsWith("bo-b-"));
    EXPECT_THAT(daemon_.Bouncectl({"return-path", "keys"}).out,
                HasSubstr(kDomain + "\ta\treturn_path\trevoked\t-\t"));
  };
  expect_revoked();
  EXPECT_TRUE(daemon_.Reconfigure(options_, "config.reloaded"));
  expect_revoked();
  daemon_.Stop(SIGKILL);
  daemon_.Restart();
  expect_revoked();
  EXPECT_THAT(daemon_.log(), HasSubstr("return_path.key_is_revoked domain=" + kDomain + " key=a"));

  EXPECT_EQ(Bounce(daemon_.Mint("other@rcpt.example"), "other@rcpt.example"), 250);
  const Outcome listed = Shell(ListOf("a") + " | cut -f1 | sort");
  EXPECT_EQ(listed.out, "gone@rcpt.example\nreturned@rcpt.example\n") << listed.err;
  const Outcome undone =
      Shell(ListOf("a") + R"sh( --json | sed -n 's/.*"address":"\([^"]*\)".*/\1/p')sh" +
            R"sh( | "$BOUNCECTL" remove --source bounce --cause 'key a leaked' -)sh");
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(std::count(undone.out.begin(), undone.out.end(), '\n'), 2);
  EXPECT_EQ(daemon_.Check("gone@rcpt.example"), v1::VERDICT_SEND);
  EXPECT_EQ(daemon_.Check("returned@rcpt.example"), v1::VERDICT_SEND);
  EXPECT_EQ(daemon_.Check("other@rcpt.example"), v1::VERDICT_SUPPRESSED) << "it rests on key b";
  EXPECT_EQ(Shell(ListOf("a")).out, "");
  EXPECT_THAT(daemon_.Bouncectl({"explain", "gone@rcpt.example"}).out, HasSubstr("(key a leaked)"));
}

TEST_F(RevokeTest, ADomainWithoutAnotherKeyMintsNothing) {
  EXPECT_EQ(Revoke("b").status, 0);
  EXPECT_THAT(daemon_.Mint("r@rcpt.example"), StartsWith("bo-a-"));
  EXPECT_THAT(Revoke("a").out, HasSubstr("\nno key signs now: "));
  const Outcome minted =
      daemon_.Bouncectl({"return-path", "mint", "--recipient", "r@rcpt.example"});
  EXPECT_EQ(minted.status, 1);
  EXPECT_EQ(Revoke("c").status, 1);
}

// All ways to write `secret` that a file may hold it in.
std::vector<std::string> WritingsOf(std::string_view secret) {
  std::vector<std::string> writings = {std::string(secret)};
  const std::string hex = absl::BytesToHexString(absl::string_view(secret.data(), secret.size()));
  writings.push_back(hex);
  writings.push_back(absl::AsciiStrToUpper(hex));
  // Wherever it begins in what is encoded, one of these begins with a group of three octets.
  for (std::size_t first = 0; first < 3; ++first) {
    const std::string_view rest = secret.substr(first);
    const absl::string_view groups(rest.data(), rest.size() / 3 * 3);
    writings.push_back(absl::Base64Escape(groups));
    writings.push_back(absl::WebSafeBase64Escape(groups));
  }
  return writings;
}

TEST_F(RevokeTest, T16TheOctetsOfAKeyAreNowhere) {
  const std::string minted = daemon_.Mint("gone@rcpt.example");
  EXPECT_EQ(Bounce(minted, "gone@rcpt.example"), 250);
  std::string forged = minted;
  forged.replace(forged.find("gone"), 4, "done");
  EXPECT_EQ(Bounce(forged, "done@rcpt.example"), 550);
  EXPECT_TRUE(daemon_.Reconfigure(options_, "config.reloaded"));
  std::string seen = Revoke("a").out;
  for (const std::string verb : {"keys", "verify"}) {
    std::vector<std::string> command = {"return-path", verb, "--json"};
    if (verb == "verify") command.push_back(minted);
    seen += daemon_.Bouncectl(command).out;
  }
  seen += daemon_.Bouncectl({"explain", "gone@rcpt.example", "--json"}).out;
  EXPECT_THAT(seen, HasSubstr("revoke_author"));

  const std::string secret(kReturnPathSecret);
  std::vector<std::string> writings = WritingsOf(secret);
  for (std::string& writing : WritingsOf(absl::HexStringToBytes(secret))) {
    writings.push_back(std::move(writing));
  }
  const auto expect_none = [&](const std::string& text, const std::string& where) {
    for (const std::string& writing : writings) {
      EXPECT_EQ(text.find(writing), std::string::npos) << where;
    }
  };
  const auto search = [&] {
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(daemon_.data_dir())) {
      if (!entry.is_regular_file()) continue;
      expect_none(ReadFile(entry.path()), entry.path());
      files += entry.file_size() > 0 ? 1 : 0;
    }
    return files;
  };
  EXPECT_GE(search(), 2) << "the database and its log";
  EXPECT_EQ(daemon_.Stop(SIGTERM), 0);
  EXPECT_GE(search(), 1);
  EXPECT_THAT(daemon_.log(), HasSubstr("reason=forged"));
  expect_none(daemon_.log(), "the daemon's log");
  expect_none(seen, "the answers of the API");
  EXPECT_THAT(ReadFile(daemon_.dir() / "return-path.key"), HasSubstr(writings.front()))
      << "what is sought is there to be found";
}

}  // namespace
}  // namespace bounced::e2e

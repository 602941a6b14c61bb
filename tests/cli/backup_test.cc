// bouncectl backup and integrity, against a server that sends what the test says.
#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/sha256.h"
#include "tests/cli/fixture.h"

namespace bounced::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BackupTest : public BouncectlTest {
 protected:
  // A copy that says "0123456789", as a server sends it.
  void SendBackup() {
    Sha256 sha256;
    sha256.Add("0123456789");
    const Sha256::Digest digest = sha256.Finish();
    std::vector<v1::BackupResponse>& sent = server_.maintenance.backup;
    sent.resize(4);
    sent[0].mutable_progress()->set_phase(v1::MAINTENANCE_PHASE_COPYING);
    sent[1].mutable_chunk()->set_data("012345");
    sent[2].mutable_chunk()->set_offset(6);
    sent[2].mutable_chunk()->set_data("6789");
    sent[3].mutable_summary()->set_octets(10);
    sent[3].mutable_summary()->set_sha256(digest.data(), digest.size());
    sent[3].mutable_summary()->set_schema_version(5);
  }
};

constexpr char kHash[] = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";

TEST_F(BackupTest, T47WritesAFileOfTheUserAlone) {
  SendBackup();
  folder_.Write("b", "an older one that others could read");
  ASSERT_EQ(::chmod((folder_ / "b").c_str(), 0644), 0);
  const Outcome outcome = Run({"backup", folder_ / "b"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, folder_ / "b" + "\t10 octets\tschema 5\t" + kHash + "\n");
  EXPECT_EQ(folder_.Read("b"), "0123456789");
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_THAT(folder_.Names(), ElementsAre("b"));
}

TEST_F(BackupTest, WritesToStandardOutputAndTellsElsewhere) {
  SendBackup();
  const Outcome outcome = Run({"backup", "-", "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "0123456789");
  EXPECT_EQ(outcome.err, std::string(R"({"file":"-","octets":10,"sha256":")") + kHash +
                             "\",\"schema_version\":5}\n");
}

TEST_F(BackupTest, IsNothingForATerminal) {
  SendBackup();
  EXPECT_EQ(RunAt(server_.address(), {"backup", "-"}, "", /*terminal=*/true, SystemClock()).code,
            2);
}

struct BrokenCopy {
  std::string_view name;
  std::function<void(FakeMaintenance&)> change;
  std::string says;
  int code = 3;
};

TEST_F(BackupTest, WhatIsNotWholeLeavesTheOldFile) {
  const std::vector<BrokenCopy> cases = {
      {"Cut", [](FakeMaintenance& m) { m.backup.pop_back(); }, "its end is missing"},
      {"Gap", [](FakeMaintenance& m) { m.backup.erase(m.backup.begin() + 1); },
       "a piece is missing"},
      {"Short", [](FakeMaintenance& m) { m.backup.erase(m.backup.begin() + 2); },
       "its size is wrong"},
      {"Changed", [](FakeMaintenance& m) { m.backup[2].mutable_chunk()->set_data("6788"); },
       "its SHA-256 is wrong"},
      {"Failed",
       [](FakeMaintenance& m) {
         m.backup_status = {grpc::StatusCode::DATA_LOSS, "broken"};
       },
       "broken"},
      {"Busy",
       [](FakeMaintenance& m) {
         m.backup.clear();
         m.backup_status = {grpc::StatusCode::FAILED_PRECONDITION, "another backup"};
       },
       "another backup", 1},
  };
  for (const BrokenCopy& row : cases) {
    SCOPED_TRACE(row.name);
    SendBackup();
    row.change(server_.maintenance);
    folder_.Write("b", "an older one");
    const Outcome outcome = Run({"backup", folder_ / "b"});
    EXPECT_EQ(outcome.code, row.code);
    EXPECT_THAT(outcome.err, HasSubstr(row.says));
    EXPECT_EQ(folder_.Read("b"), "an older one");
    EXPECT_THAT(folder_.Names(), ElementsAre("b"));
    server_.maintenance.backup.clear();
    server_.maintenance.backup_status = grpc::Status::OK;
  }
}

TEST_F(BackupTest, IntegrityPrintsAFindingALine) {
  Outcome outcome = Run({"integrity"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "ok\n");
  server_.maintenance.findings.add_findings("pages: one");
  server_.maintenance.findings.add_findings("index: two");
  server_.maintenance.findings.set_count(5);
  outcome = Run({"integrity", "--full"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "pages: one\nindex: two\nand 3 more\n");
  ASSERT_EQ(server_.maintenance.checked.size(), 2U);
  EXPECT_FALSE(server_.maintenance.checked[0].full());
  EXPECT_TRUE(server_.maintenance.checked[1].full());
  outcome = Run({"integrity", "--json"});
  EXPECT_EQ(outcome.out, R"({"findings":["pages: one","index: two"],"count":"5"})"
                         "\n");
}

}  // namespace
}  // namespace bounced::cli

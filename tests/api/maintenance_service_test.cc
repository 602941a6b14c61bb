// MaintenanceService as clients see it.
#include <string>
#include <vector>

#include "server/api/limits.h"
#include "server/base/sha256.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

class MaintenanceTest : public ApiTest {
 protected:
  struct Answer {
    std::vector<v1::BackupResponse> responses;
    grpc::Status status;
  };
  Answer Backup() {
    Answer answer;
    grpc::ClientContext context;
    auto stream = maintenance_->Backup(&context, {});
    for (v1::BackupResponse response; stream->Read(&response);) {
      answer.responses.push_back(response);
    }
    answer.status = stream->Finish();
    return answer;
  }
};

TEST_F(MaintenanceTest, BackupSendsTheCopyInOrderAndWhatItMustBe) {
  for (int i = 0; i < 200; ++i) IngestNoSuchUser("r" + std::to_string(i) + "@rcpt.example");
  const Answer answer = Backup();
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  std::string copy;
  for (const v1::BackupResponse& response : answer.responses) {
    if (!response.has_chunk()) continue;
    EXPECT_EQ(response.chunk().offset(), static_cast<std::int64_t>(copy.size()));
    EXPECT_LE(response.chunk().data().size(), kBackupChunkOctets);
    copy += response.chunk().data();
  }
  EXPECT_GT(copy.size(), kBackupChunkOctets) << "of one chunk nothing is seen";
  ASSERT_TRUE(answer.responses.back().has_summary());
  const v1::BackupSummary& summary = answer.responses.back().summary();
  EXPECT_EQ(summary.octets(), static_cast<std::int64_t>(copy.size()));
  Sha256 sha256;
  sha256.Add(copy);
  const Sha256::Digest digest = sha256.Finish();
  EXPECT_EQ(summary.sha256(), std::string(digest.begin(), digest.end()));
  EXPECT_GE(summary.schema_version(), 6);
  EXPECT_EQ(copy.substr(0, 15), "SQLite format 3");
  EXPECT_THAT(log(), HasSubstr("store.backup octets=" + std::to_string(copy.size())));
}

TEST_F(MaintenanceTest, OneCallAtATime) {
  IngestNoSuchUser("r@rcpt.example");
  std::atomic<bool> entered = false;
  std::atomic<bool> go_on = false;
  store_->OnCall([&] {
    entered = true;
    while (!go_on) std::this_thread::yield();
    return absl::OkStatus();
  });
  Answer first;
  std::thread thread([&] { first = Backup(); });
  ASSERT_TRUE(Eventually([&] { return entered.load(); }));
  EXPECT_THAT(Backup().status,
              Fails(StatusCode::FAILED_PRECONDITION, "another backup or check of the database"));
  grpc::ClientContext context;
  auto check = maintenance_->CheckIntegrity(&context, {});
  v1::CheckIntegrityResponse response;
  while (check->Read(&response)) continue;
  EXPECT_THAT(check->Finish(), Fails(StatusCode::FAILED_PRECONDITION, "another backup or check"));
  go_on = true;
  thread.join();
  EXPECT_TRUE(first.status.ok()) << first.status.error_message();
  store_->OnCall([] { return absl::OkStatus(); });
  EXPECT_TRUE(Eventually([&] { return Backup().status.ok(); }));
}

TEST_F(MaintenanceTest, AClientThatGoesEndsTheWork) {
  IngestNoSuchUser("r@rcpt.example");
  grpc::ClientContext context;
  auto stream = maintenance_->Backup(&context, {});
  context.TryCancel();
  v1::BackupResponse response;
  while (stream->Read(&response)) continue;
  stream->Finish();
  EXPECT_TRUE(Eventually([&] { return Backup().status.ok(); }));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "data" / "bounced.db.copy"));
}

TEST_F(MaintenanceTest, CheckIntegrityTellsWhatItFinds) {
  IngestNoSuchUser("r@rcpt.example");
  grpc::ClientContext context;
  auto stream = maintenance_->CheckIntegrity(&context, {});
  v1::CheckIntegrityResponse response;
  bool has_result = false;
  while (stream->Read(&response)) {
    if (!response.has_result()) continue;
    has_result = true;
    EXPECT_EQ(response.result().count(), 0);
    EXPECT_EQ(response.result().findings_size(), 0);
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_TRUE(has_result);
  EXPECT_THAT(log(), HasSubstr("store.checked findings=0"));
}

TEST_F(MaintenanceTest, ADamagedDatabaseIsToldOf) {
  store_->OnCall([] { return absl::DataLossError("secret place"); });
  EXPECT_THAT(Backup().status, Fails(StatusCode::DATA_LOSS, "the store failed"));
}

}  // namespace
}  // namespace bounced::api

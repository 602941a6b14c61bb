// What callers are told when something fails.
#include "server/api/status.h"

#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "sqlite3.h"
#include "storage/sqlite/status.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ToGrpc, T39NoErrorOfTheStoreTellsItsFileOrWhatSqliteSaid) {
  const std::string file = "/var/lib/bounced/bounced.db";
  const Log log(LogLevel::kInfo, false, -1);
  std::set<grpc::StatusCode> codes;
  // With the extended ones, which have their kind in the low octet.
  for (int kind = SQLITE_ERROR; kind < SQLITE_ROW; ++kind) {
    for (int more = 0; more < 40; ++more) {
      const absl::Status status = SqliteStatus(file, more << 8 | kind);
      if (status.ok()) continue;
      const grpc::Status told = ToGrpc(status, log);
      codes.insert(told.error_code());
      const std::string text = absl::AsciiStrToLower(told.error_message());
      for (const char* word : {"bounced.db", "/var", "sqlite", "select", "insert"}) {
        EXPECT_THAT(text, Not(HasSubstr(word))) << status;
      }
    }
  }
  EXPECT_THAT(codes, testing::UnorderedElementsAre(
                         grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::RESOURCE_EXHAUSTED,
                         grpc::StatusCode::DATA_LOSS, grpc::StatusCode::INTERNAL));
}

}  // namespace
}  // namespace bounced::api

#include "storage/sqlite/gathering_vfs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "faulty_vfs.h"
#include "fixture.h"
#include "storage/sqlite/connection.h"

namespace bounced {
namespace {

using Call = FaultyVfs::Call;

// A database in WAL with an empty table, and what is written to its disk.
class GatheringVfsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(writer_.ok()) << writer_.status();
    ASSERT_TRUE(writer_->SetUpForWriting(8 << 20).ok());
    ASSERT_TRUE(writer_->Execute("CREATE TABLE t (x BLOB)").ok());
    before_ = wal_size();
    disk_.Heal();  // counts anew
  }

  std::uintmax_t wal_size() const { return std::filesystem::file_size(file_ + "-wal"); }
  void Insert(int octets) {
    const absl::Status status =
        writer_->Execute(absl::StrCat("INSERT INTO t VALUES (zeroblob(", octets, "))"));
    ASSERT_TRUE(status.ok()) << status;
  }
  // What another connection reads of it.
  std::int64_t OctetsThere() {
    absl::StatusOr<Connection> reader = Connection::Open(file_, disk_.name(), Access::kRead);
    EXPECT_TRUE(reader.ok()) << reader.status();
    return reader->AskNumber("SELECT sum(length(x)) FROM t").value_or(-1);
  }

  TemporaryDirectory directory_;
  const std::string file_ = directory_.path() + "/some.db";
  FaultyVfs disk_;
  absl::StatusOr<Connection> writer_ = Connection::Open(file_, disk_.name(), Access::kCreate);
  std::uintmax_t before_ = 0;
};

TEST_F(GatheringVfsTest, WritesACommitOfManyPagesAtOnce) {
  Insert(40'000);
  EXPECT_EQ(disk_.Count(Call::kWrite), 1);
  EXPECT_EQ(disk_.Count(Call::kSync), 1);
  EXPECT_GT(wal_size() - before_, 40'000U);
  EXPECT_EQ(OctetsThere(), 40'000);
}

TEST_F(GatheringVfsTest, HoldsNoMoreThanItsBound) {
  Insert(1'000'000);
  const auto least = static_cast<int>((wal_size() - before_) / kMaxGatheredOctets) + 1;
  EXPECT_GE(disk_.Count(Call::kWrite), least);
  EXPECT_LE(disk_.Count(Call::kWrite), least + least / 10);
  EXPECT_EQ(OctetsThere(), 1'000'000);
}

TEST_F(GatheringVfsTest, WhatCannotBeWrittenIsNotCommitted) {
  disk_.Fail(Call::kWrite, 1, SQLITE_FULL);
  EXPECT_FALSE(writer_->Execute("INSERT INTO t VALUES (zeroblob(40000))").ok());
  EXPECT_EQ(OctetsThere(), 0);
  Insert(100);
  EXPECT_EQ(OctetsThere(), 100);
}

TEST_F(GatheringVfsTest, ReadsWhatATransactionHasWrittenSoFar) {
  ASSERT_TRUE(writer_->Execute("PRAGMA cache_size = 10").ok());
  ASSERT_TRUE(writer_->Execute("BEGIN").ok());
  for (int i = 0; i < 50; ++i) Insert(3'000);
  EXPECT_EQ(writer_->AskNumber("SELECT sum(length(x)) FROM t").value_or(-1), 150'000);
  EXPECT_EQ(OctetsThere(), 0);
  ASSERT_TRUE(writer_->Execute("COMMIT").ok());
  EXPECT_EQ(OctetsThere(), 150'000);
}

TEST(GatheringVfs, HoldsNothingWhereSqliteWritesBehindTheSync) {
  TemporaryDirectory directory;
  FaultyVfs disk(FaultyVfs::Neighbours::kSpoiled);
  const std::string file = directory.path() + "/some.db";
  absl::StatusOr<Connection> writer = Connection::Open(file, disk.name(), Access::kCreate);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(writer->SetUpForWriting(8 << 20).ok());
  ASSERT_TRUE(writer->Execute("CREATE TABLE t (x BLOB); INSERT INTO t VALUES (1)").ok());
  absl::StatusOr<Connection> reader = Connection::Open(file, disk.name(), Access::kRead);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->AskNumber("SELECT count(*) FROM t").value_or(-1), 1);
}

TEST(GatheringVfs, AVfsThatIsNotThereIsNotReplacedByTheDefault) {
  TemporaryDirectory directory;
  for (const Access access : {Access::kCreate, Access::kWrite, Access::kRead}) {
    EXPECT_FALSE(Connection::Open(directory.path() + "/some.db", "no such one", access).ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(GatheringVfs, IsOneForEachVfsBelow) {
  EXPECT_EQ(GatheringVfs(""), GatheringVfs(""));
  EXPECT_NE(GatheringVfs(""), "");
  EXPECT_NE(GatheringVfs(""), GatheringVfs(FaultyVfs().name()));
  EXPECT_EQ(GatheringVfs("no such one"), "");
}

}  // namespace
}  // namespace bounced

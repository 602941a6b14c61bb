#include "server/cli/log_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/cli/temporary_folder.h"

namespace bounced::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LogFileTest : public testing::Test {
 protected:
  std::unique_ptr<LogFile> Open(LogFileOptions options = {}) {
    absl::StatusOr<std::unique_ptr<LogFile>> file = LogFile::Open(log(), std::move(options));
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *std::move(file) : nullptr;
  }
  std::unique_ptr<LogFile> GoOn(const LogPosition& from, bool follow = false) {
    return Open({.follow = follow, .from = from, .takes_last_line = false});
  }
  // All lines that are there.
  static std::vector<std::string> Read(LogFile& file, std::size_t most = 100) {
    std::vector<std::string> texts;
    for (;;) {
      absl::StatusOr<std::vector<Line>> lines = file.Next(most);
      EXPECT_TRUE(lines.ok()) << lines.status();
      if (!lines.ok() || lines->empty()) return texts;
      for (const Line& line : *lines) texts.push_back(line.text);
    }
  }
  void Append(const std::string& text, const std::string& name = "mail.log") {
    std::ofstream(folder_ / name, std::ios::app) << text;
  }
  void Move(const std::string& from, const std::string& to) {
    std::filesystem::rename(folder_ / from, folder_ / to);
  }
  // As if it had last been written so many hours earlier.
  void Age(const std::string& name, int hours) {
    const std::filesystem::path file = folder_ / name;
    const auto written = std::filesystem::last_write_time(file);
    std::filesystem::last_write_time(file, written - std::chrono::hours(hours));
  }
  std::string log() const { return folder_ / "mail.log"; }

  TemporaryFolder folder_;
};

TEST_F(LogFileTest, GivesWholeLinesAndTheLastOneWhereItCounts) {
  Append("a\n b \r\n\nc");
  EXPECT_THAT(Read(*Open()), ElementsAre("a", "b", ""));
  EXPECT_THAT(Read(*Open({.takes_last_line = true})), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(Read(*Open(), 1), ElementsAre("a", "b", ""));
}

TEST_F(LogFileTest, WhatIsNoFileIsRefused) {
  EXPECT_EQ(LogFile::Open(log(), {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LogFile::Open(folder_ / ".", {}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LogFileTest, GoesOnWhereItEndedAlsoInTheMiddleOfALine) {
  Append("a\nb\nhal");
  const std::unique_ptr<LogFile> first = Open();
  EXPECT_THAT(Read(*first), ElementsAre("a", "b"));
  const LogPosition position = *first->position();
  EXPECT_EQ(position.offset, 4);
  Append("f\nc\n");
  EXPECT_THAT(Read(*GoOn(position)), ElementsAre("half", "c"));
}

TEST_F(LogFileTest, FollowsWhatIsAppended) {
  Append("a\n");
  const std::unique_ptr<LogFile> file = Open({.follow = true});
  EXPECT_THAT(Read(*file), ElementsAre("a"));
  EXPECT_THAT(Read(*file), IsEmpty());
  Append("b");
  EXPECT_THAT(Read(*file), IsEmpty());
  Append("c\nd\n");
  EXPECT_THAT(Read(*file), ElementsAre("bc", "d"));
}

TEST_F(LogFileTest, FollowsTheNameOnceTheNewFileIsWritten) {
  Append("a\n");
  const std::unique_ptr<LogFile> file = Open({.follow = true});
  EXPECT_THAT(Read(*file), ElementsAre("a"));
  Move("mail.log", "mail.log.1");
  EXPECT_THAT(Read(*file), IsEmpty());  // there is no file of that name
  Append("");
  Append("b\n", "mail.log.1");  // its writer has not noticed yet
  EXPECT_THAT(Read(*file), ElementsAre("b"));
  Append("c\nlast", "mail.log.1");
  Append("d\n");
  EXPECT_THAT(Read(*file), ElementsAre("c", "last", "d"));
  Append("e\n");
  EXPECT_THAT(Read(*file), ElementsAre("e"));
  EXPECT_EQ(file->position()->offset, 4);
}

TEST_F(LogFileTest, FollowsAFileThatIsCutToNothing) {
  Append("aaaa\nbbbb\n");
  const std::unique_ptr<LogFile> file = Open({.follow = true});
  EXPECT_THAT(Read(*file), ElementsAre("aaaa", "bbbb"));
  std::filesystem::resize_file(log(), 0);
  EXPECT_THAT(Read(*file), IsEmpty());
  Append("c\n");
  EXPECT_THAT(Read(*file), ElementsAre("c"));
}

TEST_F(LogFileTest, AfterARotationItGoesOnInTheOldFileAndAllThatCameAfter) {
  Append("a\nb\n");
  const std::unique_ptr<LogFile> first = Open();
  Append("c\n");
  EXPECT_THAT(first->Next(1)->at(0).text, "a");
  const LogPosition position = *first->position();
  Move("mail.log", "mail.log.2");
  Append("d\nlast", "mail.log.1");
  Append("x\n", "mail.log.3.gz");
  Append("e\n");
  Append("y\n", "mail.logs");
  Append("z\n", "other.log.1");
  const auto older = std::filesystem::last_write_time(log());
  std::filesystem::last_write_time(folder_ / "mail.log.2", older - std::chrono::hours(2));
  std::filesystem::last_write_time(folder_ / "mail.log.1", older - std::chrono::hours(1));
  const std::unique_ptr<LogFile> next = GoOn(position);
  EXPECT_EQ(next->TakeNotice(), "");
  EXPECT_THAT(Read(*next), ElementsAre("b", "c", "d", "last", "e"));
  EXPECT_EQ(next->position()->offset, 2);
  EXPECT_THAT(Read(*GoOn(*next->position())), IsEmpty());
}

TEST_F(LogFileTest, AFileThatIsGoneIsTold) {
  Append("a\nb\n");
  const std::unique_ptr<LogFile> first = Open();
  Read(*first);
  std::filesystem::remove(log());
  Append("longer than before\n", "new");
  Move("new", "mail.log");
  const std::unique_ptr<LogFile> next = GoOn(*first->position());
  EXPECT_THAT(next->TakeNotice(), HasSubstr("no longer there"));
  EXPECT_THAT(Read(*next), ElementsAre("longer than before"));
}

// Two rotations, of which the second compressed what was read: what lies between is not passed
// over.
TEST_F(LogFileTest, WhatIsBetweenIsReadAndWhatCannotBeIsTold) {
  Append("a\n");
  const std::unique_ptr<LogFile> first = Open();
  Read(*first);
  const std::unique_ptr<LogFile> followed = Open({.follow = true});
  Read(*followed);
  Move("mail.log", "mail.log.1");
  Append("b\n");
  Move("mail.log.1", "mail.log.2");
  Move("mail.log", "mail.log.1");
  Append("c\n");
  Append("no log\n", "mail.log.state");
  Age("mail.log.2", 2);
  Age("mail.log.1", 1);
  EXPECT_THAT(Read(*followed), ElementsAre("b", "c"));
  EXPECT_EQ(followed->TakeNotice(), "");
  std::filesystem::remove(folder_ / "mail.log.2");
  Append("packed", "mail.log.2.gz");
  const std::unique_ptr<LogFile> next = GoOn(*first->position());
  EXPECT_THAT(next->TakeNotice(), AllOf(HasSubstr("no longer there"), HasSubstr("mail.log.2.gz")));
  EXPECT_THAT(Read(*next), ElementsAre("b", "c"));
  EXPECT_THAT(Read(*GoOn(*next->position())), IsEmpty());
}

TEST_F(LogFileTest, WhatIsCompressedWhileItIsFollowedIsTold) {
  Append("a\n");
  const std::unique_ptr<LogFile> file = Open({.follow = true});
  Read(*file);
  Move("mail.log", "mail.log.3");
  Age("mail.log.3", 3);
  Append("lost", "mail.log.2.gz");
  Age("mail.log.2.gz", 2);
  Append("c\n", "mail.log.1");
  Age("mail.log.1", 1);
  Append("d\n");
  EXPECT_THAT(Read(*file), ElementsAre("c", "d"));
  EXPECT_THAT(file->TakeNotice(), HasSubstr("mail.log.2.gz"));
  EXPECT_EQ(file->TakeNotice(), "");
}

// As `copytruncate` does it.
TEST_F(LogFileTest, ACopyOfWhatWasReadIsReadOnWhereItEnded) {
  const std::string line(300, 'a');
  Append(line + "\n");
  const std::unique_ptr<LogFile> first = Open();
  Read(*first);
  const LogPosition position = *first->position();
  Append("b\n");
  std::filesystem::copy_file(log(), folder_ / "mail.log.1");
  std::filesystem::resize_file(log(), 0);
  Append("c\n");
  Age("mail.log.1", 1);
  const std::unique_ptr<LogFile> next = GoOn(position);
  EXPECT_EQ(next->TakeNotice(), "");
  EXPECT_THAT(Read(*next), ElementsAre("b", "c"));
}

// The same inode with another beginning, as after a truncation, or when it is used again.
TEST_F(LogFileTest, AnotherBeginningIsAnotherFile) {
  Append("aa\nb\n");
  const std::unique_ptr<LogFile> first = Open();
  Read(*first);
  const LogPosition position = *first->position();
  std::filesystem::resize_file(log(), 0);
  Append("cc\nd\ne\n");
  const std::unique_ptr<LogFile> next = GoOn(position);
  EXPECT_NE(next->TakeNotice(), "");
  EXPECT_THAT(Read(*next), ElementsAre("cc", "d", "e"));
}

TEST_F(LogFileTest, ALineHasAMost) {
  const std::string full(kMaxLineOctets, 'x');
  Append(full + "\n" + full + "y\n" + std::string(3 * kMaxLineOctets + 17, 'z') + "\nend\n");
  const std::unique_ptr<LogFile> file = Open();
  const absl::StatusOr<std::vector<Line>> first = file->Next(2);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->size(), 2U);
  EXPECT_FALSE(first->at(0).is_cut);
  EXPECT_TRUE(first->at(1).is_cut);
  EXPECT_EQ(first->at(1).text.size(), kMaxLineOctets);
  EXPECT_EQ(file->position()->offset, static_cast<std::int64_t>(2 * kMaxLineOctets + 3));
  EXPECT_EQ(Read(*GoOn(*file->position())).at(1), "end");
  EXPECT_EQ(Read(*file).at(1), "end");
  EXPECT_EQ(file->position()->offset, static_cast<std::int64_t>(std::filesystem::file_size(log())));
}

TEST_F(LogFileTest, ReadsAgainWhatStandsBefore) {
  Append("one\ntwo\nthree\nfour\n");
  const std::unique_ptr<LogFile> first = Open();
  first->Next(3).value();
  const LogPosition position = *first->position();
  for (const auto& [octets, want] :
       {std::pair<std::size_t, std::vector<std::string>>(1'000, {"one", "two", "three"}),
        {14, {"one", "two", "three"}},
        {13, {"two", "three"}},
        {10, {"three"}},
        {6, {}},
        {0, {}}}) {
    std::vector<std::string> lines;
    const std::unique_ptr<LogFile> file = GoOn(position);
    EXPECT_TRUE(file->ForEachLineBefore(
                        octets, [&lines](std::string_view line) { lines.emplace_back(line); })
                    .ok());
    EXPECT_EQ(lines, want) << octets;
    EXPECT_THAT(Read(*file), ElementsAre("four"));
  }
}

TEST_F(LogFileTest, APositionIsKeptInAFile) {
  const std::string path = folder_ / "state";
  EXPECT_EQ(ReadLogPosition(path).status().code(), absl::StatusCode::kNotFound);
  const LogPosition position{
      .inode = 4'711, .offset = 1'234'567'890'123, .head_octets = 256, .head_hash = ~0ULL};
  ASSERT_TRUE(WriteLogPosition(path, position).ok());
  EXPECT_EQ(*ReadLogPosition(path), position);
  EXPECT_THAT(folder_.Names(), ElementsAre("state"));
  const std::string good = folder_.Read("state");
  for (const std::string& bad :
       {std::string(), good + "x", good.substr(1), good.substr(0, good.size() - 1),
        good + std::string(5'000, 'x'), std::string("Nov 7 a log\n")}) {
    folder_.Write("state", bad);
    const absl::Status status = ReadLogPosition(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(status.message()), HasSubstr("is no position in a log"));
  }
  folder_.Write("state",
                "bouncectl log position 1\ninode 1\noffset 1\nhead_octets 257\nhead_hash 1\n");
  EXPECT_FALSE(ReadLogPosition(path).ok());
  EXPECT_FALSE(WriteLogPosition(folder_ / "none/state", position).ok());
}

}  // namespace
}  // namespace bounced::cli

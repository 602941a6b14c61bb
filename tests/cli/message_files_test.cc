#include "server/cli/message_files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "server/cli/delivered_to.h"
#include "server/cli/streams.h"
#include "tests/cli/cuts.h"
#include "tests/cli/strings.h"
#include "tests/cli/temporary_folder.h"

namespace bounced::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct MboxReading {
  std::vector<std::string> messages;
  std::vector<std::uint64_t> lines;
  std::string error;
  bool operator==(const MboxReading&) const = default;
};

template <typename Cut>
MboxReading ReadMbox(std::string_view text, Cut cut, std::size_t max = kMaxMessageOctets) {
  MboxReading reading;
  MboxMachine machine(max);
  auto take = [&] {
    while (auto message = machine.Next()) {
      reading.messages.push_back(message->octets);
      reading.lines.push_back(message->line);
    }
  };
  FeedInPieces(machine, text, cut, take);
  reading.error = std::string(machine.status().message());
  return reading;
}

MboxReading ReadMboxAnyhow(std::string_view text) {
  const MboxReading whole = ReadMbox(text, [](std::size_t left) { return left; });
  EXPECT_EQ(ReadMbox(text, [](std::size_t) { return std::size_t{1}; }), whole) << "octet by octet";
  std::mt19937 random(3);
  for (int turn = 0; turn < 50; ++turn) {
    EXPECT_EQ(ReadMbox(text, [&](std::size_t left) { return 1 + random() % left; }), whole);
  }
  return whole;
}

struct MboxCase {
  std::string_view name;
  std::string_view text;
  std::vector<std::string> messages;
};
class MboxTest : public testing::TestWithParam<MboxCase> {};

TEST_P(MboxTest, SplitsHoweverItIsCut) {
  const MboxReading reading = ReadMboxAnyhow(GetParam().text);
  EXPECT_EQ(reading.messages, GetParam().messages);
  EXPECT_EQ(reading.error, "");
}

INSTANTIATE_TEST_SUITE_P(
    RFC4155, MboxTest,
    testing::ValuesIn<MboxCase>({
        {"Nothing", "", {}},
        {"One", "From a\nA: b\n\nc\n", {"A: b\n\nc\n"}},
        {"Two", "From a\nA: b\n\nc\n\nFrom d\nE: f\n", {"A: b\n\nc\n", "E: f\n"}},
        {"OnlyOneEmptyLineIsTheSeparator", "From a\nb\n\n\nFrom c\nd\n\n", {"b\n\n", "d\n"}},
        {"Crlf", "From a\r\nb\r\n\r\nFrom c\r\nd\r\n", {"b\r\n", "d\r\n"}},
        {"FromInsideAParagraphIsText", "From a\nb\nFrom c\nd\n", {"b\nFrom c\nd\n"}},
        {"QuotedFromLines",
         "From a\n\n>From b\n>>From c\n> From d\n>Fromage\n",
         {"\nFrom b\n>From c\n> From d\n>Fromage\n"}},
        {"LastLineWithoutAnEnd", "From a\nb", {"b"}},
        {"EmptyMessage", "From a\n\nFrom b\nc\n", {"", "c\n"}},
        {"EmptyMessageWithoutSeparator", "From a\nFrom b\nc\n", {"", "c\n"}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(MboxMachine, NamesTheLines) {
  EXPECT_THAT(ReadMboxAnyhow("From a\nb\n\nFrom c\n\n\nFrom d\n").lines, ElementsAre(1u, 4u, 7u));
}

TEST(MboxMachine, RefusesWhatIsNone) {
  EXPECT_EQ(ReadMboxAnyhow("Subject: x\n").error, "line 1: an mbox begins with a line `From ...`");
}

TEST(MboxMachine, BoundsAMessage) {
  for (std::size_t piece : {1U, 100U}) {
    auto read = [piece](std::string_view text) {
      return ReadMbox(
          text, [piece](std::size_t left) { return std::min(left, piece); }, 20);
    };
    EXPECT_EQ(read("From a\n1234567890\n12345678\n").error, "");
    EXPECT_EQ(read("From a\n1234567890\n123456789").error, "");
    EXPECT_THAT(read("From a\nx\n\nFrom b\n1234567890\n123456789\n").error,
                HasSubstr("line 4: a message is larger than 20 octets"));
    EXPECT_THAT(read("From a\n" + std::string(100, 'x')).error, HasSubstr("line 1"));
  }
}

std::vector<std::pair<std::string, std::string>> Messages(const std::string& text,
                                                          const std::string& name = "f") {
  StringSource source(text, 3);
  std::vector<std::pair<std::string, std::string>> messages;
  absl::Status status = ForEachMessage(source, name, [&](const MessageInFile& message) {
    messages.emplace_back(message.name, message.octets);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  return messages;
}

TEST(ForEachMessage, TellsAnMboxFromAMessage) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(Messages("A: b\n\nFrom c\n"), ElementsAre(Pair{"f", "A: b\n\nFrom c\n"}));
  EXPECT_THAT(Messages("From: x\n"), ElementsAre(Pair{"f", "From: x\n"}));
  EXPECT_THAT(Messages("From a\nb\n\nFrom c\nd\n"),
              ElementsAre(Pair{"f:1", "b\n"}, Pair{"f:4", "d\n"}));
  EXPECT_THAT(Messages(""), ElementsAre(Pair{"f", ""}));
}

TEST(ForEachMessage, CallsTheOnlyOneOfAnMboxByItsFile) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(Messages("From a\nb\n\n>From c\n"), ElementsAre(Pair{"f", "b\n\nFrom c\n"}));
  EXPECT_THAT(Messages("From a\n"), ElementsAre(Pair{"f", ""}));
}

TEST(ForEachMessage, TakesTheNameOfAMessageAtItsWord) {
  const std::string text = "From a\nb\n\nFrom c\nd\n";
  EXPECT_THAT(Messages(text, "f.eml"), ElementsAre(std::pair{"f.eml", text}));
  EXPECT_THAT(Messages(text, "F.EML"), ElementsAre(std::pair{"F.EML", text}));
  EXPECT_THAT(Messages(text, "f.eml.mbox").size(), 2);
}

TEST(ForEachMessage, TakesAFileOfAMaildirForOneMessage) {
  const TemporaryFolder folder;
  const std::string text = "From a\nb\n\nFrom c\nd\n";
  folder.Write("maildir/new/1", "");
  folder.Write("maildir/cur/2:2,S", "");
  folder.Write("other/cur/3", "");
  for (const std::string& name : {folder / "maildir/new/1", folder / "maildir/cur/2:2,S",
                                  folder / "maildir/new/../cur/2:2,S"}) {
    EXPECT_THAT(Messages(text, name), ElementsAre(std::pair{name, text}));
  }
  EXPECT_EQ(Messages(text, folder / "other/cur/3").size(), 2);
  EXPECT_EQ(Messages(text, folder / "maildir/new").size(), 2);
}

TEST(ForEachMessage, GivesWhatStandsBeforeAnError) {
  StringSource source("From a\nb\n\nFrom c\n" + std::string(kMaxMessageOctets + 1, 'x'));
  std::vector<std::string> names;
  absl::Status status = ForEachMessage(source, "f", [&](const MessageInFile& message) {
    names.push_back(message.name);
    return absl::OkStatus();
  });
  EXPECT_THAT(std::string(status.message()), HasSubstr("f: line 4: a message is larger"));
  EXPECT_THAT(names, ElementsAre("f:1"));
}

TEST(ForEachMessage, StopsAtTheFirstError) {
  StringSource source("From a\nb\n\nFrom c\nd\n");
  int taken = 0;
  absl::Status status = ForEachMessage(source, "f", [&](const MessageInFile&) {
    ++taken;
    return absl::UnavailableError("gone");
  });
  EXPECT_EQ(status.message(), "gone");
  EXPECT_EQ(taken, 1);
}

TEST(ReadAll, BoundsWhatItReads) {
  StringSource fits("12345", 2);
  EXPECT_EQ(*ReadAll(fits, 5), "12345");
  StringSource more("123456", 2);
  EXPECT_EQ(ReadAll(more, 5).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ListMessageFiles, WalksFoldersInOrder) {
  TemporaryFolder folder;
  folder.Write("b/2.eml", "");
  folder.Write("b/1.eml", "");
  folder.Write("a.eml", "");
  folder.Write(".hidden", "");
  folder.Write("b/.git/x", "");
  std::filesystem::create_symlink(folder / "a.eml", folder / "link");
  EXPECT_THAT(*ListMessageFiles(folder.path()),
              ElementsAre(folder / "a.eml", folder / "b/1.eml", folder / "b/2.eml"));
  EXPECT_THAT(*ListMessageFiles(folder / "a.eml"), ElementsAre(folder / "a.eml"));
  EXPECT_EQ(ListMessageFiles(folder / "none").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ListMessageFiles, OfAMaildirThoseThatAreDelivered) {
  TemporaryFolder folder;
  folder.Write("new/1", "");
  folder.Write("cur/2:2,S", "");
  folder.Write("tmp/3", "");
  folder.Write("dovecot.index", "");
  EXPECT_THAT(*ListMessageFiles(folder.path()),
              ElementsAre(folder / "cur/2:2,S", folder / "new/1"));
}

struct HeaderCase {
  std::string_view name;
  std::string_view message;
  std::vector<std::string> delivered_to;
  std::string_view reverse_path;
};
class DeliveredToTest : public testing::TestWithParam<HeaderCase> {};

TEST_P(DeliveredToTest, ReadsTheHeaderSection) {
  EXPECT_EQ(DeliveredTo(GetParam().message), GetParam().delivered_to);
  EXPECT_EQ(WrittenReversePath(GetParam().message), GetParam().reverse_path);
}

INSTANTIATE_TEST_SUITE_P(
    , DeliveredToTest,
    testing::ValuesIn<HeaderCase>({
        {"Nothing", "", {}, ""},
        {"TheMostTellingFirst",
         "To: t@x\nDelivered-To: d@x\nX-Original-To: o@x\nEnvelope-To: e@x\n\nTo: body@x\n",
         {"o@x", "d@x", "e@x", "t@x"},
         ""},
        {"FoldedAndWithNames",
         "To: \"A, B\" <a@x>,\r\n\tb@x (note)\r\nSubject: c@x\r\n\r\n",
         {"a@x", "b@x"},
         ""},
        {"WithoutDoubles", "Delivered-To: A@x\nTo: a@X, b@x\n\n", {"A@x", "b@x"}, ""},
        {"ReversePath", "Return-Path: <r@x>\nReturn-Path: <later@x>\n\n", {}, "r@x"},
        {"NullReversePath", "Return-Path: <>\nReturn-Path: <later@x>\n\n", {}, ""},
        {"NoEmptyLine", "to: a@x", {"a@x"}, ""},
        {"FoldedAtTheEnd", "To: a@x\n ", {"a@x"}, ""},
        {"BodyOnly", "\nTo: a@x\n", {}, ""},
        {"LineWithoutAColon", "garbage\nTo: a@x\n\n", {"a@x"}, ""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(DeliveredTo, BoundsWhatItGives) {
  auto message = [](std::size_t addresses) {
    std::string to = "To: ";
    for (std::size_t i = 0; i < addresses; ++i) to += "a" + std::to_string(i) + "@x, ";
    return to + "\n\n";
  };
  EXPECT_EQ(DeliveredTo(message(kMaxDeliveredTo - 1)).size(), kMaxDeliveredTo - 1);
  EXPECT_EQ(DeliveredTo(message(kMaxDeliveredTo)).size(), kMaxDeliveredTo);
  EXPECT_EQ(DeliveredTo(message(kMaxDeliveredTo + 1)).size(), kMaxDeliveredTo);
  const std::string far = "X: " + std::string(kMaxHeaderOctets, 'x') + "\nTo: a@x\n\n";
  EXPECT_THAT(DeliveredTo(far), IsEmpty());
}

TEST(OutputFile, AppearsWhenItIsCommitted) {
  TemporaryFolder folder;
  folder.Write("list", "old");
  ::chmod((folder / "list").c_str(), 0640);
  {
    auto file = *OutputFile::Create(folder / "list");
    ASSERT_TRUE(file->sink().Write("new").ok());
    EXPECT_EQ(folder.Read("list"), "old");
    ASSERT_TRUE(file->Commit().ok());
  }
  EXPECT_EQ(folder.Read("list"), "new");
  struct stat status {};
  ASSERT_EQ(::stat((folder / "list").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
  EXPECT_THAT(folder.Names(), ElementsAre("list"));
}

TEST(OutputFile, LeavesNothingBehindWhenItIsNot) {
  TemporaryFolder folder;
  {
    auto file = *OutputFile::Create(folder / "list");
    ASSERT_TRUE(file->sink().Write("new").ok());
  }
  EXPECT_THAT(folder.Names(), IsEmpty());
}

TEST(OutputFile, FollowsASymbolicLink) {
  TemporaryFolder folder;
  folder.Write("real", "old");
  std::filesystem::create_symlink("real", folder / "link");
  auto file = *OutputFile::Create(folder / "link");
  ASSERT_TRUE(file->sink().Write("new").ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(folder.Read("real"), "new");
}

TEST(OutputFile, IsNeverPutInPlaceOfAPipe) {
  TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  const int reader = ::open((folder / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
  auto file = *OutputFile::Create(folder / "pipe");
  ASSERT_TRUE(file->sink().Write("new").ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe"));
  std::array<char, 4> got{};
  EXPECT_EQ(::read(reader, got.data(), got.size()), 3);
  EXPECT_STREQ(got.data(), "new");
  ::close(reader);
}

TEST(OutputFile, SaysWhatCannotBeMade) {
  auto file = OutputFile::Create("/nonexistent/list");
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("/nonexistent/list"));
}

}  // namespace
}  // namespace bounced::cli

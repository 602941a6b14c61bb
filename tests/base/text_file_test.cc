#include "server/base/text_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class TextFileTest : public testing::Test {
 protected:
  TextFileTest() {
    std::string name = testing::TempDir() + "text-file-XXXXXX";
    dir_ = ::mkdtemp(name.data());
  }
  ~TextFileTest() override { std::filesystem::remove_all(dir_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(dir_ / name, std::ios::binary) << text;
    return dir_ / name;
  }

  std::filesystem::path dir_;
};

TEST_F(TextFileTest, IsReadUpToItsBoundAndNoFurther) {
  const std::string path = Write("a", std::string("ab\0c", 4));
  EXPECT_EQ(*ReadTextFile(path, 5, FileKind::kAny), std::string("ab\0c", 4));
  EXPECT_EQ(*ReadTextFile(path, 4, FileKind::kAny), std::string("ab\0c", 4));
  const absl::Status status = ReadTextFile(path, 3, FileKind::kAny).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), path + ": longer than 3 octets");
  EXPECT_EQ(*ReadTextFile(Write("empty", ""), 0, FileKind::kAny), "");
}

TEST_F(TextFileTest, SaysWhyItCannotBeRead) {
  const std::string none = dir_ / "none";
  EXPECT_EQ(ReadTextFile(none, 1, FileKind::kAny).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ReadTextFile(none, 1, FileKind::kAny).status().message()),
              StartsWith(none + ": "));
  EXPECT_EQ(ReadTextFile(dir_, 1, FileKind::kAny).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(TextFileTest, IsOfTheKindThatIsAskedFor) {
  const std::string plain = Write("plain", "text");
  const std::string open = Write("open", "text");
  ::chmod(plain.c_str(), 0660);
  ::chmod(open.c_str(), 0664);
  // Nobody writes to it, so it is opened only where that waits for nobody.
  const std::string pipe = dir_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::filesystem::create_symlink(plain, dir_ / "link");
  struct Case {
    std::string path;
    FileKind kind;
    std::string why;  // empty: it is read
  };
  for (const Case& c : {Case{plain, FileKind::kAny, ""},
                        {plain, FileKind::kPlain, ""},
                        {plain, FileKind::kPrivate, ""},
                        {dir_ / "link", FileKind::kPrivate, ""},
                        {open, FileKind::kAny, ""},
                        {open, FileKind::kPlain, ""},
                        {open, FileKind::kPrivate, "is open to others: chmod o-rwx it"},
                        {pipe, FileKind::kPlain, "is no plain file"},
                        {pipe, FileKind::kPrivate, "is no plain file"},
                        {"/dev/null", FileKind::kPlain, "is no plain file"},
                        {dir_, FileKind::kPlain, "is no plain file"}}) {
    SCOPED_TRACE(c.path + " " + c.why);
    const absl::StatusOr<std::string> text = ReadTextFile(c.path, 4, c.kind);
    EXPECT_EQ(text.ok(), c.why.empty()) << text.status();
    if (c.why.empty()) continue;
    EXPECT_EQ(text.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(text.status().message()), StartsWith(c.path + ": " + c.why));
  }
}

// As a shell hands over what another program writes: <(...).
TEST_F(TextFileTest, APipeIsReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(::write(ends[1], "text", 4), 4);
  ::close(ends[1]);
  EXPECT_EQ(*ReadTextFile("/dev/fd/" + std::to_string(ends[0]), 4, FileKind::kAny), "text");
  ::close(ends[0]);
}

TEST_F(TextFileTest, AFolderStandsForItsFilesInOrder) {
  const std::string b = Write("b.toml", "");
  const std::string a = Write("a.toml", "");
  Write(".hidden.toml", "");
  Write("a.toml~", "");
  std::filesystem::create_directory(dir_ / "folder.toml");
  std::filesystem::create_symlink(a, dir_ / "c.toml");
  EXPECT_THAT(*ListTextFiles(dir_, ".toml", 3), ElementsAre(a, b, (dir_ / "c.toml").string()));
  EXPECT_EQ(ListTextFiles(dir_, ".toml", 2).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(*ListTextFiles(dir_ / "folder.toml", ".toml", 0), ElementsAre());
  // What is no folder is taken as it is called.
  EXPECT_THAT(*ListTextFiles("/none/x", ".toml", 0), ElementsAre("/none/x"));
}

}  // namespace
}  // namespace bounced

#include "server/base/text_file.h"

#include <stdlib.h>

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
  EXPECT_EQ(*ReadTextFile(path, 5), std::string("ab\0c", 4));
  EXPECT_EQ(*ReadTextFile(path, 4), std::string("ab\0c", 4));
  const absl::Status status = ReadTextFile(path, 3).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), path + ": longer than 3 octets");
  EXPECT_EQ(*ReadTextFile(Write("empty", ""), 0), "");
}

TEST_F(TextFileTest, SaysWhyItCannotBeRead) {
  const std::string none = dir_ / "none";
  EXPECT_EQ(ReadTextFile(none, 1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ReadTextFile(none, 1).status().message()), StartsWith(none + ": "));
  EXPECT_EQ(ReadTextFile(dir_, 1).status().code(), absl::StatusCode::kPermissionDenied);
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

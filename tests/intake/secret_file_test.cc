#include "server/intake/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace bounced {
namespace {

using testing::HasSubstr;

class SecretFileTest : public testing::Test {
 protected:
  SecretFileTest() {
    std::string name = testing::TempDir() + "secret_file_test.XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~SecretFileTest() override { std::filesystem::remove_all(directory_); }

  std::string File(const std::string& content, mode_t mode) const {
    const std::string path = directory_ + "/key";
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  std::string directory_;
};

const std::string k32 = "0123456789abcdef0123456789abcdef";

TEST_F(SecretFileTest, LosesItsLineEndOnly) {
  EXPECT_EQ(*ReadSecretFile(File(" " + k32 + " \t\r\n\n", 0600)), " " + k32);
}

TEST_F(SecretFileTest, KeepsEveryOctetWithin) {
  const std::string binary = k32 + std::string("\0\xff\n", 3) + "z";
  EXPECT_EQ(*ReadSecretFile(File(binary, 0600)), binary);
}

TEST_F(SecretFileTest, HasLeastAndMostOctets) {
  const auto code = [&](std::size_t octets) {
    return ReadSecretFile(File(std::string(octets, 'x'), 0600)).status().code();
  };
  EXPECT_EQ(code(0), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(kMinSecretFileOctets - 1), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(kMinSecretFileOctets), absl::StatusCode::kOk);
  EXPECT_EQ(code(kMinSecretFileOctets + 1), absl::StatusCode::kOk);
  EXPECT_EQ(code(kMaxSecretFileOctets - 1), absl::StatusCode::kOk);
  EXPECT_EQ(code(kMaxSecretFileOctets), absl::StatusCode::kOk);
  EXPECT_EQ(code(kMaxSecretFileOctets + 1), absl::StatusCode::kInvalidArgument);
}

TEST_F(SecretFileTest, BlanksDoNotMakeItLonger) {
  EXPECT_EQ(ReadSecretFile(File(std::string(31, 'x') + "\n", 0600)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(SecretFileTest, T16IsClosedToOthers) {
  for (mode_t mode : {0604U, 0602U, 0601U, 0644U, 0666U}) {
    const absl::Status status = ReadSecretFile(File(k32, mode)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << mode;
    EXPECT_THAT(std::string(status.message()), HasSubstr("chmod o-rwx"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(directory_ + "/key"));
  }
  for (mode_t mode : {0400U, 0600U, 0640U, 0660U}) {
    EXPECT_TRUE(ReadSecretFile(File(k32, mode)).ok()) << mode;
  }
}

TEST_F(SecretFileTest, SaysWhatToDo) {
  struct Case {
    std::string path;
    std::string message;  // behind "key file PATH: "
  };
  for (const Case& c : {Case{directory_ + "/none", "No such file or directory: make it"},
                        {File(std::string(31, 'x'), 0600),
                         "holds fewer than 32 octets: fill it with, say, openssl rand -base64 32"},
                        {directory_, "is no plain file"}}) {
    EXPECT_EQ(ReadSecretFile(c.path).status().message(), "key file " + c.path + ": " + c.message);
  }
  const std::string large = File(std::string(kMaxSecretFileOctets + 1, 'x'), 0600);
  EXPECT_EQ(ReadSecretFile(large).status().message(),
            "key file " + large + ": longer than 4096 octets: is it the right file?");
}

TEST_F(SecretFileTest, IsAPlainFileThatIsThere) {
  EXPECT_EQ(ReadSecretFile(directory_ + "/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadSecretFile(directory_).status().code(), absl::StatusCode::kFailedPrecondition);
  const std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ReadSecretFile(pipe).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace bounced

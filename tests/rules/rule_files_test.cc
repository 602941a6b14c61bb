#include "server/rules/rule_files.h"

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

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

std::string Rule(const std::string& id) {
  return "[[rule]]\nid = '" + id +
         "'\nreason = 'mailbox_full'\nconfidence = 90\nwhen.text = [{ phrases = ['" + id +
         "'] }]\nsource = 'us'\nwhy = 'so'\nexample = ['550 " + id + "']\n";
}

class RuleFilesTest : public testing::Test {
 protected:
  RuleFilesTest() {
    std::string name = testing::TempDir() + "rule-files-XXXXXX";
    dir_ = ::mkdtemp(name.data());
  }
  ~RuleFilesTest() override { std::filesystem::remove_all(dir_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((dir_ / name).parent_path());
    std::ofstream(dir_ / name, std::ios::binary) << text;
    return dir_ / name;
  }

  std::filesystem::path dir_;
};

TEST_F(RuleFilesTest, NoneAreTheBuiltInRules) {
  EXPECT_EQ(LoadRuleFiles({}).rules, RuleSet::BuiltIn());
}

TEST_F(RuleFilesTest, AreFilesAndFoldersOfThem) {
  const std::string one = Write("one", Rule("op-quux"));
  Write("rules.d/b.toml", Rule("op-quuux"));
  Write("rules.d/README", "no rules");
  const OperatorRules loaded = LoadRuleFiles({one, dir_ / "rules.d"});
  ASSERT_NE(loaded.rules, nullptr) << ToStatus(loaded.problems);
  EXPECT_TRUE(ToStatus(loaded.problems).ok());
  EXPECT_EQ(loaded.rules->size(), RuleSet::BuiltIn()->size() + 2);
  EXPECT_EQ(loaded.rules->rules().back().source, (dir_ / "rules.d/b.toml").string() + ":1");
}

TEST_F(RuleFilesTest, AnEmptyFolderIsNoProblem) {
  std::filesystem::create_directory(dir_ / "empty");
  const OperatorRules loaded = LoadRuleFiles({dir_ / "empty"});
  ASSERT_NE(loaded.rules, nullptr);
  EXPECT_EQ(loaded.rules->size(), RuleSet::BuiltIn()->size());
}

TEST_F(RuleFilesTest, WhatCannotBeReadIsAProblem) {
  const OperatorRules none = LoadRuleFiles({dir_ / "none"});
  EXPECT_EQ(none.rules, nullptr);
  EXPECT_THAT(std::string(ToStatus(none.problems).message()),
              StartsWith((dir_ / "none").string() + ": "));
  const std::string most = "#" + std::string(kMaxRuleFileOctets - 1, 'x');
  EXPECT_NE(LoadRuleFiles({Write("most", most)}).rules, nullptr);
  EXPECT_THAT(std::string(ToStatus(LoadRuleFiles({Write("more", most + 'x')}).problems).message()),
              HasSubstr("more: longer than"));
}

TEST_F(RuleFilesTest, APipeIsAFileOnlyWhereAnyKindIs) {
  const std::string text = Rule("op-quux");
  for (const FileKind kind : {FileKind::kAny, FileKind::kPlain}) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(ends[1]);
    const OperatorRules loaded = LoadRuleFiles({"/dev/fd/" + std::to_string(ends[0])}, kind);
    ::close(ends[0]);
    EXPECT_EQ(loaded.rules != nullptr, kind == FileKind::kAny) << ToStatus(loaded.problems);
  }
  // In a folder, too, and nobody is waited for.
  std::filesystem::create_directory(dir_ / "rules.d");
  const std::string pipe = dir_ / "rules.d/pipe.toml";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ToStatus(LoadRuleFiles({dir_ / "rules.d"}, FileKind::kPlain).problems).message(),
            pipe + ": is no plain file");
}

TEST_F(RuleFilesTest, AFolderHoldsSoManyAndNoMore) {
  for (std::size_t i = 0; i < kMaxRuleFiles; ++i) {
    Write("many/" + std::to_string(i) + ".toml", "");
  }
  EXPECT_THAT(*ReadRuleFiles({dir_ / "many"}), SizeIs(kMaxRuleFiles));
  Write("many/more.toml", "");
  EXPECT_FALSE(ReadRuleFiles({dir_ / "many"}).ok());
}

TEST_F(RuleFilesTest, TheFirstProblemStandsForAll) {
  const std::string bad = Write("bad.toml", "[[rule]]\nid = 'op-a'\n[[rule]]\nid = 'op-b'\n");
  EXPECT_EQ(ToStatus(LoadRuleFiles({bad}).problems).message(),
            bad + ":1: rule \"op-a\": no when (and 11 more: bouncectl rules lint tells them)");
}

}  // namespace
}  // namespace bounced

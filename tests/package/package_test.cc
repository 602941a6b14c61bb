// What deploy/ makes of the programs.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

const std::string kDeploy = BOUNCED_SOURCE_DIR "/deploy";

bool IsInstalled(const std::string& program) {
  return RunProgram({"sh", "-c", "command -v " + program}).status == 0;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string ReplacedAll(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// A program that takes longer than others, above all on a busy machine. None: it did not end.
std::optional<int> RunLong(std::vector<std::string> argv, const std::string& output) {
  Process process({.argv = std::move(argv), .stdout_path = output, .stderr_path = output});
  return process.Wait(std::chrono::minutes(5));
}

// The units, of a program that is here.
class Units : public testing::Test {
 protected:
  void SetUp() override {
    if (!IsInstalled("systemd-analyze")) BOUNCED_SKIP("systemd-analyze is not installed");
    WriteFile(service_, ReplacedAll(ReadFile(kDeploy + "/systemd/bounced.service"),
                                    "/usr/bin/bounced", Program("bounced")));
    WriteFile(socket_, ReadFile(kDeploy + "/systemd/bounced.socket"));
  }

  TempDir dir_;
  const std::string service_ = dir_ / "bounced.service";
  const std::string socket_ = dir_ / "bounced.socket";
};

TEST_F(Units, AreValid) {
  const Outcome outcome = RunProgram({"systemd-analyze", "verify", "--man=no", service_, socket_});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Units, T49LeaveTheServiceLittleToAbuse) {
  const Outcome outcome = RunProgram(
      {"systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", service_});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

TEST(Configuration, AsInstalledIsRight) {
  const Outcome outcome =
      RunProgram({Program("bounced"), "--check-config", "--config", kDeploy + "/bounced.toml"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

std::vector<std::string> Cells(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream stream(row);
  for (std::string cell; std::getline(stream, cell, '|');) cells.push_back(cell);
  return cells;
}

// What stands in `backticks`.
std::vector<std::string> Quoted(const std::string& text) {
  std::vector<std::string> quoted;
  std::istringstream pieces(text);
  for (std::string piece; std::getline(pieces, piece, '`') && std::getline(pieces, piece, '`');) {
    quoted.push_back(piece);
  }
  return quoted;
}

// The keys in the README's tables that have a column for them, and in its example.
std::vector<std::string> KeysInReadme() {
  std::vector<std::string> keys;
  std::string heading;
  std::size_t column = 0;  // of the table; 0: it has none
  bool in_table = false;
  for (const std::string& line : Lines(ReadFile(BOUNCED_SOURCE_DIR "/README.md"))) {
    if (line.starts_with("## ")) heading = line;
    const std::vector<std::string> cells = Cells(line);
    if (!line.starts_with('|')) {
      in_table = false;
      const std::size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
      if (heading == "## Configuration" && end != 0 && line.find(" = ") == end) {
        keys.push_back(line.substr(0, end));
      }
    } else if (!in_table) {
      in_table = true;
      const auto key = std::find(cells.begin(), cells.end(), " key ");
      column = key == cells.end() ? 0 : static_cast<std::size_t>(key - cells.begin());
    } else if (column != 0) {
      for (std::string& key : Quoted(cells[column])) keys.push_back(std::move(key));
    }
  }
  return keys;
}

TEST(ManualPage, OfTheConfigurationHasEachKeyOfTheReadme) {
  const std::string page = ReadFile(kDeploy + "/man/bounced.toml.5");
  const std::vector<std::string> keys = KeysInReadme();
  EXPECT_GT(keys.size(), 60U);
  for (const std::string& key : keys) EXPECT_THAT(page, HasSubstr("Ic " + key));
}

TEST(ManualPage, OfTheCommandLineHasEachVerb) {
  const std::string page = ReadFile(kDeploy + "/man/bouncectl.1");
  const std::string help = RunProgram({Program("bouncectl"), "--help"}).out;
  const std::string verbs = help.substr(help.find("Subcommands:") + 13);
  int found = 0;
  for (const std::string& line : Lines(verbs.substr(0, verbs.find("\n\n")))) {
    const std::string verb = line.substr(2, line.find(' ', 2) - 2);
    EXPECT_THAT(page, HasSubstr("\n.It Cm " + verb));
    ++found;
  }
  EXPECT_GT(found, 10);
}

// The package of these programs, which all its tests look at.
class Package : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"dpkg-deb", "dpkg-shlibdeps", "dpkg-parsechangelog", "file"}) {
      if (!IsInstalled(program)) BOUNCED_SKIP(std::string(program) + " is not installed");
    }
    if (dir_ == nullptr) Make();
    ASSERT_NE(file_, "") << ReadFile(*dir_ / "log");
  }
  static void TearDownTestSuite() { dir_.reset(); }

  static void Make() {
    dir_ = std::make_unique<TempDir>();
    if (RunLong(
            {BOUNCED_CPACK, "--config", BOUNCED_BUILD_DIR "/CPackConfig.cmake", "-B", dir_->path()},
            *dir_ / "log") != 0) {
      return;
    }
    for (const auto& entry : std::filesystem::directory_iterator(dir_->path())) {
      if (entry.path().extension() == ".deb") file_ = entry.path().string();
    }
  }

  std::string Field(const std::string& name) {
    return RunProgram({"dpkg-deb", "--field", file_, name}).out;
  }

  static inline std::unique_ptr<TempDir> dir_;
  static inline std::string file_;
};

TEST_F(Package, HasWhatItHasToHave) {
  const std::string contents = RunProgram({"dpkg-deb", "--contents", file_}).out;
  for (const char* wanted :
       {"-rwxr-xr-x root/root .* \\./usr/bin/bounced\n",
        "-rwxr-xr-x root/root .* \\./usr/bin/bouncectl\n",
        "-rw-r--r-- root/root .* \\./etc/bounced/bounced.toml\n",
        "-rw-r--r-- root/root .* \\./lib/systemd/system/bounced.service\n",
        "-rw-r--r-- root/root .* \\./lib/systemd/system/bounced.socket\n",
        "-rw-r--r-- root/root .* \\./lib/systemd/system/bounced-backup.service\n",
        "-rw-r--r-- root/root .* \\./lib/systemd/system/bounced-backup.timer\n",
        "/usr/share/man/man1/bouncectl.1.gz\n", "/usr/share/man/man5/bounced.toml.5.gz\n",
        "/usr/share/man/man8/bounced.8.gz\n", "/usr/share/doc/bounced/changelog.gz\n",
        "/usr/share/doc/bounced/copyright\n"}) {
    EXPECT_THAT(contents, ContainsRegex(wanted));
  }
  // The library is not in it.
  EXPECT_THAT(contents, Not(HasSubstr("/usr/include")));
  EXPECT_EQ(RunProgram({"dpkg-deb", "--info", file_, "conffiles"}).out,
            "/etc/bounced/bounced.toml\n");
  EXPECT_THAT(Field("Depends"), HasSubstr("libgrpc++"));
  EXPECT_THAT(Field("Depends"), HasSubstr("adduser"));
}

TEST_F(Package, HasTheVersionOfItsChangelog) {
  EXPECT_EQ(Field("Version"), RunProgram({"dpkg-parsechangelog", "--show-field", "Version",
                                          "--file", kDeploy + "/debian/changelog"})
                                  .out);
}

TEST_F(Package, IsFreeOfLint) {
  if (!IsInstalled("lintian")) BOUNCED_SKIP("lintian is not installed");
  // The maintainers have no address for mail yet.
  const std::optional<int> status =
      RunLong({"lintian", "--allow-root", "--fail-on=error,warning",
               "--suppress-tags=bogus-mail-host,bogus-mail-host-in-debian-changelog", file_},
              *dir_ / "lint");
  EXPECT_EQ(status, 0);
  EXPECT_EQ(ReadFile(*dir_ / "lint"), "");
}

class Hardening : public testing::TestWithParam<const char*> {};

TEST_P(Hardening, T52OfTheProgram) {
  const Outcome outcome = RunProgram({"readelf", "--wide", "--file-header", "--program-headers",
                                      "--dynamic", "--notes", "--dyn-syms", Program(GetParam())});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::string& elf = outcome.out;
  // Position-independent; what is relocated at the start is read-only after it; no stack or text
  // that is writable and executable.
  EXPECT_THAT(elf, ContainsRegex("Type: +DYN"));
  EXPECT_THAT(elf, ContainsRegex("FLAGS_1.* NOW .*PIE"));
  EXPECT_THAT(elf, HasSubstr("GNU_RELRO"));
  EXPECT_THAT(elf, ContainsRegex("GNU_STACK .* RW "));
  EXPECT_THAT(elf, Not(HasSubstr("RWE")));
  EXPECT_THAT(elf, Not(HasSubstr("TEXTREL")));
  EXPECT_THAT(elf, HasSubstr("__stack_chk_fail"));
  // _GLIBCXX_ASSERTIONS.
  EXPECT_THAT(elf, HasSubstr("__glibcxx_assert_fail"));
#if defined(__x86_64__)
  // Control-flow enforcement. That of Debian 12's start files is off, and with it the whole's mark.
  EXPECT_THAT(RunProgram({"objdump", "--disassemble=main", Program(GetParam())}).out,
              ContainsRegex("<main>:\n[^\n]*endbr64"));
#endif
  // _FORTIFY_SOURCE, of release builds.
  if (BOUNCED_FORTIFIED) {
    EXPECT_THAT(elf, ContainsRegex("__(mem|str|v?sn?printf|fprintf|read)[a-z]*_chk@"));
  }
}

INSTANTIATE_TEST_SUITE_P(, Hardening, testing::Values("bounced", "bouncectl"),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace bounced::e2e

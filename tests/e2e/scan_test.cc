// testssl.sh finds nothing in the daemon's TLS that would have to be mended.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/e2e/harness/authority.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

// Findings of severity MEDIUM that are meant to be so, and why.
const std::map<std::string, std::string_view>& Allowed() {
  static const std::map<std::string, std::string_view> allowed = {};
  return allowed;
}

// A scan takes half a minute of a processor.
constexpr std::chrono::seconds kScanPatience{400};

// It says so of 37 things. A scan that did not come through says so of a few.
constexpr int kLeastGood = 30;

struct Finding {
  std::string id;
  std::string severity;
  std::string text;
};

// testssl.sh's flat JSON: a list of objects of strings.
std::vector<Finding> ReadFindings(const std::string& json) {
  google::protobuf::ListValue list;
  if (!google::protobuf::util::JsonStringToMessage(json, &list).ok()) return {};
  std::vector<Finding> findings;
  for (const google::protobuf::Value& value : list.values()) {
    const auto& fields = value.struct_value().fields();
    const auto text = [&fields](const char* name) {
      const auto place = fields.find(name);
      return place == fields.end() ? std::string() : place->second.string_value();
    };
    findings.push_back({text("id"), text("severity"), text("finding")});
  }
  return findings;
}

TEST(ScanTest, S53NothingThatHasToBeMendedOnAnyPort) {
  if (RunProgram({"testssl", "--version"}).status != 0) BOUNCED_SKIP("testssl.sh is not installed");
  const Authority authority;
  const Daemon daemon({.smtp = LoginPorts(), .sections = authority.Section()});
  struct Scan {
    std::string_view name;
    std::uint16_t port;
    std::vector<std::string> options;
  };
  const std::vector<Scan> scans = {{"starttls", daemon.smtp_port(), {"--starttls", "smtp"}},
                                   {"implicit", daemon.port("smtps"), {}}};
  const TempDir dir;
  const auto file = [&dir](const Scan& scan, std::string_view kind) {
    return dir / (std::string(scan.name) + std::string(kind));
  };
  std::vector<std::unique_ptr<Process>> running;
  for (const Scan& scan : scans) {
    // It asks nobody but the daemon: no DNS, and no --phone-out. Protocols, ciphers, forward
    // secrecy, what the server prefers and shows, and all known holes.
    std::vector<std::string> command = {"testssl",    "--quiet",
                                        "--color",    "0",
                                        "--warnings", "off",
                                        "--ip",       "127.0.0.1",
                                        "--nodns",    "none",
                                        "--add-ca",   authority.own_file(),
                                        "--jsonfile", file(scan, ".json"),
                                        "-p",         "-s",
                                        "-f",         "-P",
                                        "-S",         "-U"};
    command.insert(command.end(), scan.options.begin(), scan.options.end());
    command.push_back("mx.example:" + std::to_string(scan.port));
    running.push_back(std::make_unique<Process>(ProcessOptions{
        .argv = command, .stdout_path = file(scan, ".out"), .stderr_path = file(scan, ".out")}));
  }
  for (std::size_t i = 0; i < scans.size(); ++i) {
    SCOPED_TRACE(scans[i].name);
    EXPECT_TRUE(running[i]->Wait(kScanPatience).has_value());
    int good = 0;
    for (const Finding& finding : ReadFindings(ReadFile(file(scans[i], ".json")))) {
      const bool serious = finding.severity == "HIGH" || finding.severity == "CRITICAL" ||
                           (finding.severity == "MEDIUM" && !Allowed().contains(finding.id));
      EXPECT_FALSE(serious) << finding.severity << ' ' << finding.id << ": " << finding.text;
      good += finding.severity == "OK";
    }
    // It has seen something at all.
    EXPECT_GE(good, kLeastGood) << ReadFile(file(scans[i], ".out"));
  }
}

}  // namespace
}  // namespace bounced::e2e

// The whole test suite of RFC 7208, as Debian installs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "../skip.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "server/authentication/spf.h"
#include "zone.h"

namespace bounced {
namespace {

constexpr char kSuite[] = "/usr/share/doc/python3-spf/rfc7208-tests.yml.gz";
// What release 2014.04 of the suite has.
constexpr int kCases = 203;

std::vector<std::string> OutputLines(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
  std::string output;
  std::array<char, 4096> some;
  while (const std::size_t octets = fread(some.data(), 1, some.size(), pipe.get())) {
    output.append(some.data(), octets);
  }
  return absl::StrSplit(output, '\n', absl::SkipEmpty());
}

std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> fields = absl::StrSplit(line, ' ');
  for (std::size_t i = 1; i < fields.size(); ++i) {
    fields[i] = absl::HexStringToBytes(fields[i].substr(1));
  }
  return fields;
}

void Add(Zone& zone, const std::vector<std::string>& fields) {
  const std::string& type = fields[0];
  if (type == "TXT") {
    zone.Text(fields[1], fields[2]);
  } else if (type == "A" || type == "AAAA") {
    zone.Address(fields[1], fields[2]);
  } else if (type == "MX") {
    int preference = 0;
    ASSERT_TRUE(absl::SimpleAtoi(fields[2], &preference));
    zone.Exchange(fields[1], static_cast<std::uint16_t>(preference), fields[3]);
  } else if (type == "PTR") {
    zone.Pointer(fields[1], fields[2]);
  } else if (type == "CNAME") {
    zone.Alias(fields[1], fields[2]);
  } else if (type == "TIMEOUT") {
    zone.Fails(fields[1]);
  } else {
    FAIL() << "the suite has a record of type " << type;
  }
}

TEST(SpfSuiteTest, EveryCaseHasAResultThatTheSuiteAllows) {
  if (access(kSuite, R_OK) != 0 || system("python3 -c 'import yaml' 2>/dev/null") != 0) {
    BOUNCED_SKIP("python3-spf or python3-yaml is not installed");
  }
  const std::string script = BOUNCED_SOURCE_DIR "/tests/authentication/spf_suite.py";
  Zone zone;
  std::string scenario;
  int cases = 0;
  for (const std::string& line : OutputLines("python3 '" + script + "' " + kSuite)) {
    const std::vector<std::string> fields = Fields(line);
    if (fields[0] == "scenario") {
      zone = Zone();
      scenario = fields[1];
    } else if (fields[0] != "case") {
      ASSERT_NO_FATAL_FAILURE(Add(zone, fields));
    } else {
      SCOPED_TRACE(scenario + ": " + fields[1]);
      ++cases;
      const std::optional<IpAddress> client = IpAddress::Parse(fields[2]);
      ASSERT_TRUE(client);
      const std::optional<SpfResult> result = AskZone(
          zone, kMaxSpfRounds,
          [&](dns::Lookups& lookups) { return CheckSpf(*client, fields[3], fields[4], lookups); });
      ASSERT_TRUE(result);
      const std::vector<std::string> allowed(fields.begin() + 5, fields.end());
      EXPECT_THAT(allowed, testing::Contains(std::string(Name(result->outcome)))) << result->reason;
    }
  }
  EXPECT_EQ(cases, kCases);
}

}  // namespace
}  // namespace bounced

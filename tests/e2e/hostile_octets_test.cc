// What a stranger says comes back nowhere as it was said: not in replies, not in the log, and not
// on the terminal of who asks bouncectl about it (T33).
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <signal.h>

#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parser/text.h"
#include "tests/e2e/harness/daemon.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;

// Each wants to begin a line, a field, or a sequence that a terminal obeys. None has a dot, for a
// dot behind a bare CR or LF is a matter of framing (S90).
std::vector<std::string> Payloads() {
  return {
      "a\r\nsmtp_forged session=1",
      "a\rsmtp_forged session=1",
      "a\nsmtp_forged session=1",
      "a\r\n250 2 0 0 Ok\r\nx",
      "\x1b[31mred\x1b[0m\x1b]0;title\x07",
      "a\x07\x08\x7f",
      "\xE2\x80\xAEtxt\xE2\x80\xACx\xE2\x81\xA6y\xE2\x81\xA9\xD8\x9C\xE2\x80\x8F",  // directions
      "\xC2\x9B"
      "31m\xC2\x85x\xE2\x80\xA8y\xE2\x80\xA9",  // C1 controls, line separators
      "\x9b"
      "31m\xff\xfe\xc3(\xed\xa0\x80\xf8\x88\x80\x80\x80",  // ill-formed
      std::string("a\0b\0", 4),
      "a\" user=\"root\" x=\"",
      "a=b user=root",
      "a\\x1b[31m\\\" b\\",
      "\\\"a\\\x1b\\\"",
      "a b\tc",
      std::string(200, 'x'),
      std::string(1'500, '='),
      std::string(3'000, '"'),
      std::string(100'000, '\x1b'),
  };
}

// Every octet as "+HH" (RFC 3461, 4).
std::string Xtext(std::string_view octets) {
  std::string text;
  for (const char c : octets) absl::StrAppend(&text, "+", absl::Hex(c & 0xff, absl::kZeroPad2));
  return absl::AsciiStrToUpper(text);
}

std::string Utf8Xtext(std::string_view octets) {
  std::string text;
  for (const char c : octets) absl::StrAppend(&text, "\\x{", absl::Hex(c & 0xff), "}");
  return absl::AsciiStrToLower(text);
}

// A report with the payload ($p) wherever a text may stand.
std::string HostileReport(const std::string& recipient, const std::string& payload) {
  constexpr char kReport[] =
      "From: $p <MAILER-DAEMON@mta.sender.example>\r\n"
      "Subject: $p\r\n"
      "Message-ID: <$p@mta.sender.example>\r\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/plain\r\n\r\n"
      "$p\r\n"
      "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
      "Original-Envelope-Id: $p\r\n"
      "Reporting-MTA: dns; $p\r\n"
      "X-Further: $p\r\n\r\n"
      "Final-Recipient: rfc822; $recipient\r\n"
      "Action: failed\r\nStatus: 5.1.1\r\n"
      "Remote-MTA: dns; $p\r\n"
      "Diagnostic-Code: smtp; 550 5.1.1 User unknown $p\r\n"
      "X-Another: $p\r\n\r\n"
      "Original-Recipient: rfc822; $p@rcpt.example\r\n"
      "Final-Recipient: rfc822; $p@rcpt.example\r\n"
      "Action: failed\r\nStatus: 5.1.1\r\n\r\n"
      "--b\r\nContent-Type: message/rfc822\r\n\r\n"
      "Message-ID: <$p>\r\nSubject: $p\r\n\r\n--b--\r\n.\r\n";
  return absl::StrReplaceAll(kReport, {{"$p", payload}, {"$recipient", recipient}});
}

// Lines of printable ASCII, each with CRLF and at most 512 octets (S3, S4).
void ExpectSoundReplies(std::string_view received) {
  while (!received.empty()) {
    const std::size_t end = received.find("\r\n");
    ASSERT_NE(end, std::string_view::npos) << absl::CHexEscape(std::string(received));
    const std::string_view line = received.substr(0, end);
    EXPECT_LE(line.size() + 2, 512u) << line;
    for (const char c : line) {
      ASSERT_TRUE(c >= ' ' && c <= '~') << absl::CHexEscape(std::string(line));
    }
    ASSERT_GE(line.size(), 4u) << line;
    EXPECT_TRUE(line[0] >= '2' && line[0] <= '5') << line;
    EXPECT_TRUE(line[3] == ' ' || line[3] == '-') << line;
    EXPECT_THAT(std::string(line), testing::Not(HasSubstr("smtp_forged")));
    received.remove_prefix(end + 2);
  }
}

// Whether the line is a name, then fields: `key=word` or `key="escaped"`.
bool IsLogfmt(const std::string& line) {
  static const std::regex kLine(
      R"re([a-z]+\.[a-z_]+(?: [a-z0-9_]+=(?:[!#-<>-\[\]-~]+|"(?:[ !#-\[\]-~]|\\["\\'?nrtabfv]|\\x[0-9a-f]{2})*"))*)re");
  return std::regex_match(line, kLine);
}

void ExpectSoundLog(const std::string& log) {
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(IsLogfmt(line)) << absl::CHexEscape(line);
  }
  EXPECT_TRUE(log.ends_with('\n'));
  EXPECT_THAT(log, testing::Not(HasSubstr("smtp_forged")));
}

// Nothing that a terminal obeys, but for line ends and tabs, or that turns text around. A mark that
// has a direction and gives none is text.
void ExpectHarmless(const std::string& shown) {
  EXPECT_TRUE(IsValidUtf8(shown));
  for (const char c : shown) {
    const bool control = (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == '\x7f';
    ASSERT_FALSE(control) << absl::CHexEscape(shown);
  }
  static const std::regex kOdd("\xC2[\x80-\x9F]|\xE2\x80[\xA8-\xAE]|\xE2\x81[\xA6-\xA9]");
  EXPECT_FALSE(std::regex_search(shown, kOdd)) << absl::CHexEscape(shown);
}

void ExpectJsonLines(const std::string& text) {
  ExpectHarmless(text);
  for (const char* mark : {"\xD8\x9C", "\xE2\x80\x8E", "\xE2\x80\x8F"}) {
    EXPECT_THAT(text, testing::Not(HasSubstr(mark)));
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    google::protobuf::Struct value;
    const auto status = google::protobuf::util::JsonStringToMessage(line, &value);
    EXPECT_TRUE(status.ok()) << status.ToString() << ": " << absl::CHexEscape(line);
  }
}

class HostileOctetsTest : public testing::Test {
 protected:
  // A line, on a session of its own behind those that `ready` has, and all that came back.
  void Say(const std::vector<std::string>& ready, const std::string& line) {
    SmtpClient client(daemon_.smtp_port());
    ASSERT_EQ(client.Read().code, 220);
    for (const std::string& command : ready) ASSERT_EQ(client.Command(command).code, 250);
    client.Write(line + "\r\n");
    EXPECT_NE(client.Read().code, 0) << "an answer, whatever it is";
    client.Write("QUIT\r\n");
    while (client.Read().code != 0) {
    }
    ExpectSoundReplies(client.received());
  }

  // The header of a proxy; whether there was a banner behind it.
  bool SayProxy(const std::string& header) {
    SmtpClient client(daemon_.port("proxy"));
    client.Write(header);
    const bool greeted = client.Read().code == 220;
    if (greeted) client.Command("QUIT");
    ExpectSoundReplies(client.received());
    return greeted;
  }

  // A hostile report about the recipient, by a hostile session.
  void Report(const std::string& recipient, const std::string& payload) {
    SmtpClient client(daemon_.smtp_port());
    ASSERT_EQ(client.Read().code, 220);
    // Controls end a session; what may stand in a name is kept with the event.
    const bool plain = payload.find_first_of(std::string_view("\r\n\0", 3)) == payload.npos;
    if (!plain || client.Command("EHLO " + payload).code != 250) {
      ASSERT_EQ(client.Command("EHLO client.sender.example").code, 250);
    }
    ASSERT_EQ(client.Command("MAIL FROM:<> ENVID=" + Xtext(payload.substr(0, 30))).code, 250);
    ASSERT_EQ(client
                  .Command("RCPT TO:<" + daemon_.Mint(recipient) + "> ORCPT=rfc822;" +
                           Xtext(payload.substr(0, 100)))
                  .code,
              250);
    ASSERT_EQ(client.Command("DATA").code, 354);
    client.Write(HostileReport(recipient, payload));
    EXPECT_EQ(client.Read().code, 250);
    client.Command("QUIT");
    ExpectSoundReplies(client.received());
  }

  Outcome Shown(const std::vector<std::string>& arguments) const {
    const Outcome outcome = daemon_.Bouncectl(arguments);
    ExpectHarmless(outcome.out);
    ExpectHarmless(outcome.err);
    std::vector<std::string> json = arguments;
    json.push_back("--json");
    ExpectJsonLines(daemon_.Bouncectl(json).out);
    return outcome;
  }

  Daemon daemon_{{.smtp = "proxy_listen = ['127.0.0.1:0']\ntrusted_proxies = ['127.0.0.1']\n"
                          "allowed_networks = ['127.0.0.1']\nerror_delay = '0s'\n" +
                          LoginPorts(),
                  .sections = "[log]\nlevel = 'debug'\n"}};
};

TEST_F(HostileOctetsTest, T33S4NoReplyAndNoLineOfTheLogIsOfAClientsMaking) {
  const std::string path = daemon_.Mint("r@rcpt.example");
  const std::vector<std::string> greeted = {"EHLO client.sender.example"};
  const std::vector<std::string> in_mail = {greeted[0], "MAIL FROM:<>"};
  for (const std::string& payload : Payloads()) {
    SCOPED_TRACE(absl::CHexEscape(payload.substr(0, 40)));
    for (const char* verb : {"EHLO ", "HELO ", "", "NOOP ", "VRFY ", "HELP ", "AUTH ", "BDAT "}) {
      Say({}, verb + payload);
    }
    for (const char* form :
         {"MAIL FROM:<$0@sender.example>", "MAIL FROM:<\"$0\"@sender.example>", "MAIL FROM:<a@$0>",
          "MAIL FROM:<> ENVID=$0", "MAIL FROM:<> $0", "MAIL FROM:<$0> SMTPUTF8", "MAIL FROM:$0"}) {
      std::string line = form;
      Say(greeted, line.replace(line.find("$0"), 2, payload));
    }
    Say(greeted, "MAIL FROM:<> ENVID=" + Xtext(payload));
    Say(in_mail, "RCPT TO:<" + payload + "@bounces.example>");
    Say(in_mail, "RCPT TO:<\"" + payload + "\"@bounces.example>");
    Say(in_mail, "RCPT TO:<postmaster@" + payload + ">");
    for (const std::string& value : {payload, Xtext(payload)}) {
      Say(in_mail, "RCPT TO:<" + path + "> ORCPT=rfc822;" + value);
    }
    Say(in_mail, "RCPT TO:<" + path + "> ORCPT=utf-8;" + Utf8Xtext(payload));
    SayProxy("PROXY TCP4 " + payload + " 192.0.2.2 56324 25\r\n");
    SayProxy("PROXY UNKNOWN " + payload + "\r\n");
    std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x11", 14);
    const std::string value = payload.substr(0, 100);
    const std::string addresses("\xC0\x00\x02\x01\xC0\x00\x02\x02\x12\x34\x00\x19", 12);
    const std::size_t octets = addresses.size() + 3 + value.size();
    header += {static_cast<char>(octets >> 8), static_cast<char>(octets & 0xff)};
    // A name of the host, as the client told it the proxy (PROXY protocol, 2.2.2).
    EXPECT_TRUE(
        SayProxy(header + addresses + '\x02' + '\0' + static_cast<char>(value.size()) + value));
  }
  EXPECT_EQ(daemon_.Stop(SIGTERM), 0);
  EXPECT_THAT(daemon_.log(), HasSubstr("\nsmtp.session "));
  ExpectSoundLog(daemon_.log());
}

// No name in them is of the network's making, however many names the network has.
TEST_F(HostileOctetsTest, T34TheLogHasTheSameCountersWhateverWasSaid) {
  const auto counters = [](Daemon& daemon) {
    EXPECT_EQ(daemon.Stop(SIGTERM), 0);
    const std::string log = daemon.log();
    const std::size_t begin = log.rfind("\ndaemon.counters ") + 1;
    return std::regex_replace(log.substr(begin, log.find('\n', begin) - begin), std::regex("=\\d+"),
                              "");
  };
  Daemon untouched;
  const std::string names = counters(untouched);
  EXPECT_THAT(names, HasSubstr(" smtp_recipients_forged "));
  for (int i = 0; i < 100; ++i) {
    const std::string domain = "d" + std::to_string(i) + ".example";
    Report("a@" + domain, domain);
    Say({"EHLO mx." + domain, "MAIL FROM:<a@" + domain + ">"}, "RCPT TO:<a@" + domain + ">");
  }
  EXPECT_EQ(counters(daemon_), names);
}

TEST_F(HostileOctetsTest, T33S4NorAreTheyOfWhoLogsIn) {
  std::string sessions;
  const auto add = [&sessions](const std::vector<std::string>& lines) {
    for (const std::string& line : lines)
      absl::StrAppend(&sessions, absl::BytesToHexString(line), " ");
    sessions += '\n';
  };
  const std::string nul(1, '\0');
  for (const std::string& payload : Payloads()) {
    const std::string in_base64 = absl::Base64Escape(payload);
    add({"AUTH PLAIN " + absl::Base64Escape(nul + payload + nul + "pencil")});
    add({"AUTH PLAIN " + absl::Base64Escape(payload + nul + "relay" + nul + payload)});
    add({"AUTH LOGIN", in_base64, in_base64});
    add({"AUTH SCRAM-SHA-256 " + absl::Base64Escape("n,,n=" + payload + ",r=nonce"), in_base64});
    add({"AUTH SCRAM-SHA-256 " + absl::Base64Escape("n,,n=relay,r=" + payload), in_base64});
    if (payload.find_first_of("\r\n") == payload.npos) add({"AUTH PLAIN " + payload, payload});
  }
  add({"AUTH SCRAM-SHA-256 " + absl::Base64Escape("n,,n=relay,r=" + std::string(256, 'n')), "*"});
  add({"AUTH PLAIN " + absl::Base64Escape(nul + "relay" + nul + "pencil")});
  const Outcome outcome = RunProgram({"python3", BOUNCED_SOURCE_DIR "/tests/e2e/tls_lines.py",
                                      std::to_string(daemon_.port("smtps"))},
                                     {}, sessions);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("535 5.7.8"));
  EXPECT_THAT(outcome.out, HasSubstr("235 2.7.0"));
  ExpectSoundReplies(outcome.out);
  EXPECT_EQ(daemon_.Stop(SIGTERM), 0);
  EXPECT_THAT(daemon_.log(), HasSubstr(" user=relay "));
  ExpectSoundLog(daemon_.log());
}

TEST_F(HostileOctetsTest, T33D100WhatAReportSaysIsHarmlessOnATerminal) {
  const std::vector<std::string> payloads = Payloads();
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    SCOPED_TRACE(absl::CHexEscape(payloads[i].substr(0, 40)));
    const std::string recipient = "r" + std::to_string(i) + "@rcpt.example";
    Report(recipient, payloads[i]);
    const std::vector<v1::Event> events = daemon_.api().Events(recipient);
    ASSERT_EQ(events.size(), 1u);
    Shown({"events", "--id", std::to_string(events[0].id())});
    Shown({"explain", recipient});
    // As the argument of a program, that is all but NUL.
    if (payloads[i].find('\0') == std::string::npos) {
      Shown({"explain", payloads[i] + "@rcpt.example"});
      Shown({"events", payloads[i]});
    }
  }
  const Outcome events = Shown({"events"});
  EXPECT_THAT(events.out, HasSubstr("\\x{1B}[31mred"));
  EXPECT_THAT(events.out, HasSubstr("\\x{202E}txt"));
  EXPECT_THAT(Shown({"list"}).out, HasSubstr("r0@rcpt.example"));
  EXPECT_EQ(daemon_.Stop(SIGTERM), 0);
  ExpectSoundLog(daemon_.log());
}

}  // namespace
}  // namespace bounced::e2e

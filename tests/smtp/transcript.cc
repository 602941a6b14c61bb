#include "tests/smtp/transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <map>
#include <random>

#include "server/smtp/dialogue.h"

namespace bounced::smtp {
namespace {

constexpr std::string_view kHost = "mx.example.net";

[[noreturn]] void Unreadable(const std::string& place, const std::string& line) {
  std::cerr << place << ": cannot read: " << line << std::endl;
  std::abort();
}

std::string Unescape(std::string_view text, const std::string& place) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) Unreadable(place, std::string(text));
    switch (text[i]) {
      case 'r':
        out += '\r';
        break;
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case '0':
        out += '\0';
        break;
      case '\\':
        out += '\\';
        break;
      case 'x':
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
        break;
      case '(': {
        const std::size_t star = text.find('*', i);
        const std::size_t end = text.find(')', i);
        const int times = std::stoi(std::string(text.substr(i + 1, star - i - 1)));
        const std::string piece = Unescape(text.substr(star + 1, end - star - 1), place);
        for (int n = 0; n < times; ++n) out += piece;
        i = end;
        break;
      }
      default:
        Unreadable(place, std::string(text));
    }
  }
  return out;
}

void SetLimit(Limits& limits, const std::string& name, std::size_t value,
              const std::string& place) {
  const std::map<std::string, std::size_t Limits::*> numbers = {
      {"max_message_size", &Limits::max_message_size},
      {"max_recipients", &Limits::max_recipients},
      {"max_transactions", &Limits::max_transactions},
      {"max_errors", &Limits::max_errors},
      {"slow_errors", &Limits::slow_errors},
      {"max_junk_commands", &Limits::max_junk_commands},
      {"max_failed_logins", &Limits::max_failed_logins},
      {"max_bad_recipients", &Limits::max_bad_recipients},
      {"min_data_rate", &Limits::min_data_rate},
  };
  const std::map<std::string, absl::Duration Limits::*> durations = {
      {"command_timeout", &Limits::command_timeout},
      {"data_timeout", &Limits::data_timeout},
      {"overload_timeout", &Limits::overload_timeout},
      {"session_lifetime", &Limits::session_lifetime},
      {"drain", &Limits::drain},
  };
  if (auto it = numbers.find(name); it != numbers.end()) {
    limits.*it->second = value;
  } else if (auto found = durations.find(name); found != durations.end()) {
    limits.*found->second = absl::Seconds(static_cast<std::int64_t>(value));
  } else {
    Unreadable(place, name + ": no limit that SetLimit() in transcript.cc knows");
  }
}

absl::StatusCode CodeOf(const Transcript::Line& line) {
  const std::map<std::string, absl::StatusCode> codes = {
      {"OK", absl::StatusCode::kOk},
      {"NOT_FOUND", absl::StatusCode::kNotFound},
      {"PERMISSION_DENIED", absl::StatusCode::kPermissionDenied},
      {"UNAVAILABLE", absl::StatusCode::kUnavailable},
      {"INTERNAL", absl::StatusCode::kInternal},
      {"RESOURCE_EXHAUSTED", absl::StatusCode::kResourceExhausted},
      {"DEADLINE_EXCEEDED", absl::StatusCode::kDeadlineExceeded},
  };
  auto it = codes.find(line.text);
  if (it == codes.end()) Unreadable(line.place, line.text);
  return it->second;
}

std::string NameOf(DiscardReason reason) {
  switch (reason) {
    case DiscardReason::kFraming:
      return "framing";
    case DiscardReason::kTooLarge:
      return "too_large";
    case DiscardReason::kShed:
      return "shed";
  }
  return "";
}

std::string Describe(const Envelope& e) {
  std::string text = "helo=" + e.helo + " from=" + e.reverse_path + " id=" + e.envelope_id + " to=";
  for (std::size_t i = 0; i < e.recipients.size(); ++i) {
    const EnvelopeRecipient& r = e.recipients[i];
    text += (i == 0 ? "" : ",") + r.path.local_part + "@" + r.path.domain;
    if (!r.original_recipient.empty()) text += "(" + r.original_recipient + ")";
  }
  return text;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "250 2.1.0 and text": the class is that of the code (RFC 2034, 4).
bool HasEnhancedStatus(std::string_view line) {
  std::string_view status = line.substr(4);
  status = status.substr(0, status.find(' '));
  int dots = 0;
  for (char c : status) {
    if (c != '.' && !IsDigit(c)) return false;
    dots += c == '.' ? 1 : 0;
  }
  return dots == 2 && status.size() >= 5 && status[0] == line[0] && status[1] == '.' &&
         IsDigit(status[2]) && IsDigit(status.back()) && line.size() > 4 + status.size() + 1;
}

// What holds for every reply (S2, S3, S4).
void CheckReply(const std::string& text, const std::string& place) {
  ASSERT_GE(text.size(), 2u) << place;
  ASSERT_EQ(text.substr(text.size() - 2), "\r\n") << place;
  std::string code;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find("\r\n", begin);
    const std::string line = text.substr(begin, end - begin);
    const bool last = end + 2 == text.size();
    begin = end + 2;
    EXPECT_LE(line.size() + 2, kMaxReplyLineOctets) << place;
    EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }))
        << place;
    ASSERT_GE(line.size(), 4u) << place;
    EXPECT_TRUE(line[0] >= '2' && line[0] <= '5' && IsDigit(line[1]) && IsDigit(line[2])) << line;
    if (code.empty()) code = line.substr(0, 3);
    EXPECT_EQ(line.substr(0, 3), code) << place;
    EXPECT_EQ(line[3], last ? ' ' : '-') << place;
    const bool exempt = line.starts_with("220 mx") || line[0] == '3' ||
                        line.find(kHost) != std::string::npos || line.starts_with("501 Say EHLO") ||
                        text.starts_with("250-" + std::string(kHost));
    EXPECT_EQ(HasEnhancedStatus(line), !exempt) << place << ": " << line;
  }
}

// A Dialogue, and what it did that no line has asked for yet.
class Player {
 public:
  Player(const Transcript& transcript, std::uint32_t cut)
      : transcript_(transcript),
        cut_(transcript.whole ? 0 : cut),
        random_(cut),
        profile_{.hostname = std::string(kHost),
                 .limits = transcript.limits,
                 .tls = transcript.tls,
                 .lmtp = transcript.lmtp,
                 .users = transcript.login ? &users_ : nullptr,
                 .hidden_keywords = transcript.hidden},
        dialogue_(profile_, now_) {}

  void Run() {
    if (!transcript_.early) Drain();
    if (!transcript_.early)
      Expect('S', transcript_.lmtp ? "220 mx.example.net LMTP" : "220 mx.example.net ESMTP",
             "the banner");
    GoTo(transcript_.state);
    for (const Transcript::Line& line : transcript_.lines) {
      Do(line);
      if (testing::Test::HasFailure()) return;
    }
    FlushPacket();
    for (const auto& [kind, text] : done_) ADD_FAILURE() << "unexpected: " << kind << ": " << text;
  }

 private:
  void GoTo(std::string_view state) {
    if (state.empty()) return;
    Say(transcript_.lmtp ? "LHLO client.example" : "EHLO client.example");
    if (state == "ehlo") return;
    Say("MAIL FROM:<>");
    if (state == "mail") return;
    Say("RCPT TO:<bounce@rp.example>");
    if (state == "rcpt") return;
    Say("DATA");
  }

  void Say(std::string_view line) {
    dialogue_.Feed(std::string(line) + "\r\n", now_);
    Drain();
    done_.clear();
  }

  void Do(const Transcript::Line& line) {
    place_ = line.place;
    switch (line.kind) {
      case 'C':
        packet_ += Unescape(line.text, line.place) + "\r\n";
        return;
      case 'c':
        packet_ += Unescape(line.text, line.place);
        return;
      case 'V':
        return vouches_.push_back(CodeOf(line));
      case 'A':
        return admissions_.push_back(CodeOf(line));
      case 'L':
        return tls_.push_back(CodeOf(line));
      case 'U':
        return logins_.push_back(CodeOf(line));
      case 'M':
        return commits_.push_back(CodeOf(line));
      default:
        break;
    }
    FlushPacket();
    if (line.kind == 'T') {
      absl::Duration passed;
      if (!absl::ParseDuration(line.text, &passed)) Unreadable(line.place, line.text);
      now_ += passed;
      dialogue_.TimedOut(now_);
      Drain();
    } else if (line.kind == '!') {
      if (line.text == "shutdown") {
        dialogue_.ShutDown(now_);
      } else if (line.text == "shed") {
        dialogue_.Shed();
      } else if (line.text == "overload" || line.text == "relief") {
        dialogue_.SetOverloaded(line.text == "overload");
      } else {
        Unreadable(line.place, line.text);
      }
      Drain();
    } else {
      Expect(line.kind, line.kind == 'R' ? Unescape(line.text, line.place) : line.text, line.place);
    }
  }

  void Expect(char kind, const std::string& want, const std::string& place) {
    if (done_.empty()) {
      ADD_FAILURE() << place << ": nothing came, wanted " << kind << ": " << want;
      return;
    }
    const auto [got_kind, got] = done_.front();
    done_.pop_front();
    const bool same =
        got_kind == kind && (kind == 'R' || kind == 'E' ? got == want : got.starts_with(want));
    EXPECT_TRUE(same) << place << "\n  wanted " << kind << ": " << want << "\n  got    " << got_kind
                      << ": " << got;
    // The envelope is there for those who ask.
    if (kind == 'R' && !done_.empty() && done_.front().first == 'E' && !NextIs('E')) {
      done_.pop_front();
    }
  }

  // Whether the transcript's line behind the present one is of this kind.
  bool NextIs(char kind) const {
    for (std::size_t i = 0; i + 1 < transcript_.lines.size(); ++i) {
      if (transcript_.lines[i].place == place_) return transcript_.lines[i + 1].kind == kind;
    }
    return false;
  }

  void FlushPacket() {
    std::string_view rest = packet_;
    while (!rest.empty()) {
      std::size_t n = rest.size();
      if (cut_ == 1) n = 1;
      if (cut_ > 1)
        n = std::uniform_int_distribution<std::size_t>(1, std::min<std::size_t>(n, 40))(random_);
      dialogue_.Feed(rest.substr(0, n), now_);
      rest.remove_prefix(n);
      Drain();
    }
    packet_.clear();
  }

  static absl::StatusCode Take(std::deque<absl::StatusCode>& answers) {
    if (answers.empty()) return absl::StatusCode::kOk;
    const absl::StatusCode code = answers.front();
    answers.pop_front();
    return code;
  }

  void Drain() {
    while (std::optional<Action> action = dialogue_.Next()) {
      if (auto* reply = std::get_if<Reply>(&*action)) {
        CheckReply(reply->text, place_);
        std::string_view text = reply->text;
        while (!text.empty()) {
          const std::size_t end = text.find("\r\n");
          done_.emplace_back('S', text.substr(0, end));
          text.remove_prefix(std::min(end, text.size() - 2) + 2);
        }
      } else if (std::holds_alternative<Admit>(*action)) {
        dialogue_.Admitted(absl::Status(Take(admissions_), "as told"));
      } else if (std::holds_alternative<Vouch>(*action)) {
        dialogue_.Vouched(absl::Status(Take(vouches_), "as told"), now_);
      } else if (auto* accept = std::get_if<Accept>(&*action)) {
        done_.emplace_back('R', accept->message);
        done_.emplace_back('E', Describe(accept->envelope));
        const absl::StatusCode code = Take(commits_);
        EXPECT_EQ(dialogue_.Deadline(), absl::InfiniteFuture());
        EXPECT_FALSE(dialogue_.Next().has_value()) << "what follows waits for the answer";
        MessageIds ids;
        for (const EnvelopeRecipient& r : accept->envelope.recipients) {
          ids.push_back("id-" + r.path.local_part);
        }
        dialogue_.Accepted(code == absl::StatusCode::kOk
                               ? absl::StatusOr<MessageIds>(std::move(ids))
                               : absl::StatusOr<MessageIds>(absl::Status(code, "as told")),
                           now_);
      } else if (auto* discard = std::get_if<Discard>(&*action)) {
        done_.emplace_back('D', NameOf(discard->reason));
      } else if (auto* pause = std::get_if<Pause>(&*action)) {
        done_.emplace_back('P', absl::FormatDuration(pause->duration));
      } else if (std::holds_alternative<AdmitTls>(*action)) {
        dialogue_.TlsAdmitted(Take(tls_) == absl::StatusCode::kOk);
      } else if (auto* check = std::get_if<CheckLogin>(&*action)) {
        const auto* password = std::get_if<SaslPassword>(&check->claim);
        const bool fits = password != nullptr ? CheckPassword(password->secret, password->password)
                                              : std::holds_alternative<SaslDone>(check->claim);
        const absl::StatusCode code = Take(logins_);
        dialogue_.LoggedIn(code != absl::StatusCode::kOk ? absl::Status(code, "as told")
                           : fits                        ? absl::OkStatus()
                                                         : absl::PermissionDeniedError(""));
      } else if (std::holds_alternative<Handshake>(*action)) {
        done_.emplace_back('H', "");
        dialogue_.TlsBegun(now_);
      } else {
        done_.emplace_back('X', std::get<HangUp>(*action).end);
        EXPECT_TRUE(dialogue_.done());
      }
    }
  }

  const Transcript& transcript_;
  const std::uint32_t cut_;
  std::mt19937 random_;
  absl::Time now_ = absl::UnixEpoch() + absl::Hours(1);
  // Its password is "pencil".
  const Users users_{{{"relay", MakeScramSecret("pencil", "salt", kMinScramIterations)}}};
  const Profile profile_;
  Dialogue dialogue_;
  std::string packet_;
  std::string place_;
  std::deque<std::pair<char, std::string>> done_;
  std::deque<absl::StatusCode> vouches_;
  std::deque<absl::StatusCode> admissions_;
  std::deque<absl::StatusCode> commits_;
  std::deque<absl::StatusCode> tls_;
  std::deque<absl::StatusCode> logins_;
};

}  // namespace

std::vector<Transcript> ReadTranscripts(const std::string& path) {
  std::vector<Transcript> transcripts;
  std::ifstream file(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string place = path.substr(path.rfind('/') + 1) + ":" + std::to_string(number);
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("== ")) {
      transcripts.emplace_back().name = line.substr(3);
      continue;
    }
    if (transcripts.empty()) Unreadable(place, line);
    Transcript& last = transcripts.back();
    if (line == "whole") {
      last.whole = true;
    } else if (line == "early") {
      last.early = true;
    } else if (line == "ehlo" || line == "mail" || line == "rcpt" || line == "data") {
      last.state = line;
    } else if (line == "starttls") {
      last.tls = TlsUse::kStartTls;
    } else if (line == "lmtp") {
      last.lmtp = true;
    } else if (line == "login") {
      last.login = true;
    } else if (line.starts_with("hide ")) {
      last.hidden.push_back(line.substr(5));
    } else if (line == "implicit_tls") {
      last.tls = TlsUse::kImplicit;
    } else if (line.starts_with("limit ")) {
      const std::size_t blank = line.rfind(' ');
      SetLimit(last.limits, line.substr(6, blank - 6), std::stoul(line.substr(blank + 1)), place);
    } else if (line.size() >= 2 && line[1] == ':' &&
               std::string_view("CcSVAMLUREDPXTH!").find(line[0]) != std::string_view::npos) {
      last.lines.push_back({line[0], line.size() > 3 ? line.substr(3) : "", place});
    } else {
      Unreadable(place, line);
    }
  }
  return transcripts;
}

void Play(const Transcript& transcript, std::uint32_t cut) { Player(transcript, cut).Run(); }

}  // namespace bounced::smtp

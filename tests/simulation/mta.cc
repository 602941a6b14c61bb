#include "tests/simulation/mta.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "tests/simulation/violation.h"

namespace bounced::simulation {
namespace {

std::string DotStuffed(std::string_view message) {
  std::string stuffed;
  for (std::size_t begin = 0; begin < message.size();) {
    const std::size_t end = message.find("\r\n", begin);
    const std::string_view line = message.substr(begin, end - begin);
    if (line.starts_with('.')) stuffed += '.';
    stuffed.append(line).append("\r\n");
    begin = end + 2;
  }
  return stuffed + ".\r\n";
}

}  // namespace

void Mta::Connect() {
  commands_.clear();
  line_.clear();
  is_done_ = false;
  mails_left_ = random_.Between(1, 3);
  awaited_ = {Awaited::kGreeting};
}

void Mta::Disconnected() {
  is_done_ = true;
  awaited_.clear();
  if (result_.mail != nullptr) queue_.push_back(std::exchange(result_, {}).mail);
}

void Mta::Feed(std::string_view octets) {
  line_ += octets;
  for (std::size_t end = line_.find("\r\n"); end != std::string::npos && !is_done_;
       end = line_.find("\r\n")) {
    const std::string line = line_.substr(0, end);
    line_.erase(0, end + 2);
    Line(line);
  }
}

void Mta::Line(std::string_view line) {
  int code = 0;
  Require(line.size() >= 4 && absl::SimpleAtoi(Absl(line.substr(0, 3)), &code),
          absl::StrCat("no reply: ", Absl(line)));
  if (line[3] == '-') return;
  Reply(code, line.substr(4));
}

void Mta::Reply(int code, std::string_view text) {
  if (code == 421) return Disconnected();
  Require(!awaited_.empty(),
          absl::StrCat("a reply that nobody waits for: ", code, " ", Absl(text)));
  const Awaited awaited = awaited_.front();
  awaited_.pop_front();
  switch (awaited) {
    case Awaited::kGreeting:
      return Say("EHLO mx.example.net", Awaited::kEhlo);
    case Awaited::kEhlo:
      return Begin();
    case Awaited::kMail:
      is_begun_ = code == 250;
      break;
    case Awaited::kRcpt: {
      const ReturnPath* return_path = result_.mail->return_paths[rcpt_++];
      if (!is_begun_) break;
      Require(code == 250 || code == 550, absl::StrCat("RCPT is answered by ", code));
      (code == 250 ? result_.accepted : result_.refused).push_back(return_path);
      break;
    }
    case Awaited::kData:
      if (code != 354) return End(code, "");
      commands_ += DotStuffed(result_.mail->octets);
      return awaited_.push_back(Awaited::kMessage);
    case Awaited::kChunk:
      return;
    case Awaited::kMessage:
      return End(code, text);
    case Awaited::kQuit:
      is_done_ = true;
      return;
  }
  if (pipelines_) return;
  // One command after the other.
  if (!is_begun_) return End(code, "");
  if (rcpt_ < result_.mail->return_paths.size()) {
    return Say(absl::StrCat("RCPT TO:<", result_.mail->return_paths[rcpt_]->path, ">"),
               Awaited::kRcpt);
  }
  if (result_.accepted.empty()) return End(code, "");
  if (by_chunks_) return SendChunks();
  Say("DATA", Awaited::kData);
}

void Mta::Begin() {
  if (queue_.empty() || mails_left_-- == 0) return Say("QUIT", Awaited::kQuit);
  result_ = {.mail = queue_.front()};
  queue_.pop_front();
  rcpt_ = 0;
  is_begun_ = false;
  by_chunks_ = random_.Chance(30);
  pipelines_ = random_.Chance(50);
  Say("MAIL FROM:<>", Awaited::kMail);
  if (!pipelines_) return;
  for (const ReturnPath* return_path : result_.mail->return_paths) {
    Say(absl::StrCat("RCPT TO:<", return_path->path, ">"), Awaited::kRcpt);
  }
  if (by_chunks_) return SendChunks();
  Say("DATA", Awaited::kData);
}

void Mta::SendChunks() {
  std::string_view rest = result_.mail->octets;
  pipelines_ = true;
  while (random_.Chance(50)) {
    const std::size_t octets = std::min(rest.size(), 1 + random_.Below(700));
    absl::StrAppend(&commands_, "BDAT ", octets, "\r\n", Absl(rest.substr(0, octets)));
    awaited_.push_back(Awaited::kChunk);
    rest.remove_prefix(octets);
  }
  absl::StrAppend(&commands_, "BDAT ", rest.size(), " LAST\r\n", Absl(rest));
  awaited_.push_back(Awaited::kMessage);
}

void Mta::End(int code, std::string_view text) {
  result_.taken = code == 250;
  // "2.0.0 Ok: 17,18"
  if (result_.taken) result_.ids = text.substr(text.rfind(' ') + 1);
  const bool is_refused = result_.accepted.empty() && !result_.refused.empty();
  if (!result_.taken && !is_refused) queue_.push_back(result_.mail);
  const bool taken = result_.taken;
  report_(std::exchange(result_, {}));
  if (taken) return Begin();
  Say("RSET", Awaited::kEhlo);  // and then the next one
}

void Mta::Say(std::string_view command, Awaited awaited) {
  absl::StrAppend(&commands_, Absl(command), "\r\n");
  awaited_.push_back(awaited);
}

}  // namespace bounced::simulation

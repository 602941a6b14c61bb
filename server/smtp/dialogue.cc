#include "server/smtp/dialogue.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/smtp/verb.h"

namespace bounced::smtp {
namespace {

constexpr std::string_view kStopping = "421 4.3.2 This host goes out of service; try again later";
constexpr std::string_view kTooOld = "421 4.4.2 This session has lasted too long; connect again";
constexpr std::string_view kBadOctets =
    "500 5.5.2 Commands end in CRLF and hold neither CR, LF nor NUL";
// The first octet of a TLS handshake (RFC 8446, 5.1), which has no line end to wait for.
constexpr char kTlsHandshake = 0x16;
// A buffer that grew beyond this is given back when it is empty.
constexpr std::size_t kKeptBufferOctets = 8 << 10;

bool HasBareCrOrNul(std::string_view line) {
  return std::memchr(line.data(), '\r', line.size()) != nullptr ||
         std::memchr(line.data(), '\0', line.size()) != nullptr;
}

}  // namespace

Dialogue::Dialogue(const Profile& profile, absl::Time now, std::string id)
    : profile_(profile),
      id_(std::move(id)),
      under_tls_(profile.tls == TlsUse::kImplicit),
      now_(now),
      start_(now),
      command_start_(now),
      data_start_(now),
      drain_end_(absl::InfiniteFuture()),
      message_(profile.limits.max_message_size) {}

void Dialogue::Feed(std::string_view bytes, absl::Time now) {
  now_ = now;
  if (closed_ || bytes.empty()) return;
  if (!greeted_) return Close("early", "554 5.5.0 You spoke before the banner");
  // A message's octets go to where they stay, and nowhere before, when nothing stands ahead of
  // them.
  if (owed_ == Owed::kNothing && next_action_ == actions_.size() && at_ == input_.size()) {
    bytes.remove_prefix(Receive(bytes));
    if (closed_) return;
  }
  input_ += bytes;
}

std::optional<Action> Dialogue::Next() {
  for (;;) {
    if (next_action_ < actions_.size()) return std::move(actions_[next_action_++]);
    actions_.clear();
    next_action_ = 0;
    if (closed_ || owed_ != Owed::kNothing) return std::nullopt;
    if (!greeted_) {
      greeted_ = true;
      if (denied_) {
        Say("554 " + profile_.hostname);
      } else {
        Say("220 " + profile_.hostname + (profile_.lmtp ? " LMTP" : " ESMTP"));
      }
    } else if (!Step()) {
      return std::nullopt;
    }
  }
}

// One command, or what there is of a message. False: more bytes are needed.
bool Dialogue::Step() {
  if (at_ < input_.size()) {
    at_ += Receive(std::string_view(input_).substr(at_));
    if (!actions_.empty() || closed_) return true;
  }
  if (at_ == input_.size()) {
    input_.clear();
    if (input_.capacity() > kKeptBufferOctets) input_ = std::string();
    at_ = scanned_ = 0;
    return false;
  }
  scanned_ = std::max(scanned_, at_);
  if (ReadLine()) return true;
  input_.erase(0, at_);
  scanned_ -= at_;
  at_ = 0;
  return false;
}

// Gives `bytes` to the message under way, if there is one. How many of them it took.
std::size_t Dialogue::Receive(std::string_view bytes) {
  if (state_ == State::kData) return ReceiveData(bytes);
  if (state_ == State::kChunk) return ReceiveChunk(bytes);
  return 0;
}

bool Dialogue::ReadLine() {
  if (!long_line_ && input_[at_] == kTlsHandshake) {
    NotSmtp(input_);
    return true;
  }
  const void* found = std::memchr(input_.data() + scanned_, '\n', input_.size() - scanned_);
  if (found == nullptr) {
    scanned_ = input_.size();
    if (input_.size() - at_ >= max_line_octets()) DropLongLine();
    return false;
  }
  const auto lf = static_cast<std::size_t>(static_cast<const char*>(found) - input_.data());
  std::string_view line = std::string_view(input_).substr(at_, lf - at_);
  const bool too_long = std::exchange(long_line_, false) || line.size() >= max_line_octets();
  bool bad = std::exchange(bad_line_, false);
  at_ = scanned_ = lf + 1;
  if (line.empty() || line.back() != '\r') {
    bad = true;
  } else {
    line.remove_suffix(1);
    bad = bad || HasBareCrOrNul(line);
  }
  if (bad) {
    // What others take for one line may be two to us, or the other way round (RFC 5321, 2.3.8).
    Close("bad_line", kBadOctets);
  } else if (too_long) {
    Fail(std::exchange(exchange_, nullptr) != nullptr ? "500 5.5.6 The line of AUTH is too long"
                                                      : "500 5.5.2 The command line is too long");
    CommandDone();
  } else {
    RunLine(line);
  }
  return true;
}

// Of a line that is too long only what decides its end is kept: its last octet, which may be a CR.
void Dialogue::DropLongLine() {
  const std::size_t last = input_.size() - 1;
  bad_line_ = bad_line_ || HasBareCrOrNul(std::string_view(input_).substr(at_, last - at_));
  long_line_ = true;
  at_ = last;
}

void Dialogue::RunLine(std::string_view line) {
  if (stopping_ && !InMessage()) return Close("stopping", kStopping);
  if (now_ >= start_ + profile_.limits.session_lifetime) {
    return Close("session_lifetime", kTooOld);
  }
  if (denied_) {
    const bool quit = EqualsIgnoringCase(StripBlanks(line), "QUIT");
    return quit ? Close("quit", "221 2.0.0 Bye") : Fail("503 5.7.0 No mail is taken from you");
  }
  if (exchange_ != nullptr) return SaslLine(line);
  const bool ascii = std::all_of(line.begin(), line.end(), [](char c) { return (c & 0x80) == 0; });
  const std::string_view name = line.substr(0, line.find_first_of(" \t"));
  const Verb* verb = FindVerb(name);
  if (!ascii && !IsValidUtf8(line)) {
    Fail("500 5.5.2 The command is not well-formed UTF-8");
  } else if (verb == nullptr) {
    // The line of a header: a client of HTTP, or a message that nobody asked for.
    if (name.size() > 1 && name.back() == ':') return NotSmtp(line);
    Fail("500 5.5.2 Unknown command");
  } else if (verb->ends_group && CloseIfEarly()) {
    return;
  } else if ((verb->states & 1u << static_cast<unsigned>(state_)) == 0) {
    Fail(verb->elsewhere);
  } else {
    (this->*verb->run)(StripBlanks(line.substr(name.size())));
  }
  const bool answered =
      owed_ == Owed::kNothing && state_ != State::kData && state_ != State::kChunk;
  if (answered) CommandDone();
}

// Whether the client has said more behind a command whose answer it had to wait for (RFC
// 2920, 3.1). Nothing of that is run.
bool Dialogue::CloseIfEarly() {
  const bool early = at_ < input_.size();
  if (early) Close("early", "554 5.5.0 You spoke before the answer to this command");
  return early;
}

// The next command is awaited from here on.
void Dialogue::CommandDone() {
  command_start_ = now_;
  if (stopping_ && !closed_ && !InMessage()) Close("stopping", kStopping);
}

void Dialogue::Say(std::string_view reply) {
  std::string text;
  text.reserve(reply.size() + id_.size() + 5);
  text += reply;
  if (!id_.empty() && (reply[0] == '4' || reply[0] == '5')) absl::StrAppend(&text, " [", id_, "]");
  text += "\r\n";
  actions_.push_back(Reply{std::move(text)});
}

// The reply to a message, which LMTP has for each recipient of it (RFC 2033, 4.2). Comes behind
// ResetTransaction().
void Dialogue::SayOfMessage(std::string_view reply) {
  const std::size_t times =
      profile_.lmtp ? std::max<std::size_t>(last_accepted_rcpts_.size(), 1) : 1;
  for (std::size_t i = 0; i < times; ++i) Say(reply);
}

void Dialogue::Close(std::string_view end, std::string_view reply) {
  Say(reply);
  actions_.push_back(HangUp{end});
  closed_ = true;
  owed_ = Owed::kNothing;
  message_.Reset();
}

void Dialogue::Fail(std::string_view reply) {
  if (CountError()) Say(reply);
}

// False: that was one too many, and the session is over.
bool Dialogue::CountError() {
  ++errors_;
  if (errors_ >= profile_.limits.slow_errors &&
      profile_.limits.error_delay > absl::ZeroDuration()) {
    actions_.push_back(Pause{profile_.limits.error_delay});
  }
  if (errors_ < profile_.limits.max_errors) return true;
  Close("max_errors", "421 4.7.0 Too many errors; connect again when they are mended");
  return false;
}

bool Dialogue::CountJunk() { return ++junk_ <= profile_.limits.max_junk_commands || CountError(); }

absl::Time Dialogue::Deadline() const {
  if (closed_ || owed_ != Owed::kNothing) return absl::InfiniteFuture();
  absl::Time deadline = std::min(start_ + profile_.limits.session_lifetime, drain_end_);
  if (denied_) deadline = std::min(deadline, start_ + profile_.limits.denial_timeout);
  if (InMessage()) {
    const std::uint64_t rate = std::max<std::uint64_t>(profile_.limits.min_data_rate, 1);
    const auto seconds = static_cast<std::int64_t>(message_.octets() / rate);
    deadline = std::min(
        deadline, data_start_ + Patience(profile_.limits.data_timeout) + absl::Seconds(seconds));
  }
  if (state_ != State::kData && state_ != State::kChunk) {
    deadline = std::min(deadline, command_start_ + Patience(profile_.limits.command_timeout));
  }
  return deadline;
}

void Dialogue::TimedOut(absl::Time now) {
  now_ = now;
  if (closed_ || owed_ != Owed::kNothing || now < Deadline()) return;
  if (now >= drain_end_) return Close("stopping", kStopping);
  if (now >= start_ + profile_.limits.session_lifetime) return Close("session_lifetime", kTooOld);
  Close("timeout", "421 4.4.2 You took too long; connect again");
}

void Dialogue::ShutDown(absl::Time now) {
  now_ = now;
  if (closed_ || stopping_) return;
  stopping_ = true;
  drain_end_ = now + profile_.limits.drain;
  if (owed_ == Owed::kNothing && !InMessage()) Close("stopping", kStopping);
}

}  // namespace bounced::smtp

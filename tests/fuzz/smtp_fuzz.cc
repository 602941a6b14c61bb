// Octets and cuts against the Dialogue. The first octets say how the receiver answers, where the
// rest is cut, and whether there are users; the rest is what the client says.
//
// Whatever that is: replies are whole lines of printable ASCII of at most 512 octets, what is held
// of a message is bounded, nothing comes behind a HangUp, and a message that is handed over in one
// way of cutting is handed over in every other that the client could tell apart from this one only
// by speaking out of turn.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "require.h"
#include "server/smtp/dialogue.h"

namespace {

using namespace bounced::smtp;

struct Answers {
  std::uint8_t bits = 0;
  // The next of a short cycle: how the receiver answers.
  unsigned Take() {
    const unsigned bit = bits & 1u;
    bits = static_cast<std::uint8_t>(bits >> 1 | bit << 7);
    return bit;
  }
};

struct Outcome {
  std::string said;  // replies, and what was handed over or given up
  bool out_of_turn = false;
};

void CheckReply(const std::string& text) {
  Require(text.size() >= 2 && text.ends_with("\r\n"));
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find("\r\n", begin);
    Require(end != std::string::npos && end + 2 - begin <= kMaxReplyLineOctets && end - begin >= 4);
    for (std::size_t i = begin; i < end; ++i) Require(text[i] >= ' ' && text[i] <= '~');
    Require(text[begin] >= '2' && text[begin] <= '5');
    Require(text[begin + 3] == (end + 2 == text.size() ? ' ' : '-'));
    begin = end + 2;
  }
}

class Player {
 public:
  Player(const Limits& limits, Answers answers, const bounced::Users* users)
      : limits_(limits),
        answers_(answers),
        profile_{.hostname = "mx.example.net",
                 .limits = limits,
                 .tls = TlsUse::kStartTls,
                 .users = users},
        dialogue_(profile_, now_) {
    Drain();
  }

  void Feed(std::string_view octets) {
    dialogue_.Feed(octets, now_);
    Drain();
    Require(dialogue_.held_octets() <= limits_.max_message_size);
    Require(dialogue_.errors() <= limits_.max_errors);
    Require(dialogue_.transactions() <= limits_.max_transactions);
  }
  Outcome TakeOutcome() {
    dialogue_.TimedOut(dialogue_.Deadline());
    Drain();
    Require(dialogue_.done());
    return std::move(outcome_);
  }

 private:
  void Drain() {
    while (std::optional<Action> action = dialogue_.Next()) {
      Require(!hung_up_);
      std::visit([this](auto& a) { Do(a); }, *action);
    }
    Require(!hung_up_ || dialogue_.done());
  }
  void Do(const Reply& reply) {
    CheckReply(reply.text);
    // A challenge has a nonce, which differs from run to run.
    outcome_.said += reply.text.starts_with("334 ") ? "334" : reply.text;
    if (reply.text.starts_with("554 5.5.0")) outcome_.out_of_turn = true;
  }
  void Do(const Pause& pause) { Require(pause.duration == limits_.error_delay); }
  void Do(const Admit&) {
    dialogue_.Admitted(answers_.Take() == 0 ? absl::OkStatus() : absl::ResourceExhaustedError(""));
  }
  void Do(const Vouch& vouch) {
    Require(!vouch.path.local_part.empty() && vouch.path.local_part.size() <= 64);
    dialogue_.Vouched(answers_.Take() == 0 ? absl::OkStatus() : absl::PermissionDeniedError(""),
                      now_);
  }
  void Do(const Accept& accept) {
    Require(accept.message.size() <= limits_.max_message_size);
    Require(!accept.envelope.recipients.empty());
    Require(accept.envelope.recipients.size() <= limits_.max_recipients);
    Require(!accept.envelope.helo.empty());
    outcome_.said += "<" + accept.message + ">";
    Require(dialogue_.Deadline() == absl::InfiniteFuture());
    if (answers_.Take() == 0) {
      dialogue_.Accepted(bounced::smtp::MessageIds(accept.envelope.recipients.size(), "id"), now_);
    } else {
      dialogue_.Accepted(absl::UnavailableError(""), now_);
    }
  }
  void Do(const Discard& discard) { outcome_.said += "!" + std::to_string(discard.octets); }
  void Do(const AdmitTls&) { dialogue_.TlsAdmitted(answers_.Take() == 0); }
  void Do(const Handshake&) {
    outcome_.said += "#";
    under_tls_ = true;
    dialogue_.TlsBegun(now_);
  }
  void Do(const CheckLogin& check) {
    Require(profile_.users != nullptr && under_tls_);
    bool right = false;
    if (const auto* password = std::get_if<bounced::SaslPassword>(&check.claim)) {
      Require(password->user.size() <= bounced::kMaxUserOctets);
      outcome_.said += "@" + password->user;
      right = answers_.Take() == 0;
    } else {
      right = std::holds_alternative<bounced::SaslDone>(check.claim);
      outcome_.said += right ? "@done" : "@refused";
    }
    dialogue_.LoggedIn(right ? absl::OkStatus() : absl::PermissionDeniedError(""));
  }
  void Do(const HangUp&) { hung_up_ = true; }

  const Limits& limits_;
  Answers answers_;
  const absl::Time now_ = absl::UnixEpoch();
  const Profile profile_;
  Dialogue dialogue_;
  Outcome outcome_;
  bool under_tls_ = false;
  bool hung_up_ = false;
};

Outcome Play(const Limits& limits, Answers answers, const bounced::Users* users,
             std::string_view octets, std::size_t piece) {
  Player player(limits, answers, users);
  while (!octets.empty()) {
    const std::string_view some = octets.substr(0, piece);
    player.Feed(some);
    octets.remove_prefix(some.size());
  }
  return player.TakeOutcome();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  Limits limits;
  limits.max_message_size = data[0] * 4u;
  limits.max_recipients = 3;
  limits.max_transactions = 5;
  limits.max_errors = 8;
  limits.slow_errors = 4;
  limits.max_junk_commands = 6;
  const Answers answers{data[1]};
  const std::size_t piece = 1u + data[2];
  const std::string_view octets(reinterpret_cast<const char*>(data + 3), size - 3);

  static const bounced::Users known({});
  const bounced::Users* const users = (data[2] & 0x80) != 0 ? &known : nullptr;

  const Outcome single = Play(limits, answers, users, octets, 1);
  const Outcome cut = Play(limits, answers, users, octets, piece);
  const Outcome whole = Play(limits, answers, users, octets, octets.size() + 1);
  // An octet alone never speaks out of turn.
  Require(!single.out_of_turn);
  if (!cut.out_of_turn) Require(cut.said == single.said);
  if (!whole.out_of_turn) Require(whole.said == single.said);
  return 0;
}

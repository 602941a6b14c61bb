#include <utility>

#include "absl/strings/escaping.h"
#include "parser/text.h"
#include "server/smtp/verb.h"

namespace bounced::smtp {

// RFC 4954, 4.
void Dialogue::Auth(std::string_view argument) {
  if (profile_.users == nullptr) return Fail("503 5.5.1 No login is served on this port");
  if (!under_tls_) return Fail("538 5.7.11 Log in under TLS, after STARTTLS");
  if (!user_.empty()) return Fail("503 5.5.1 You are logged in already");
  if (state_ != State::kReady) {
    return Fail("503 5.5.1 AUTH comes after EHLO, and not inside of a transaction");
  }
  const std::string_view mechanism = argument.substr(0, argument.find_first_of(" \t"));
  const std::string_view initial = StripBlanks(argument.substr(mechanism.size()));
  if (mechanism.empty() || initial.find_first_of(" \t") != initial.npos) {
    return Fail("501 5.5.4 Say AUTH with a mechanism, and at most one response");
  }
  exchange_ = SaslExchange::Begin(mechanism, *profile_.users);
  if (exchange_ == nullptr) return Fail("504 5.5.4 This mechanism is not served here");
  if (initial.empty()) return TakeSaslStep(exchange_->Open());
  SaslLine(initial == "=" ? "" : initial);  // "=": an empty response
}

void Dialogue::SaslLine(std::string_view line) {
  std::string message;
  if (line == "*") {
    exchange_ = nullptr;
    Fail("501 5.7.0 The login is cancelled");
  } else if (!absl::Base64Unescape(Absl(line), &message)) {
    exchange_ = nullptr;
    Fail("501 5.5.2 That is no base64");
  } else {
    TakeSaslStep(exchange_->Next(message));
  }
  if (owed_ == Owed::kNothing) CommandDone();
}

void Dialogue::TakeSaslStep(SaslStep step) {
  if (const auto* challenge = std::get_if<SaslChallenge>(&step)) {
    return Say("334 " + absl::Base64Escape(challenge->text));
  }
  exchange_ = nullptr;
  if (std::holds_alternative<SaslMalformed>(step)) {
    return Fail("501 5.5.2 That is no message of the mechanism");
  }
  CheckLogin check;
  if (auto* password = std::get_if<SaslPassword>(&step)) {
    candidate_ = password->user;
    check.claim = std::move(*password);
  } else if (auto* done = std::get_if<SaslDone>(&step)) {
    candidate_ = done->user;
    check.claim = std::move(*done);
  }
  owed_ = Owed::kLoggedIn;
  actions_.push_back(std::move(check));
}

void Dialogue::LoggedIn(const absl::Status& status) {
  if (owed_ != Owed::kLoggedIn) return;
  owed_ = Owed::kNothing;
  if (status.ok()) {
    user_ = std::move(candidate_);
    credential_ = profile_.users->Find(user_).stored_key;
    Say("235 2.7.0 Welcome");
  } else if (absl::IsPermissionDenied(status)) {
    RefuseLogin();
  } else {
    Say("454 4.7.0 Logins cannot be checked now; try again later");
  }
  candidate_.clear();
  CommandDone();
}

// Whether the user is one still, with the same password: what was taken out of the configuration is
// of no more use, in sessions that are open, too.
bool Dialogue::StillMayMail() const {
  return !user_.empty() && profile_.users->Find(user_).stored_key == credential_;
}

void Dialogue::TooManyFailedLogins() {
  ++errors_;
  ++failed_logins_;
  Close("max_failed_logins_per_client", "421 4.7.0 Too many failed logins; try again later");
}

// One text and one delay for a wrong name and a wrong password.
void Dialogue::RefuseLogin() {
  if (profile_.limits.error_delay > absl::ZeroDuration()) {
    actions_.push_back(Pause{profile_.limits.error_delay});
  }
  ++errors_;
  if (++failed_logins_ >= profile_.limits.max_failed_logins) {
    return Close("max_failed_logins",
                 "421 4.7.0 Too many failed logins; connect again with the right password");
  }
  Say("535 5.7.8 The user or the password is wrong");
}

}  // namespace bounced::smtp

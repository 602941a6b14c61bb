#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "parser/text.h"
#include "server/smtp/verb.h"

namespace bounced::smtp {
namespace {

constexpr unsigned kAnywhere = ~0u;
constexpr std::size_t kMaxNameOctets = 255;  // of EHLO's argument; RFC 5321, 4.5.3.1.2

// RFC 5321, 4.1.4: nobody is refused for a name that is wrong, only for one that cannot be written
// down.
bool IsClientName(std::string_view name, bool utf8) {
  return !name.empty() && name.size() <= kMaxNameOctets &&
         std::all_of(name.begin(), name.end(), [utf8](char c) {
           const auto octet = static_cast<unsigned char>(c);
           return (octet >= ' ' && octet < 0x7f) || (utf8 && octet >= 0x80);
         });
}

bool Contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::string_view kLmtp = "500 5.5.2 This socket speaks LMTP: say LHLO";
constexpr std::string_view kBadName = "501 Say EHLO or HELO with your host name";

}  // namespace

// Where each verb is welcome (RFC 5321, 4.1.4). A verb that is not here gets 500.
const Dialogue::Verb Dialogue::kVerbs[] = {
    {"MAIL", 1u << unsigned(State::kReady), false, &Dialogue::Mail,
     "503 5.5.1 MAIL comes after EHLO, and not inside of a transaction"},
    {"RCPT", 1u << unsigned(State::kMail) | 1u << unsigned(State::kRcpt), false, &Dialogue::Rcpt,
     "503 5.5.1 RCPT comes after MAIL and before the message"},
    {"DATA", 1u << unsigned(State::kMail) | 1u << unsigned(State::kRcpt), true, &Dialogue::Data,
     "503 5.5.1 DATA comes after MAIL and RCPT, and does not mix with BDAT"},
    {"BDAT", kAnywhere, false, &Dialogue::Bdat, ""},
    {"QUIT", kAnywhere, false, &Dialogue::Quit, ""},
    {"EHLO", kAnywhere, true, &Dialogue::Ehlo, ""},
    {"HELO", kAnywhere, true, &Dialogue::Helo, ""},
    {"LHLO", kAnywhere, false, &Dialogue::Lhlo, ""},
    {"RSET", kAnywhere, false, &Dialogue::Rset, ""},
    {"NOOP", kAnywhere, false, &Dialogue::Noop, ""},
    {"VRFY", kAnywhere, false, &Dialogue::Vrfy, ""},
    {"HELP", kAnywhere, false, &Dialogue::Help, ""},
    {"AUTH", kAnywhere, false, &Dialogue::Auth, ""},
    {"STARTTLS", kAnywhere, false, &Dialogue::StartTls, ""},
    {"EXPN", kAnywhere, false, &Dialogue::NotOffered, ""},
    {"ETRN", kAnywhere, false, &Dialogue::NotOffered, ""},
    {"TURN", kAnywhere, false, &Dialogue::NotOffered, ""},
    {"SEND", kAnywhere, false, &Dialogue::NotOffered, ""},
    {"SOML", kAnywhere, false, &Dialogue::NotOffered, ""},
    {"SAML", kAnywhere, false, &Dialogue::NotOffered, ""},
    {"XCLIENT", kAnywhere, false, &Dialogue::NotOffered, ""},
    {"XFORWARD", kAnywhere, false, &Dialogue::NotOffered, ""},
    // What a browser, a scanner or a proxy says that took us for something else.
    {"GET", kAnywhere, false, &Dialogue::NotSmtp, ""},
    {"POST", kAnywhere, false, &Dialogue::NotSmtp, ""},
    {"PUT", kAnywhere, false, &Dialogue::NotSmtp, ""},
    {"HEAD", kAnywhere, false, &Dialogue::NotSmtp, ""},
    {"CONNECT", kAnywhere, false, &Dialogue::NotSmtp, ""},
    {"OPTIONS", kAnywhere, false, &Dialogue::NotSmtp, ""},
    {"DELETE", kAnywhere, false, &Dialogue::NotSmtp, ""},
    {"PATCH", kAnywhere, false, &Dialogue::NotSmtp, ""},
    {"TRACE", kAnywhere, false, &Dialogue::NotSmtp, ""},
    {"PRI", kAnywhere, false, &Dialogue::NotSmtp, ""},
    {"PROXY", kAnywhere, false, &Dialogue::NotSmtp, ""},
};

const Dialogue::Verb* Dialogue::FindVerb(std::string_view name) {
  const Verb* verb = std::find_if(std::begin(kVerbs), std::end(kVerbs), [name](const Verb& v) {
    return EqualsIgnoringCase(v.name, name);
  });
  return verb == std::end(kVerbs) ? nullptr : verb;
}

void Dialogue::Ehlo(std::string_view argument) {
  if (profile_.lmtp) return Fail(kLmtp);
  Greet(argument);
}

void Dialogue::Lhlo(std::string_view argument) {
  if (!profile_.lmtp) return Fail("500 5.5.2 This port speaks SMTP: say EHLO");
  if (CloseIfEarly()) return;
  Greet(argument);
}

// From here on it is `name` that speaks, and no transaction is open. False: it is told why not.
bool Dialogue::BeginAs(std::string_view name, bool utf8) {
  if (!IsClientName(name, utf8)) {
    Fail(kBadName);
    return false;
  }
  if (!CountJunk()) return false;
  ResetTransaction();
  envelope_.helo = name;
  state_ = State::kReady;
  return true;
}

// EHLO, and what LMTP has in its place (RFC 2033, 4.1).
void Dialogue::Greet(std::string_view name) {
  if (!BeginAs(name, /*utf8=*/true)) return;
  // No enhanced status here (RFC 2034, 4). DSN is understood but not listed: who lists it owes
  // reports of delivery (RFC 3461, 5.2.3), and we send no mail.
  std::vector<std::string> keywords = {
      "PIPELINING", "SIZE " + std::to_string(profile_.limits.max_message_size),
      "8BITMIME",   "SMTPUTF8",
      "CHUNKING",   "BINARYMIME",
  };
  if (profile_.tls == TlsUse::kStartTls && !under_tls_) keywords.emplace_back("STARTTLS");
  if (profile_.users != nullptr && under_tls_) {
    keywords.push_back("AUTH " + std::string(kSaslMechanisms));
  }
  keywords.insert(keywords.end(),
                  {"ENHANCEDSTATUSCODES",
                   "LIMITS RCPTMAX=" + std::to_string(profile_.limits.max_recipients) +
                       " MAILMAX=" + std::to_string(profile_.limits.max_transactions),
                   "HELP"});
  std::erase_if(keywords, [this](const std::string& keyword) {
    return Contains(profile_.hidden_keywords, keyword.substr(0, keyword.find(' ')));
  });
  std::string reply = "250-" + profile_.hostname;
  for (const std::string& keyword : keywords) reply += "\r\n250-" + keyword;
  reply[reply.rfind("250-") + 3] = ' ';
  Say(reply);
}

void Dialogue::Helo(std::string_view argument) {
  if (profile_.lmtp) return Fail(kLmtp);
  if (BeginAs(argument, /*utf8=*/false)) Say("250 " + profile_.hostname);
}

void Dialogue::Rset(std::string_view argument) {
  if (!argument.empty()) return Fail("501 5.5.4 RSET takes no argument");
  if (!CountJunk()) return;
  ResetTransaction();
  if (state_ != State::kStart) state_ = State::kReady;
  Say("250 2.0.0 Ok");
}

void Dialogue::Noop(std::string_view) {
  if (CountJunk()) Say("250 2.0.0 Ok");
}

void Dialogue::Vrfy(std::string_view argument) {
  if (argument.empty()) return Fail("501 5.5.4 VRFY takes an address");
  // The same for all (RFC 5321, 7.3): who may be verified can be harvested.
  if (CountJunk()) Say("252 2.0.0 Send mail, and it will be seen");
}

void Dialogue::Help(std::string_view) {
  if (CountJunk()) Say("214 2.0.0 This host takes bounces of mail that it knows of; see RFC 5321");
}

void Dialogue::Quit(std::string_view) { Close("quit", "221 2.0.0 Bye"); }

void Dialogue::StartTls(std::string_view argument) {
  if (under_tls_) return Fail("503 5.5.1 TLS is on already");
  if (profile_.tls == TlsUse::kNone || Contains(profile_.hidden_keywords, "STARTTLS")) {
    return NotOffered(argument);
  }
  if (state_ != State::kReady) {
    return Fail("503 5.5.1 STARTTLS comes after EHLO, and not inside of a transaction");
  }
  if (!argument.empty()) return Fail("501 5.5.4 STARTTLS takes no argument");
  // Whoever can write into the clear part of the connection must not have it run in the other one
  // (CVE-2011-0411).
  if (CloseIfEarly()) return;
  owed_ = Owed::kTls;
  actions_.push_back(AdmitTls{});
}

void Dialogue::TlsAdmitted(bool admitted) {
  if (owed_ != Owed::kTls) return;
  if (admitted) {
    Say("220 2.0.0 Begin TLS");
    actions_.push_back(Handshake{});
  } else {
    owed_ = Owed::kNothing;
    Say("454 4.7.0 TLS cannot begin now");
    CommandDone();
  }
}

void Dialogue::TlsBegun(absl::Time now) {
  if (owed_ != Owed::kTls) return;
  owed_ = Owed::kNothing;
  now_ = now;
  under_tls_ = true;
  input_.clear();
  at_ = scanned_ = 0;
  ResetTransaction();
  envelope_.helo.clear();
  user_.clear();
  state_ = State::kStart;
  CommandDone();
}

void Dialogue::NotOffered(std::string_view) { Fail("502 5.5.1 This command is not offered here"); }

void Dialogue::NotSmtp(std::string_view) { Close("not_smtp", "500 5.5.2 This is an SMTP server"); }

}  // namespace bounced::smtp

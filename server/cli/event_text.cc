#include "server/cli/event_text.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/times.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

std::string Codes(const v1::Event& event) {
  std::string codes = Shown(event.enhanced_status());
  if (event.reply_code() != 0) {
    absl::StrAppend(&codes, codes.empty() ? "" : ", ", "reply ", event.reply_code());
  }
  return codes;
}

// "192.0.2.1, which called itself mx.example, under TLSv1.3, logged in as relay"
std::string CameFrom(const v1::Event& event) {
  if (event.client_address().empty()) return "";
  std::string text = Shown(event.client_address());
  const auto add = [&text](std::string_view words, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, ", ", Absl(words), " ", Shown(value));
  };
  add("which called itself", event.client_helo());
  add("under", event.tls_version());
  add("logged in as", event.login());
  return text;
}

std::string TrustText(v1::Trust trust) {
  switch (trust) {
    case v1::TRUST_RETURNED:
      return "what it returns carries a return path that we signed for this mail (returned)";
    case v1::TRUST_AUTHENTICATED:
      return "who sent it speaks for the domain of the address (authenticated)";
    case v1::TRUST_SIGNED:
      return "it came to a return path that we signed for this mail (signed)";
    case v1::TRUST_LOCAL:
      return "one's own mail system reported it (local)";
    case v1::TRUST_UNVERIFIED:
      return "nothing vouches for it (unverified)";
    default:
      return Word(trust);
  }
}

std::string EffectText(const v1::Event& event) {
  std::string text;
  switch (event.effect()) {
    case v1::EFFECT_SUPPRESSED:
      text = "the address was suppressed, or its suppression lengthened";
      break;
    case v1::EFFECT_COUNTED:
      text = "it counts towards a threshold";
      break;
    case v1::EFFECT_CLEARED:
      text = "the count of soft bounces was emptied";
      break;
    default:
      text = WasSuppressed(event) ? "none; a suppression for as long stood already, or was held"
                                  : "none; it was recorded";
  }
  if (!event.policy_rule().empty()) {
    absl::StrAppend(&text, " (policy ", Shown(event.policy_rule()), ")");
  }
  return text;
}

// Adds `label: value` as a line, unless there is no value.
class Facts {
 public:
  explicit Facts(std::string_view indent) : indent_(indent) {}

  void Add(std::string_view label, const std::string& value) {
    if (value.empty()) return;
    absl::StrAppend(&text_, Absl(indent_), Absl(label), ": ", value, "\n");
  }
  void Quote(std::string_view label, const std::string& value) {
    if (!value.empty()) Add(label, absl::StrCat("\"", Shown(value), "\""));
  }
  const std::string& text() const { return text_; }

 private:
  std::string_view indent_;
  std::string text_;
};

}  // namespace

bool WasSuppressed(const v1::Event& event) {
  constexpr std::string_view kForGood[] = {"hard_certain", "complaint", "unsubscribe"};
  return event.effect() == v1::EFFECT_NONE && std::find(std::begin(kForGood), std::end(kForGood),
                                                        event.policy_rule()) != std::end(kForGood);
}

void PrintEvent(Session& session, const v1::Event& event) {
  if (session.json()) return session.out().Json(event);
  const std::string& address = event.address().empty() ? event.final_recipient() : event.address();
  session.out().Line({absl::StrCat(event.id()), LineTime(event.receive_time()),
                      OrDash(Word(event.kind())), OrDash(Word(event.bounce_class())),
                      OrDash(event.reason()), OrDash(address), OrDash(event.enhanced_status()),
                      OrDash(Word(event.effect())), OrDash(event.diagnostic())});
}

std::string UseText(const v1::Event& event) {
  const v1::ReturnPathUse& use = event.return_path_use();
  if (use.messages() < 2) return "";
  const std::string all = absl::StrCat(use.messages(), " messages to its return path");
  if (use.first_message_id() == 0) return absl::StrCat("one of more than ", all);
  if (use.first_message_id() == event.message_id()) return absl::StrCat("the first of ", all);
  return absl::StrCat("one of ", all, ", the first of which came ",
                      ShownTime(use.first_receive_time()));
}

std::string EventText(const v1::Event& event, std::string_view indent) {
  Facts facts(indent);
  facts.Add("received", absl::StrCat(ShownTime(event.receive_time()), " UTC"));
  facts.Add("kind", Word(event.kind()));
  facts.Add("reason", absl::StrCat(Shown(event.reason()), " (", Word(event.bounce_class()),
                                   ", fault: ", Word(event.fault()), ")"));
  facts.Quote("the remote server said", event.diagnostic());
  facts.Add("codes", Codes(event));
  facts.Add("remote server", Shown(event.remote_mta()));
  facts.Add("reported by", Shown(event.reporting_mta()));
  facts.Add("final recipient", Shown(event.final_recipient()));
  facts.Add("original recipient", Shown(event.original_recipient()));
  facts.Add("forwarded to", Shown(event.forwarded_to()));
  facts.Add("rule", Shown(event.rule()));
  facts.Quote("text that it matched", event.matched_text());
  facts.Add("confidence", absl::StrCat(event.confidence(), " of 100"));
  facts.Add("trust", TrustText(event.trust()));
  if (!event.return_path_key().empty()) {
    facts.Add("key", absl::StrCat(Shown(event.return_path_key()), " of ",
                                  Shown(event.return_path_domain())));
  }
  facts.Add("return path used again", UseText(event));
  facts.Add("return path at first", Shown(event.original_return_path()));
  facts.Add("came from", CameFrom(event));
  facts.Add("authentication", Shown(event.authentication()));
  facts.Add("effect", EffectText(event));
  facts.Add("mail sent on", Shown(event.day()));
  facts.Add("sender's reference", Shown(event.message_reference()));
  facts.Add("evidence", event.has_evidence()
                            ? absl::StrCat("bouncectl evidence ", event.id())
                            : absl::StrCat("not kept; ", event.message_octets(), " octets"));
  return facts.text();
}

}  // namespace bounced::cli

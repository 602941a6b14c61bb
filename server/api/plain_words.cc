#include "server/api/plain_words.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "parser/text.h"

namespace bounced::api {
namespace {

constexpr std::size_t kMaxQuotedOctets = 200;

// "3 March 2026"
std::string DateOf(absl::Time time) {
  const absl::CivilDay day = absl::ToCivilDay(time, absl::UTCTimeZone());
  return absl::StrCat(day.day(), absl::FormatTime(" %B %Y", time, absl::UTCTimeZone()));
}

// What a mail that came back says, as the end of a sentence.
std::string_view PlainReason(const Event& event) {
  const bool denies_domain =
      event.reason == Reason::kNoSuchDomain || event.reason == Reason::kDomainNoMail;
  if (denies_domain && event.policy_rule == PolicyRule::kBlock) {
    return "what stands behind the @ was not found, though it exists, which is no fault of the "
           "address";
  }
  switch (event.reason) {
    case Reason::kNoSuchUser:
      return "there is no mailbox of this name";
    case Reason::kBadAddressSyntax:
      return "an address that is written like this cannot exist there";
    case Reason::kMailboxMoved:
      return "the mailbox has moved, and nothing is sent on to the new one";
    case Reason::kMailboxDisabled:
      return "the mailbox is closed, or has not been used for long";
    case Reason::kMailboxFull:
      return "the mailbox is full";
    case Reason::kRecipientRefused:
      return "the owner of the mailbox does not take it";
    case Reason::kNoSuchDomain:
      return "what stands behind the @ does not exist";
    case Reason::kDomainNoMail:
      return "what stands behind the @ takes no mail at all";
    case Reason::kDomainOwnerChanged:
      return "what stands behind the @ belongs to somebody else now";
    default:
      break;
  }
  if (event.bounce_class == BounceClass::kBlock) {
    return "the provider of the mailbox refused it because of the sender or of what it said, which "
           "is no fault of the address";
  }
  switch (event.fault) {
    case Fault::kReceiver:
      return "the provider of the mailbox had trouble of its own";
    case Fault::kNetwork:
      return "the provider of the mailbox could not be reached in time";
    default:
      return "it could not be handed over";
  }
}

// "On 3 March 2026 a mail to it came back, since there is no such mailbox: "User unknown"."
std::string ComeBack(const StoredEvent& stored) {
  const bool is_of_another = !stored.event.forwarded_to.empty();
  std::string text = absl::StrCat(
      "On ", DateOf(stored.message.receive_time), " a mail to it came back",
      is_of_another ? ". It had been passed on to another address, and the answer there was that "
                    : ", since ",
      Absl(PlainReason(stored.event)));
  if (!stored.event.matched_text.empty() &&
      stored.event.matched_text.find('@') == std::string::npos) {
    absl::StrAppend(&text, ". The words were: \"",
                    Presentable(stored.event.matched_text, kMaxQuotedOctets), "\"");
  }
  return text + ".";
}

// Anybody can send a report of the others: what it says is no fact, and is not quoted.
bool IsVouchedFor(const Event& event) {
  return event.policy_rule != PolicyRule::kTrustTooLow &&
         event.policy_rule != PolicyRule::kNoAddress;
}

// Who, and with what words.
std::string By(const Change* change) {
  if (change == nullptr || change->author == "policy") return "somebody";
  return Presentable(change->author, kMaxQuotedOctets);
}
std::string Words(std::string_view words) {
  if (words.empty()) return "";
  return absl::StrCat(", and noted: \"", Presentable(words, kMaxQuotedOctets), "\"");
}

class Plain {
 public:
  Plain(const AddressDossier& dossier, const Policy& policy, const Ground& ground, absl::Time now)
      : dossier_(dossier), policy_(policy), ground_(ground), now_(now) {}

  std::vector<std::string> Take() { return std::move(sentences_); }

  void Suppressed() {
    const Suppression& s = *ground_.suppression;
    const std::string_view whom = s.address.is_domain()
                                      ? "to any address with the same ending behind the @"
                                      : "to this address";
    if (s.stream.empty()) {
      Say("We send no mail ", Absl(whom), ".");
    } else {
      Say("We send no mail of the kind \"", s.stream, "\" ", Absl(whom), ".");
    }
    Why(s);
    if (s.expire_time == absl::InfiniteFuture()) {
      Say("That lasts until somebody takes it off the list.");
    } else {
      Say("That ends by itself on ", DateOf(s.expire_time), ".");
    }
    WhatToDo(s);
  }

  void Held() {
    const Suppression& s = *ground_.suppression;
    Say("We still send mail to this address.");
    if (ground_.event != nullptr) Say(ComeBack(*ground_.event));
    Say("Mail to many other addresses with the same ending came back with the same words within "
        "minutes, so the fault may be their provider's.");
    Say("Until one of us has looked at that (number ", s.incident_id,
        "), mail to it is not stopped.");
  }

  void SoftUnderWay(const std::vector<Day>& soft_days, bool on_probation) {
    Say("We still send mail to this address.");
    if (!soft_days.empty()) {
      std::vector<std::string> days;
      for (const Day day : soft_days) days.push_back(DateOf(StartOf(day)));
      Say("Mail that we sent on ", absl::StrJoin(days, ", "),
          " came back, for a reason that may pass.");
    }
    if (ground_.event != nullptr) Say(ComeBack(*ground_.event));
    if (!policy_.suppress_bounces) return NoBounceStops();
    if (on_probation) {
      Say("We had stopped for such a reason before, so until ",
          DateOf(StartOf(dossier_.record.probation_until)),
          " a single mail that comes back is enough to stop again.");
    } else {
      Say("When mail of ", policy_.soft_threshold, " different days within ",
          policy_.soft_window_days, " days comes back, we stop for ", policy_.soft_days, " days.");
    }
    Say("A mail that arrives settles it.");
  }

  void Free() {
    SayFree();
    if (!policy_.suppress_bounces && !dossier_.standing.allowed) NoBounceStops();
  }

 private:
  void SayFree() {
    if (dossier_.standing.allowed) {
      Say("We send mail to this address, whatever bounces; a complaint or a wish to unsubscribe "
          "still "
          "stops it.");
      for (const Allowance& allowance : dossier_.allowances) {
        Say(Presentable(allowance.author, kMaxQuotedOctets), " decided that on ",
            DateOf(allowance.create_time),
            allowance.address.is_domain() ? " for all addresses with the same ending" : "",
            Words(allowance.note), ".");
      }
      return;
    }
    Say("We send mail to this address.");
    for (const Suppression& s : dossier_.standing.suppressions) {
      if (s.expire_time > now_) continue;
      Say("We had stopped, and that ended by itself on ", DateOf(s.expire_time), ".");
      return;
    }
    if (dossier_.record.released) {
      Say("It stood on the list, and ", By(ground_.change), " took it off on ",
          DateOf(*dossier_.record.released), ".");
      return;
    }
    if (dossier_.events.empty()) return Say("Nothing has come back from it.");
    const StoredEvent& last = dossier_.events.front();
    if (last.event.kind != Kind::kBounce) return;
    if (IsVouchedFor(last.event)) {
      Say(ComeBack(last), policy_.suppress_bounces ? " That alone stops nothing." : "");
    } else {
      Say("On ", DateOf(last.message.receive_time),
          " somebody sent us a report which says that a mail to it came back. Nobody vouches for "
          "that report, so it changes nothing.");
    }
  }

  template <typename... Pieces>
  void Say(const Pieces&... pieces) {
    sentences_.push_back(absl::StrCat(pieces...));
  }

  void NoBounceStops() {
    Say("No mail that comes back stops us here; a complaint or a wish to unsubscribe does.");
  }

  void Why(const Suppression& s) {
    const std::string date = DateOf(s.create_time);
    switch (s.source) {
      case Source::kManual:
        return Say(By(ground_.change), " put it on the list on ", date, Words(s.explanation), ".");
      case Source::kImport:
        return Imported(date);
      case Source::kComplaint:
        return Say("On ", date, " the recipient reported one of our mails as unwanted.");
      case Source::kUnsubscribe:
        return Say("On ", date, " the recipient asked for no more of it.");
      case Source::kBounce:
        break;
    }
    if (ground_.event == nullptr) {
      return Say(s.event_id == 0 ? "A list that we took over says that mail to it comes back."
                                 : "Mail to it came back.");
    }
    Say(ComeBack(*ground_.event));
    const PolicyRule rule = ground_.event->event.policy_rule;
    if (rule == PolicyRule::kHardConfirmed || rule == PolicyRule::kSoftThreshold) {
      if (IsOneOfMany(*ground_.event)) Say("Mail that we sent on other days came back so, too.");
    } else if (rule == PolicyRule::kSoftProbation) {
      Say("It had come back so before, and we had stopped then, too.");
    }
  }

  // A list says since when; the change, when it was taken over.
  void Imported(std::string_view since) {
    if (ground_.change == nullptr) {
      return Say("It stood on a list that we took over, since ", Absl(since), ".");
    }
    const std::string taken_over = DateOf(ground_.change->time);
    Say("It stood on a list that we took over on ", taken_over,
        taken_over == since ? "" : absl::StrCat("; it had been there since ", Absl(since)), ".");
  }

  // Whether mail of another day had been counted with that of `last`. How many the policy of then
  // asked for is not kept.
  bool IsOneOfMany(const StoredEvent& last) const {
    return std::any_of(
        dossier_.events.begin(), dossier_.events.end(), [&last](const StoredEvent& each) {
          const bool is_counted =
              each.event.effect == Effect::kCounted || each.event.effect == Effect::kSuppressed;
          return is_counted && each.event.id < last.event.id && each.event.kind == Kind::kBounce &&
                 each.event.bounce_class == last.event.bounce_class &&
                 each.message.day != last.message.day;
        });
  }

  void WhatToDo(const Suppression& s) {
    switch (s.source) {
      case Source::kBounce:
        return Say("If the address is in order again, tell us, and we take it off the list.");
      case Source::kComplaint:
      case Source::kUnsubscribe:
        return Say("Only the recipient's own wish should change that.");
      case Source::kManual:
      case Source::kImport:
        return Say("Whoever wants it off the list may ask us.");
    }
  }

  const AddressDossier& dossier_;
  const Policy& policy_;
  const Ground& ground_;
  const absl::Time now_;
  std::vector<std::string> sentences_;
};

}  // namespace

std::vector<std::string> PlainWords(const AddressDossier& dossier, const Policy& policy,
                                    Verdict verdict, const Ground& ground,
                                    const std::vector<Day>& soft_days, bool on_probation,
                                    absl::Time now) {
  Plain plain(dossier, policy, ground, now);
  if (verdict == Verdict::kSuppressed && ground.suppression != nullptr) {
    plain.Suppressed();
  } else if (verdict == Verdict::kRisky && ground.suppression != nullptr) {
    plain.Held();
  } else if (verdict == Verdict::kRisky) {
    plain.SoftUnderWay(soft_days, on_probation);
  } else {
    plain.Free();
  }
  return plain.Take();
}

}  // namespace bounced::api

#include "parser/dsn/recipient.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/dsn/callout.h"
#include "parser/dsn/enhanced_status.h"
#include "parser/dsn/reported_name.h"
#include "parser/dsn/smtp_reply.h"
#include "parser/mime/charset.h"
#include "parser/mime/encoded_word.h"
#include "parser/mime/field_reader.h"
#include "parser/mime/lines.h"
#include "parser/text.h"

namespace bounced {
namespace {

// Octets of a text that are taken for a recipient's where nothing else is.
constexpr std::size_t kMaxTranscriptOctets = 2 << 10;

// The words of Action (RFC 3464, 2.3.3) and those that hosts write for them. None of them: the
// codes tell.
struct ActionRow {
  std::string_view word;
  Kind kind;
  Reason reason;  // of what is no failure
};
constexpr ActionRow kActions[] = {
    {"failed", Kind::kBounce, Reason::kUndefined},
    {"failure", Kind::kBounce, Reason::kUndefined},
    {"expired", Kind::kBounce, Reason::kUndefined},
    {"undeliverable", Kind::kBounce, Reason::kUndefined},
    {"delayed", Kind::kDelay, Reason::kDelayed},
    {"delivered", Kind::kDelivery, Reason::kDelivered},
    {"relayed", Kind::kDelivery, Reason::kRelayed},
    {"expanded", Kind::kDelivery, Reason::kExpanded},
    // Of a probe: nothing was delivered, so it is worth no more than being passed on.
    {"deliverable", Kind::kDelivery, Reason::kRelayed},
};

const ActionRow* FindAction(std::string_view word) {
  const auto* row = std::find_if(std::begin(kActions), std::end(kActions),
                                 [word](const ActionRow& r) { return r.word == word; });
  return row == std::end(kActions) ? nullptr : row;
}

std::string ActionWord(std::string_view value) {
  const std::string plain = WithoutComments(Unfold(value));
  const std::string_view word = StripBlanks(plain);
  return FoldCase(word.substr(0, word.find_first_of(" \t;,.")));
}

Found<std::string> AddressIn(std::string_view value, const Body& part, Provenance provenance,
                             std::size_t max_octets) {
  return {ReportedAddress(value, max_octets), part.SpanOf(value), provenance};
}

// A diagnostic and what was found in it.
struct Diagnosis {
  std::string type;
  std::string_view text;
  SmtpReply reply;
  std::string_view field;  // all of it
};

// How exact a code is: one that says nothing, one that hosts write whatever happened, a real one.
int Rank(const std::optional<EnhancedStatus>& status) {
  if (!status) return 0;
  if (status->subject == 0 && status->detail == 0) return 1;
  return IsGeneric(*status) ? 2 : 3;
}
int Rank(const SmtpReply& reply) { return 2 * Rank(reply.status) + (reply.code ? 1 : 0); }

bool IsTypeOfReplies(std::string_view type) { return type == "smtp" || type == "lmtp"; }

// Exchange writes the reply into X-Supplementary-Info, "<mx.example #5.1.1 smtp;550 5.1.1 no>"
// (MS-OXCMAIL, 2.2.3.7.1.2), and no Diagnostic-Code. Empty: there is none.
std::string_view SupplementaryDiagnostic(const RecipientFields& fields) {
  const auto field = std::find_if(
      fields.further.begin(), fields.further.end(),
      [](const NamedValue& each) { return EqualsIgnoringCase(each.name, "x-supplementary-info"); });
  if (field == fields.further.end()) return {};
  std::string_view value = field->value;
  if (value.ends_with('>')) value.remove_suffix(1);
  const std::size_t status = value.find('#');
  const std::size_t blank = value.find(' ', std::min(status, value.size()));
  return StripBlanks(value.substr(std::min(blank, value.size())));
}

// The most exact of a recipient's Diagnostic-Codes; of equals the first.
std::optional<Diagnosis> BestDiagnosis(const RecipientFields& fields) {
  auto diagnostics = fields.diagnostics;
  if (diagnostics[0].empty()) diagnostics[0] = SupplementaryDiagnostic(fields);
  std::optional<Diagnosis> best;
  for (const std::string_view field : diagnostics) {
    if (field.empty()) continue;
    TypedValue typed = SplitType(field);
    // Only smtp promises a reply (RFC 3464, 2.3.6); what has no type is one as a rule, as is what
    // begins as one does: "X-LOCAL; 500 (err.nosuchuser)". No exit status of X-UNIX is as large.
    const bool is_reply =
        typed.type.empty() || IsTypeOfReplies(typed.type) || BeginsWithFailureCode(typed.value);
    SmtpReply reply =
        FindSmtpReply(typed.value, is_reply ? ReplyContext::kReply : ReplyContext::kNarration);
    if (best && Rank(best->reply) >= Rank(reply)) continue;
    best = Diagnosis{std::move(typed.type), typed.value, std::move(reply), field};
  }
  return best;
}

void TakeCode(const SmtpReply& reply, const Body& body, Provenance provenance,
              Recipient& recipient) {
  if (reply.code && !recipient.reply_code) {
    recipient.reply_code = Found<int>{*reply.code, body.SpanOf(reply.code_text), provenance};
  }
  for (const SmtpReply::Other& other : reply.others) {
    recipient.further_codes.push_back({other.code, body.SpanOf(other.text), provenance});
  }
}

// Puts the reply's status in the place of a less exact one, which stays as what was stated.
void TakeStatus(const SmtpReply& reply, const Body& body, Provenance provenance, Trail* trail,
                Recipient& recipient) {
  std::optional<Found<EnhancedStatus>>& status = recipient.enhanced_status;
  const int rank = status ? Rank(status->value) : 0;
  if (Rank(reply.status) <= rank || rank > 2) {
    if (reply.status && reply.status != status->value) {
      recipient.further_codes.push_back(
          {{reply.code, reply.status}, body.SpanOf(reply.status_text), provenance});
    }
    return;
  }
  if (status && !recipient.stated_status) recipient.stated_status = status;
  if (status && trail != nullptr) {
    trail->Add(absl::StrCat("the status ", ToString(status->value), " says less than ",
                            ToString(*reply.status), ", which takes its place"),
               body.SpanOf(reply.status_text));
  }
  status = Found<EnhancedStatus>{*reply.status, body.SpanOf(reply.status_text), provenance};
}

void TakeStatusField(const Testimony& testimony, Recipient& recipient) {
  const std::string_view field = testimony.fields.status;
  if (const auto status = ParseStatusField(field)) {
    recipient.enhanced_status =
        Found<EnhancedStatus>{*status, testimony.part.SpanOf(field), testimony.provenance};
    return;
  }
  // "Status: 553 Exceeded maximum inbound message size".
  const SmtpReply reply = FindSmtpReply(field, ReplyContext::kReply);
  TakeCode(reply, testimony.part, Provenance::kDerived, recipient);
}

// `words`, which were made of `text` in `body`, are the recipient's diagnostic.
void SetDiagnostic(std::string_view words, std::string_view text, const Body& body,
                   Provenance provenance, std::size_t max_octets, Recipient& recipient) {
  Presented shown = Present(words, max_octets);
  recipient.diagnostic_cut = shown.is_cut;
  recipient.diagnostic = Found<std::string>{std::move(shown.text), body.SpanOf(text), provenance};
}

// `words` without what the reporter said of its own behind those of the host that it quotes:
// Postfix, which command the host answered, and qmail, that it tries no more.
std::string_view WithoutReportersEnd(std::string_view words) {
  struct End {
    std::string_view lead;
    std::string_view stop;  // not before the end of the words
  };
  constexpr End kEnds[] = {{"(in reply to ", ")"}, {"Giving up on ", " "}};
  for (const End& end : kEnds) {
    const std::size_t at = words.rfind(end.lead);
    if (at == words.npos || (at > 0 && words[at - 1] != ' ')) continue;
    if (words.find(end.stop, at + end.lead.size()) < words.size() - 1) continue;
    return StripBlanks(words.substr(0, at));
  }
  return words;
}

// The lines around `piece`, which is a part of `text`, up to blank ones.
std::string_view ParagraphAround(std::string_view text, std::string_view piece) {
  const auto at = static_cast<std::size_t>(piece.data() - text.data());
  Lines lines(text);
  std::size_t begin = 0;
  std::size_t end = 0;
  while (const std::optional<Line> line = lines.Next()) {
    end = line->end;
    if (!StripBlanks(line->text).empty()) continue;
    if (line->begin > at) break;
    begin = line->end;
  }
  return StripBlanks(text.substr(begin, end - begin));
}

// `text` in UTF-8: what the rules look at.
std::string TakeTexts(const Testimony& testimony, Recipient& recipient) {
  std::string text;
  std::optional<Diagnosis> diagnosis = BestDiagnosis(testimony.fields);
  if (diagnosis) {
    TakeCode(diagnosis->reply, testimony.part, testimony.provenance, recipient);
    TakeStatus(diagnosis->reply, testimony.part, Provenance::kDerived, testimony.trail, recipient);
    Tell(testimony.trail,
         testimony.fields.diagnostics[0].empty() ? "X-Supplementary-Info is what the rules look at"
                                                 : "the Diagnostic-Code is what the rules look at",
         testimony.part.SpanOf(diagnosis->text));
    recipient.diagnostic_type = diagnosis->type;
    if (recipient.stage == Stage::kUnknown) recipient.stage = FindStage(diagnosis->text);
    text = Utf8Of(std::move(diagnosis->reply.words));
    // Some hosts write what is not ASCII so, though no field of a status may have it.
    if (text.find("=?") != text.npos) text = DecodeEncodedWords(text);
    SetDiagnostic(text, diagnosis->text, testimony.part, testimony.provenance, testimony.max_octets,
                  recipient);
    for (const std::string_view field : testimony.fields.diagnostics) {
      if (field.empty() || field.data() == diagnosis->field.data()) continue;
      recipient.further_fields.push_back(KeptField({"Diagnostic-Code", field}, testimony.part,
                                                   testimony.provenance, testimony.max_octets));
    }
  }
  const std::string_view explanation = testimony.explanation;
  if (!explanation.empty()) {
    const bool mute = text.empty() || Rank(diagnosis->reply) == 0;
    SmtpReply reply;
    if (mute) {
      reply = FindSmtpReply(explanation, ReplyContext::kLines);
      if (diagnosis) {
        Tell(testimony.trail,
             Rank(diagnosis->reply) == 0
                 ? "it has no code, so the words for people are asked for one"
                 : "it has no words, so those for people are asked for some",
             testimony.explanation_body.SpanOf(explanation));
      }
      TakeCode(reply, testimony.explanation_body, Provenance::kGuessed, recipient);
      TakeStatus(reply, testimony.explanation_body, Provenance::kGuessed, testimony.trail,
                 recipient);
    }
    if (text.empty()) {
      text = std::move(reply.words);
      Tell(testimony.trail, "what is said of this recipient is what the rules look at",
           testimony.explanation_body.SpanOf(explanation));
      const std::string words = ToUtf8(text, "");
      const std::string_view quoted = WithoutReportersEnd(words);
      if (!quoted.empty()) {
        SetDiagnostic(quoted, explanation, testimony.explanation_body, Provenance::kGuessed,
                      testimony.max_octets, recipient);
      }
    }
    if (recipient.stage == Stage::kUnknown) recipient.stage = FindStage(explanation);
  }
  if (text.empty() && !ParseStatusField(testimony.fields.status)) {
    SmtpReply reply = FindSmtpReply(testimony.fields.status, ReplyContext::kReply);
    if (reply.code && !reply.words.empty()) {
      text = Utf8Of(std::move(reply.words));
      Tell(testimony.trail, "the Status field has a reply in it, which the rules look at",
           testimony.part.SpanOf(testimony.fields.status));
      SetDiagnostic(text, testimony.fields.status, testimony.part, Provenance::kDerived,
                    testimony.max_octets, recipient);
    }
  }
  if (text.empty() && !testimony.fields.localized_diagnostic.empty()) {
    // RFC 6533, 4.1: a language tag, a semicolon, and the text in UTF-8.
    const TypedValue typed = SplitType(testimony.fields.localized_diagnostic);
    text = Utf8Of(Unfold(typed.value));
    Tell(testimony.trail, "the Localized-Diagnostic is what the rules look at",
         testimony.part.SpanOf(typed.value));
    recipient.diagnostic_language = typed.type;
    SetDiagnostic(text, typed.value, testimony.part, testimony.provenance, testimony.max_octets,
                  recipient);
  }
  if (!testimony.transcript.empty() && (!recipient.reply_code || text.empty())) {
    const SmtpReply reply = FindSmtpReply(testimony.transcript, ReplyContext::kLines);
    const bool has_code = reply.code.value_or(0) >= kFirstFailureCode;
    if (has_code) TakeCode(reply, testimony.explanation_body, Provenance::kGuessed, recipient);
    if (text.empty()) {
      const std::string_view words =
          has_code ? ParagraphAround(testimony.transcript, reply.code_text)
                   : StripBlanks(testimony.transcript.substr(0, kMaxTranscriptOctets));
      text = Unfold(words);
      Tell(testimony.trail, "the words of the whole report are what the rules look at",
           testimony.explanation_body.SpanOf(words));
      SetDiagnostic(text, words, testimony.explanation_body, Provenance::kGuessed,
                    testimony.max_octets, recipient);
    }
  }
  return text;
}

// RFC 3464, 2.3.6: without a Remote-MTA the diagnostic is the reporting host's own, unless hosts
// quote a reply without saying whose it is: where its type is another than that of replies.
bool IsOfReportingHost(const Recipient& recipient) {
  return !recipient.remote_mta && !recipient.diagnostic_type.empty() &&
         !IsTypeOfReplies(recipient.diagnostic_type);
}

// RFC 3464, 2.3.3: Action says what became of the message; only without it the codes do.
ActionRow Result(const Recipient& recipient, std::optional<Kind> whole) {
  if (const ActionRow* row = FindAction(recipient.action)) return *row;
  if (whole) {
    return {"", *whole,
            *whole == Kind::kDelay       ? Reason::kDelayed
            : *whole == Kind::kComplaint ? Reason::kComplaintAbuse
                                         : Reason::kUndefined};
  }
  int first_digit = 0;
  if (recipient.enhanced_status) {
    first_digit = recipient.enhanced_status->value.klass;
  } else if (recipient.reply_code && recipient.reply_code->value < kFirstFailureCode) {
    first_digit = 2;
  }
  switch (first_digit) {
    case 2:
      return {"", Kind::kDelivery, Reason::kDelivered};
    case 4:
      return {"", Kind::kDelay, Reason::kDelayed};
    default:
      return {"", Kind::kBounce, Reason::kUndefined};
  }
}

// Who refused: the field says it, or else the words do.
void TakeRemoteHost(const Testimony& testimony, Recipient& recipient) {
  if (recipient.remote_mta) return;
  if (const std::string_view field = testimony.fields.remote_mta; !field.empty()) {
    recipient.remote_mta =
        NamedMta(field, testimony.part, testimony.provenance, testimony.max_octets);
    return;
  }
  const std::string_view diagnostic = testimony.fields.diagnostics[0];
  const bool by_field = !diagnostic.empty();
  const std::string_view host = FindRemoteHost(by_field ? diagnostic : testimony.explanation);
  if (host.empty()) return;
  const Body& body = by_field ? testimony.part : testimony.explanation_body;
  recipient.remote_mta = FoundMta{{Presentable(host, testimony.max_octets), body.SpanOf(host),
                                   by_field ? Provenance::kDerived : Provenance::kGuessed},
                                  ""};
}

// Whether the text tells that a server looked up somebody else's address, and not the recipient's.
bool IsOfSomebodyElse(std::string_view text, const Recipient& recipient) {
  std::vector<std::string_view> addresses;
  for (const auto* named : {&recipient.final_recipient, &recipient.original_recipient}) {
    if (*named) addresses.push_back((*named)->value);
  }
  return VerifiesSomebodyElse(text, addresses);
}

Persistence StatedPersistence(const Recipient& recipient) {
  int first_digit = 0;
  if (recipient.reply_code) first_digit = recipient.reply_code->value / 100;
  if (recipient.enhanced_status) first_digit = recipient.enhanced_status->value.klass;
  if (first_digit == 4) return Persistence::kTransient;
  return first_digit == 5 ? Persistence::kPermanent : Persistence::kUnknown;
}

// What is no failure needs no rule: the report's own word is all there is to know.
Classification NoFailure(Reason reason, const Recipient& recipient) {
  const ReasonInfo& info = Info(reason);
  Classification classification;
  classification.reason = reason;
  classification.bounce_class = info.bounce_class;
  classification.fault = info.fault;
  classification.persistence = StatedPersistence(recipient);
  classification.confidence = 100;
  classification.rule = "action-" + std::string(info.name);
  return classification;
}

}  // namespace

FurtherField KeptField(const NamedValue& field, const Body& part, Provenance provenance,
                       std::size_t max_octets) {
  return {std::string(field.name.substr(0, max_octets)),  // printable ASCII (field_reader.h)
          {ReportedLine(field.value, max_octets), part.SpanOf(field.value), provenance}};
}

FoundMta NamedMta(std::string_view field, const Body& part, Provenance provenance,
                  std::size_t max_octets) {
  return {{ReportedHost(field, max_octets), part.SpanOf(field), provenance},
          std::string(BracketedAddress(field))};
}

Recipient NameRecipient(const RecipientFields& fields, const Body& part, Provenance provenance,
                        std::size_t max_octets) {
  Recipient recipient;
  if (!fields.final_recipient.empty()) {
    recipient.final_recipient = AddressIn(fields.final_recipient, part, provenance, max_octets);
  }
  if (!fields.original_recipient.empty()) {
    recipient.original_recipient =
        AddressIn(fields.original_recipient, part, provenance, max_octets);
  }
  recipient.action = Presentable(ActionWord(fields.action), max_octets);
  recipient.further_fields.reserve(fields.further.size());
  for (const NamedValue& field : fields.further) {
    recipient.further_fields.push_back(KeptField(field, part, provenance, max_octets));
  }
  return recipient;
}

void Judge(const Testimony& testimony, const RuleSet& rules, Recipient& recipient) {
  TakeRemoteHost(testimony, recipient);
  TakeStatusField(testimony, recipient);
  const std::string text = TakeTexts(testimony, recipient);
  if (recipient.stage == Stage::kUnknown && IsOfReportingHost(recipient)) {
    recipient.stage = Stage::kQueue;
  }
  const ActionRow result = Result(recipient, testimony.kind);
  if (!result.word.empty()) {
    Tell(testimony.trail, "Action says what became of the message",
         testimony.part.SpanOf(testimony.fields.action));
  } else if (!testimony.kind) {
    Tell(testimony.trail, "without an Action the first digit of its code says what became of it");
  }
  recipient.kind = result.kind;
  if (result.kind != Kind::kBounce) {
    recipient.classification = NoFailure(result.reason, recipient);
    return;
  }
  Symptoms symptoms;
  symptoms.kind = result.kind;
  if (recipient.enhanced_status) symptoms.enhanced_status = recipient.enhanced_status->value;
  if (recipient.reply_code) symptoms.reply_code = recipient.reply_code->value;
  symptoms.stage = recipient.stage;
  symptoms.text = text;
  if (symptoms.reply_code && IsOfSomebodyElse(text, recipient)) {
    // What is said of a mailbox is said of the sender's, as in answer to MAIL.
    symptoms.stage = Stage::kMail;
    Tell(testimony.trail,
         "the address that was verified is at another domain than the recipient's");
  }
  if (recipient.remote_mta) symptoms.remote_mta = recipient.remote_mta->value;
  symptoms.narration = testimony.fields.diagnostics[0].empty() ? testimony.explanation
                                                               : testimony.fields.diagnostics[0];
  symptoms.reporting_mta = testimony.reporting_mta;
  symptoms.fields = recipient.further_fields;
  symptoms.message_fields = testimony.message_fields;
  const bool lists_candidates =
      testimony.trail != nullptr && testimony.trail->HasRoomForCandidates();
  recipient.classification =
      rules.Classify(symptoms, lists_candidates ? &recipient.candidates : nullptr);
  if (lists_candidates) testimony.trail->CountCandidates(recipient.candidates.size());
}

}  // namespace bounced

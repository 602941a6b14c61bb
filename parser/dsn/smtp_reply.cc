#include "parser/dsn/smtp_reply.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "absl/container/inlined_vector.h"
#include "parser/classify/provider.h"
#include "parser/dsn/enhanced_status.h"
#include "parser/mime/lines.h"
#include "parser/octets.h"
#include "parser/text.h"

namespace bounced {
namespace {

// Longest word or mark that announces a code, with the blanks around it.
constexpr std::size_t kMaxIntroduction = 24;
constexpr std::string_view kWideColon = "\xEF\xBC\x9A";  // U+FF1A, of Japanese and Chinese

// What stands between a code and its enhanced status: "550 5.1.1", "550-5.1.1", "550 #5.1.1".
std::string_view AfterSeparator(std::string_view s) {
  if (s.starts_with('-')) s.remove_prefix(1);
  while (!s.empty() && IsSpace(s.front())) s.remove_prefix(1);
  constexpr AsciiSet kMarks("#(<[");
  if (!s.empty() && kMarks.Has(s.front())) s.remove_prefix(1);
  if (s.starts_with('#')) s.remove_prefix(1);
  return s;
}

// A reply code at a place where one can be.
struct Code {
  std::size_t at;
  int value;
  bool multiline;  // "550-": further lines follow
  bool remote;     // "<<< 550": a transcript marks it as the remote host's
  std::optional<LeadingStatus> status;
  std::size_t status_at;
};

class CodeFinder {
 public:
  CodeFinder(std::string_view text, ReplyContext context) : text_(text), context_(context) {}

  // The next code from `at` on.
  std::optional<Code> Next(std::size_t at) const {
    for (at = FindThreeDigits(at); at < text_.size(); at = FindThreeDigits(at + 1)) {
      if (std::optional<Code> code = ReadAt(at)) return code;
    }
    return std::nullopt;
  }

 private:
  // The next three digits that may be a code, from `at` on, or the size of the text: the first is
  // one of 2 to 5, the second none above 7.
  std::size_t FindThreeDigits(std::size_t at) const {
    const auto are_they = [](auto first, auto second, auto third) {
      return (first >= '2') & (first <= '5') & (second >= '0') & (second <= '7') & (third >= '0') &
             (third <= '9');
    };
    const auto may_begin = [](auto c) { return (c >= '2') & (c <= '5'); };
    return FindRow<kCodeOctets>(text_, may_begin, are_they, at);
  }

  std::optional<Code> ReadAt(std::size_t at) const {
    const std::size_t end = at + kCodeOctets;
    if (at > 0 && !MayPrecede(text_[at - 1]) && !text_.substr(0, at).ends_with(kWideColon)) {
      return std::nullopt;
    }
    // No second digit is above 5 (RFC 5321, 4.2.1), but for what hosts write for 5.7.1.
    if (text_[at + 1] > '5' && text_.substr(at, kCodeOctets) != "571") return std::nullopt;
    Code code{at, 0, end < text_.size() && text_[end] == '-', IsMarked(at), std::nullopt, 0};
    for (std::size_t i = at; i < end; ++i) code.value = code.value * 10 + (text_[i] - '0');
    const std::string_view rest = AfterSeparator(text_.substr(end));
    const bool parted = rest.data() > text_.data() + end;
    const std::optional<LeadingStatus> status = ReadEnhancedStatus(rest);
    if (parted && status && status->status.klass == code.value / 100) {
      code.status = status;
      code.status_at = static_cast<std::size_t>(rest.data() - text_.data());
      return code;
    }
    if ((end == text_.size() || MayFollow(end)) && IsAnnounced(code)) return code;
    return std::nullopt;
  }

  static bool MayPrecede(char c) {
    constexpr AsciiSet kOpeners(":;,<([\"'=#");
    return IsSpace(c) || kOpeners.Has(c);
  }
  bool MayFollow(std::size_t end) const {
    const char c = text_[end];
    constexpr AsciiSet kClosers(":;,)]>\"'");
    if (IsSpace(c) || kClosers.Has(c)) return true;
    const bool ends = end + 1 == text_.size() || !IsDigit(text_[end + 1]);
    return (c == '-' || c == '.') && ends;
  }

  // Sendmail's transcripts: "<<< 550 5.1.1 no such user", and MDaemon's: "<-- 550 no such user".
  bool IsMarked(std::size_t at) const {
    std::string_view before = text_.substr(at > kMaxIntroduction ? at - kMaxIntroduction : 0);
    before = before.substr(0, before.size() - (text_.size() - at));
    while (before.ends_with(' ')) before.remove_suffix(1);
    return before.ends_with("<<<") || before.ends_with("<--");
  }

  bool IsAnnounced(const Code& code) const {
    if (code.remote && context_ != ReplyContext::kReply) return true;
    const std::size_t at = code.at;
    const std::size_t from = at > kMaxIntroduction ? at - kMaxIntroduction : 0;
    const std::string_view before = text_.substr(from, at - from);
    const std::string_view stripped = StripBlanks(before);
    if (stripped.empty() && from == 0) return context_ != ReplyContext::kNarration;
    if (context_ == ReplyContext::kLines && BeginsLine(before)) return true;
    if (context_ == ReplyContext::kReply && EndsWithStatus(stripped)) return true;
    if (context_ == ReplyContext::kReply && code.multiline && GoesWithLeadingStatus(code))
      return true;
    if (context_ != ReplyContext::kReply && IsQuotedBehindStatus(code)) return true;
    // Exchange: "<mx.example.net #5.5.0 smtp;554 no>", "mx.example.net #550 no ##".
    constexpr std::string_view kType = "smtp;";
    if (EndsWithIgnoringCase(stripped, kType)) return true;
    if (stripped.ends_with('#')) return EndsWithHostName(stripped.substr(0, stripped.size() - 1));
    std::string_view words = stripped;
    constexpr std::string_view kBrackets = "([<\"'";
    while (!words.empty() && kBrackets.find(words.back()) != words.npos) {
      words = StripBlanks(words.substr(0, words.size() - 1));
    }
    const bool wide = words.ends_with(kWideColon);
    const bool colon = wide || words.ends_with(':');
    if (colon) words = StripBlanks(words.substr(0, words.size() - (wide ? kWideColon.size() : 1)));
    if (context_ != ReplyContext::kReply && !colon) {
      // "<r@example.net>... 550" (Sendmail), "Received >>> 550", "[192.0.2.1], 550".
      for (const std::string_view mark : {">...", "received >>>", "],"}) {
        if (EndsWithIgnoringCase(words, mark)) return true;
      }
    }
    // After the words for it in the languages that reports are written in; a letter beyond ASCII
    // ends a word as well as a blank, so a first letter that may be a capital is left out.
    constexpr std::string_view kAnnouncers[] = {
        "said",          "to me",       "reply",     "replied",  "response",
        "responded",     "error",       "reason",    "answer",   "status",
        "returned",      "failure",     "code",      "answered", "was",
        "responsecode",  "smtp",        "deferred",  "follows",  "rcpt to",
        "mail from",     "data",        "antwort",   "grund",    "fehler",
        "fehlermeldung", "raison",      "erreur",    "réponse",  "motivo",
        "errore",        "erro",        "respuesta", "risposta", "resposta",
        "reden",         "foutmelding", "powód",     "błąd",     "ричина",
        "шибка",         "твет",        "原因",      "理由",     "エラー",
        "错误",          "錯誤",        "回复",      "이유",     "neden",
        "hata",          "důvod",       "orsak",     "message",  "diagnostic code",
        "explanation",   "details",     "with"};
    for (const std::string_view announcer : kAnnouncers) {
      if (words.size() < announcer.size()) continue;
      const std::size_t begin = words.size() - announcer.size();
      const bool whole_word = begin == 0 || !IsLetter(words[begin - 1]);
      if (whole_word && EqualsIgnoringCase(words.substr(begin), announcer) &&
          (colon || !NeedsColon(announcer))) {
        return true;
      }
    }
    // "RCPT TO:<r@example.net>: 550", "mx.example.net[192.0.2.1]: 550".
    const bool parted = stripped.size() < before.size();  // else it is a port
    return colon && parted && (words.ends_with('>') || words.ends_with(']') || EndsWithHost(words));
  }

  // Words of any sentence, with a number behind them.
  static bool NeedsColon(std::string_view announcer) {
    constexpr std::string_view kCommon[] = {"was",       "smtp",    "message", "details",
                                            "neden",     "reden",   "data",    "rcpt to",
                                            "mail from", "follows", "with"};
    return std::find(std::begin(kCommon), std::end(kCommon), announcer) != std::end(kCommon);
  }

  // "(mx.example.net)", "(192.0.2.1)", and no "(in bytes)".
  static bool EndsWithHost(std::string_view words) {
    if (!words.ends_with(')')) return false;
    return words.find_first_of(".:", std::min(words.rfind('('), words.size())) != words.npos;
  }

  static bool EndsWithHostName(std::string_view words) {
    words = StripBlanks(words);
    const std::string_view word = words.substr(words.find_last_of(" \t\r\n") + 1);  // npos + 1 is 0
    return word.find('.') != word.npos && word.find('@') == word.npos;
  }

  static bool BeginsLine(std::string_view before) {
    while (!before.empty() && (before.back() == ' ' || before.back() == '\t')) {
      before.remove_suffix(1);
    }
    return before.ends_with('\n') || before.ends_with('\r');
  }
  // "5.3.0 - Other mail system problem 550-'Unknown user'".
  bool GoesWithLeadingStatus(const Code& code) const {
    const std::optional<LeadingStatus> status = ReadEnhancedStatus(text_);
    return status && status->status.klass == code.value / 100;
  }
  // The same among the lines of a text: its line begins with the status, and the reply is quoted.
  bool IsQuotedBehindStatus(const Code& code) const {
    constexpr std::size_t kMaxInFront = 96;  // octets: "5.1.0 - Unknown address error "
    if (!text_.substr(code.at + kCodeOctets).starts_with("-'")) return false;
    const std::size_t from = code.at > kMaxInFront ? code.at - kMaxInFront : 0;
    const std::string_view before = text_.substr(from, code.at - from);
    const std::size_t line = before.find_last_of("\r\n");
    if (line == before.npos && from > 0) return false;
    const std::optional<LeadingStatus> status =
        ReadEnhancedStatus(StripBlanks(before.substr(line + 1)));  // npos + 1 is 0
    return status && status->status.klass == code.value / 100;
  }
  static bool EndsWithStatus(std::string_view before) {
    const std::size_t begin = before.find_last_of(" \t\r\n") + 1;  // npos + 1 is 0
    const std::optional<LeadingStatus> status = ReadEnhancedStatus(before.substr(begin));
    return status && status->length == before.size() - begin;
  }

  std::string_view text_;
  ReplyContext context_;
};

std::string Folded(std::string_view text) {
  std::string folded(text.size(), '\0');
  std::size_t size = 0;
  bool after_blank = true;
  for (std::size_t at = 0; at < text.size();) {
    if (at + kBlockOctets <= text.size()) {
      const Block octets = BlockAt(text, at);
      const auto is_blank = (octets == ' ') | ((octets >= '\t') & (octets <= '\r'));
      const Block blanks_folded = is_blank ? Block{} + ' ' : octets;
      const std::uint32_t blanks = BitsOf(is_blank);
      const std::uint32_t behind_blank = blanks << 1 | (after_blank ? 1u : 0u);
      const auto count =
          std::min(kBlockOctets, static_cast<std::size_t>(std::countr_zero(blanks & behind_blank)));
      std::memcpy(folded.data() + size, &blanks_folded, kBlockOctets);
      at += count;
      size += count;
      if (count > 0) after_blank = folded[size - 1] == ' ';
      if (count == kBlockOctets) continue;
    }
    const bool is_blank = IsSpace(text[at]);
    folded[size] = is_blank ? ' ' : text[at];
    size += is_blank && after_blank ? 0 : 1;
    after_blank = is_blank;
    ++at;
  }
  if (size > 0 && after_blank) --size;
  folded.resize(size);
  return folded;
}

// `text` behind its leading code and status, blanks folded; with `marks`, without the code and
// status that begin each further line of a reply.
std::string Words(std::string_view text, const Code& first, bool marks) {
  std::size_t at = first.status ? first.status_at + first.status->length : first.at + kCodeOctets;
  constexpr AsciiSet kSeparators("-:;,.)]>#");
  while (at < text.size() && (IsSpace(text[at]) || kSeparators.Has(text[at]))) ++at;
  if (!marks) return Folded(text.substr(std::min(at, text.size())));
  std::string words;
  words.reserve(text.size() - std::min(at, text.size()));
  const std::string code(text.substr(first.at, kCodeOctets));
  for (; at < text.size(); ++at) {
    const bool at_word = at == 0 || IsSpace(text[at - 1]);
    if (at_word && text.substr(at).starts_with(code) && at + kCodeOctets < text.size() &&
        (text[at + kCodeOctets] == '-' || text[at + kCodeOctets] == ' ')) {
      const std::string_view rest = AfterSeparator(text.substr(at + kCodeOctets));
      const std::optional<LeadingStatus> status = ReadEnhancedStatus(rest);
      const bool is_mark = status || text[at + kCodeOctets] == '-' || !first.status;
      if (is_mark) {
        at = static_cast<std::size_t>(rest.data() - text.data()) + (status ? status->length : 0);
        if (at >= text.size()) break;
      }
    }
    if (!IsSpace(text[at])) {
      words += text[at];
    } else if (!words.empty() && words.back() != ' ') {
      words += ' ';
    }
  }
  while (words.ends_with(' ')) words.pop_back();
  return words;
}

// What a host answers to the rest of a dialogue whose recipient it refused before: "503 need RCPT",
// "554 5.5.1 no valid recipients".
bool IsAftermath(const Code& code, std::string_view text) {
  const bool has_status =
      code.status && code.status->status.subject == 5 && code.status->status.detail == 1;
  return code.value == 503 || has_status ||
         StartsWithIgnoringCase(text.substr(code.at), "554 no valid recipients");
}

// Whether a transcript goes on with another host, so that what stood there before is over.
bool BeginsSession(std::string_view text) {
  return FindIgnoringCase(text, "while talking to") != std::string_view::npos;
}

using Codes = absl::InlinedVector<Code, SmtpReply::kMaxOthers + 1>;

// The run of equal codes that ends with the innermost reply: the lines of one reply, or one reply
// told twice. Of a transcript the lines that the remote host spoke go before all others.
struct Run {
  std::optional<Code> first;
  std::optional<Code> status;  // the first of the run that has one
  // Where another reply begins, which is none of it; npos: nowhere.
  std::size_t end = std::string_view::npos;
  // The first codes of the text that say different things; one may be the run's.
  Codes all;
};

// Whether one says nothing that the other does not: the lines of a reply need not all have a
// status.
bool SaysTheSame(const Code& a, const Code& b) {
  return a.value == b.value && (!a.status || !b.status || a.status->status == b.status->status);
}

void AddOnce(const Code& code, Codes& all) {
  const auto same = std::find_if(all.begin(), all.end(),
                                 [&](const Code& each) { return SaysTheSame(each, code); });
  if (same == all.end()) {
    if (all.size() <= SmtpReply::kMaxOthers) all.push_back(code);
  } else if (!same->status) {
    *same = code;
  }
}

// What stands there besides `chosen`.
std::vector<SmtpReply::Other> OthersThan(Code chosen, const Run& run, std::string_view text) {
  if (run.all.size() < 2) return {};
  if (run.status) chosen.status = run.status->status;
  std::vector<SmtpReply::Other> others;
  for (const Code& code : run.all) {
    if (SaysTheSame(code, chosen) || others.size() == SmtpReply::kMaxOthers) continue;
    std::size_t end = code.at + kCodeOctets;
    if (code.status) end = code.status_at + code.status->length;
    std::optional<EnhancedStatus> status;
    if (code.status) status = code.status->status;
    others.push_back({{code.value, status}, text.substr(code.at, end - code.at)});
  }
  return others;
}

Run FindRun(std::string_view text, ReplyContext context) {
  CodeFinder finder(text, context);
  Run run;
  std::size_t seen = 0;  // of the text: the code before
  for (std::optional<Code> code = finder.Next(0); code; code = finder.Next(code->at + 1)) {
    const std::string_view between = text.substr(seen, code->at - seen);
    seen = code->at;
    AddOnce(*code, run.all);
    // What is said of success inside a failure ("250 2.1.5 ok") is not the reply in question.
    if (run.first && code->value < kFirstFailureCode) continue;
    const bool has_failure = run.first && run.first->value >= kFirstFailureCode;
    if (has_failure && IsAftermath(*code, text)) continue;
    if (has_failure && run.first->remote) {
      const bool same = code->value == run.first->value;
      // Sendmail says it again, with a status of its own.
      if (!code->remote && same && code->status && !run.status) run.status = code;
      // The first that the host refuses is the recipient; the rest of the session comes of that.
      if (!code->remote || (!same && !BeginsSession(between))) {
        const std::size_t line = LineBegin(text, code->at);
        if (!same && line > run.first->at) run.end = std::min(run.end, line);
        continue;
      }
    }
    const bool takes_over = code->remote && run.first && !run.first->remote;
    if (!run.first || run.first->value != code->value || takes_over) {
      run.first = code;
      run.status = std::nullopt;
      run.end = std::string_view::npos;
    }
    if (!run.status && code->status) run.status = code;
  }
  return run;
}

}  // namespace

std::optional<int> FindReplyCode(std::string_view text, ReplyContext context) {
  const Run run = FindRun(text, context);
  return run.first ? std::optional(run.first->value) : std::nullopt;
}

SmtpReply FindSmtpReply(std::string_view text, ReplyContext context) {
  SmtpReply reply;
  const Run run = FindRun(text, context);
  if (!run.first) {
    if (const auto status = FindEnhancedStatus(text, 0)) {
      reply.status = status->value;
      reply.status_text = text.substr(status->where.offset, status->where.length);
    }
    reply.words = Folded(text);
    return reply;
  }
  const Code& first = *run.first;
  reply.code = first.value;
  reply.code_text = text.substr(first.at, kCodeOctets);
  reply.others = OthersThan(first, run, text);
  if (run.status) {
    reply.status = run.status->status->status;
    reply.status_text = text.substr(run.status->status_at, run.status->status->length);
  } else {
    // "550 Requested action not taken (5.1.1)", or in front: "5.1.1 (550 user unknown)".
    const std::string_view behind = text.substr(first.at);
    auto status = FindEnhancedStatus(behind, static_cast<std::uint32_t>(first.at));
    if (!status) status = FindEnhancedStatus(text, 0);
    if (status && status->value.klass == first.value / 100) {
      reply.status = status->value;
      reply.status_text = text.substr(status->where.offset, status->where.length);
    }
  }
  reply.words = Words(text.substr(0, run.end), first, first.multiline);
  // "mailbox unavailable. [SMTP Error Code 550]".
  if (reply.words.empty()) reply.words = Folded(text.substr(0, first.at));
  return reply;
}

namespace {

struct StagePhrase {
  std::string_view words;  // lower case
  Stage stage;
};
// What qmail says behind a host's address in place of a command, with the blank between them.
constexpr StagePhrase kBehindHost[] = {
    {" does not like recipient", Stage::kRcpt},
    {" failed on data command", Stage::kData},
    {" failed after i sent the message", Stage::kData},
};

}  // namespace

Stage FindStage(std::string_view text) {
  // The commands, and what else hosts put in their place. Words that could as well be about the
  // message ("after recipient verification") are not among them.
  constexpr StagePhrase kCommands[] = {
      {"end of data", Stage::kData},  {"end of message", Stage::kData},
      {"sending data", Stage::kData}, {"data", Stage::kData},
      {"bdat", Stage::kData},         {"rcpt to", Stage::kRcpt},
      {"mail from", Stage::kMail},    {"ehlo", Stage::kHelo},
      {"helo", Stage::kHelo},         {"lhlo", Stage::kHelo},
      {"starttls", Stage::kHelo},     {"initial connection", Stage::kConnect},
  };
  // What does not have what some of them begin with has none of those.
  struct Leads {
    std::string_view beginning;
    std::array<std::string_view, 2> leads;  // empty: there is no more
  };
  constexpr Leads kLeads[] = {{"in re", {"in reply to ", "in response to "}},
                              {"after ", {"after "}},
                              {"while ", {"while performing the ", "while sending "}}};
  for (const auto& [beginning, leads] : kLeads) {
    const std::size_t first = FindIgnoringCase(text, beginning);
    if (first == text.npos) continue;
    for (const std::string_view lead : leads) {
      if (lead.empty()) break;
      for (std::size_t at = FindIgnoringCase(text, lead, first); at < text.size();
           at = FindIgnoringCase(text, lead, at + lead.size())) {
        std::string_view rest = text.substr(at + lead.size());
        if (StartsWithIgnoringCase(rest, "pipelined ")) rest.remove_prefix(10);
        for (const StagePhrase& phrase : kCommands) {
          if (StartsWithIgnoringCase(rest, phrase.words)) return phrase.stage;
        }
      }
    }
  }
  // What Postfix and qmail say in place of a command.
  constexpr std::string_view kRefused = "refused to talk to me";
  if (FindIgnoringCase(text, kRefused) < text.size()) return Stage::kConnect;
  constexpr StagePhrase kSentences[] = {
      {"but greeting failed", Stage::kConnect},
      {"but my name was rejected", Stage::kHelo},
      {"but sender was rejected", Stage::kMail},
  };
  if (const std::size_t first = FindIgnoringCase(text, "but "); first < text.size()) {
    for (const StagePhrase& sentence : kSentences) {
      if (FindIgnoringCase(text, sentence.words, first) < text.size()) return sentence.stage;
    }
  }
  for (const StagePhrase& sentence : kBehindHost) {
    if (FindIgnoringCase(text, sentence.words.substr(1)) < text.size()) return sentence.stage;
  }
  return StartsWithIgnoringCase(StripBlanks(text), "connect to ") ? Stage::kConnect
                                                                  : Stage::kUnknown;
}

std::string_view FindRemoteHost(std::string_view text) {
  // "host mx.example[192.0.2.1] said: 550", "talking to mx.example.:". A host that was not found,
  // or is the sender's, is followed by other words.
  if (const std::string_view host = HostThatSpoke(text); !host.empty()) {
    std::string_view behind =
        text.substr(static_cast<std::size_t>(host.data() + host.size() - text.data()));
    const auto skip = [&behind](std::size_t end) {
      behind.remove_prefix(std::min(end, behind.size()));
    };
    skip(behind.find_first_not_of(". "));
    if (behind.starts_with('[')) skip(behind.find_first_of("]\r\n"));
    skip(behind.find_first_not_of("] "));
    if (behind.empty() || behind.starts_with(':') || IsSpace(behind.front()) ||
        behind.starts_with("said") || behind.starts_with("refused to talk to me")) {
      return host;
    }
  }
  // qmail's sentences; it names hosts by their addresses.
  const auto address = [](std::string_view host) {
    return host.find_first_of(".:") == host.npos ? std::string_view() : host;
  };
  constexpr std::string_view kBlanks = " \t\r\n";
  for (const StagePhrase& sentence : kBehindHost) {
    const std::size_t end = FindIgnoringCase(text, sentence.words);
    if (end >= text.size()) continue;
    const std::size_t blank = text.substr(0, end).find_last_of(kBlanks);
    const std::size_t begin = blank == text.npos ? 0 : blank + 1;
    return address(text.substr(begin, end - begin));
  }
  constexpr std::string_view kConnected = "connected to ";
  const std::size_t at = FindIgnoringCase(text, kConnected);
  if (at >= text.size()) return {};
  const std::string_view host = text.substr(at + kConnected.size());
  const std::size_t end = host.find_first_of(kBlanks);
  return host.substr(std::min(end, host.size())).starts_with(" but ") ? address(host.substr(0, end))
                                                                      : std::string_view();
}

}  // namespace bounced

#include "parser/prose/words.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_set.h"

#include "parser/dsn/explanation.h"
#include "parser/dsn/smtp_reply.h"
#include "parser/mime/lines.h"
#include "parser/prose/front.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::string_view kLitter = " \t\r\n>\"')]:;,.";  // between an address and its words

class WordsFinder {
 public:
  WordsFinder(const WordsQuestion& question, std::vector<ProseRecipient>& chosen)
      : question_(question), text_(question.text), chosen_(chosen) {}

  void Find() {
    const std::vector<Piece> pieces = Part();
    std::vector<std::string_view> announced(chosen_.size());
    if (StandsAbove(pieces)) {
      TakeFromAbove(pieces);
    } else {
      announced = TakeFromBelow(pieces);
    }
    if (chosen_.size() == 1) WidenWords(pieces.empty() ? 0 : pieces[0].mention->line);
    if (chosen_.size() > 1) TellApart(announced);
  }

 private:
  // The text from one chosen address to the next.
  struct Piece {
    const Mention* mention;
    std::size_t owner;
    std::size_t begin;          // of `in_front`
    std::string_view in_front;  // from the address before, or the text's beginning, to the label
    std::size_t end;            // where the line of the next address begins
  };

  // The mentions of those who were chosen part the text.
  std::vector<Piece> Part() const {
    std::vector<Piece> pieces;
    for (const Mention& mention : question_.mentions) {
      const auto found = question_.places.find(mention.key);
      if (found == question_.places.end()) continue;
      if (question_.by_heading && mention.is_field) continue;
      if (!pieces.empty() && found->second == pieces.back().owner) continue;
      std::size_t begin = 0;
      if (!pieces.empty()) {
        const Mention& last = *pieces.back().mention;
        const std::size_t sentence = SentenceBetween(last.end, mention.begin);
        pieces.back().end = std::max(sentence, mention.line);
        begin = std::max(sentence, last.end);
      }
      const std::size_t label = std::max(mention.label, begin);
      pieces.push_back(
          {&mention, found->second, begin, text_.substr(begin, label - begin), text_.size()});
    }
    return pieces;
  }

  // Where the last sentence begins between two addresses of one line: "r@example.net is full; the
  // user s@example.net does not exist". 0: none does.
  std::size_t SentenceBetween(std::size_t begin, std::size_t end) const {
    const std::string_view between = text_.substr(begin, end - begin);
    if (between.find_first_of("\r\n") != between.npos) return 0;
    const std::size_t mark = std::max(between.rfind("; ") + 1, between.rfind(". ") + 1);
    return mark == 0 ? 0 : begin + mark;  // npos + 1 is 0
  }

  void TakeFromAbove(const std::vector<Piece>& pieces) {
    const bool in_line = std::all_of(pieces.begin(), pieces.end(), [](const Piece& piece) {
      return HasWords(FrontOfLine(piece));
    });
    std::string_view reason;  // which all share that stand below it
    for (const Piece& piece : pieces) {
      if (HasWords(piece.in_front)) {
        reason = in_line ? FrontOfLine(piece) : LastParagraph(piece.in_front);
      }
      // All of them together are told no more than a text may hold.
      Offer(piece.owner, reason.substr(0, kMaxProseOctets / chosen_.size()));
    }
  }

  // What announces each of `chosen_`: "The following recipients failed:".
  std::vector<std::string_view> TakeFromBelow(const std::vector<Piece>& pieces) {
    std::vector<std::string_view> announced(chosen_.size());
    std::string_view at_hand;
    for (const Piece& piece : pieces) {
      Offer(piece.owner, WordsBelow(piece));
      if (HasWords(piece.in_front)) at_hand = Announcement(piece);
      if (announced[piece.owner].empty()) announced[piece.owner] = at_hand;
    }
    return announced;
  }

  // What stands in front of the address, or its label, in its line.
  static std::string_view FrontOfLine(const Piece& piece) {
    return piece.in_front.substr(LineBegin(piece.in_front, piece.in_front.size()));
  }

  std::string_view WordsBelow(const Piece& piece) const {
    const Mention& mention = *piece.mention;
    std::size_t begin = mention.end;
    // Of a sentence also what stands in front of the address: "Mailbox of r@example.net is full".
    if (!mention.heads) begin = piece.begin + piece.in_front.size() - FrontOfLine(piece).size();
    // The code may stand there: "550 5.1.1 <r@example.net>... User unknown".
    if (BeginsWithReplyCode(text_.substr(mention.line))) begin = mention.line;
    const std::string_view words = text_.substr(begin, piece.end > begin ? piece.end - begin : 0);
    return mention.heads ? OwnWords(mention, words) : words;
  }

  // The paragraph in front of an address, unless it is about the address before.
  static std::string_view Announcement(const Piece& piece) {
    const std::string_view words = LastParagraph(piece.in_front);
    const bool is_first = piece.begin == 0;
    return is_first || words.data() > piece.in_front.data() + LineEnd(piece.in_front, 0)
               ? words
               : std::string_view();
  }

  // "Mailbox full:" and in the lines below it who, "Reason: mailbox full" and then "Recipient:
  // r@example.net", "Delivered: r@example.net". Then nothing is said of the last one behind it, but
  // of each, or of the first of some, right in front of it.
  bool StandsAbove(const std::vector<Piece>& pieces) const {
    if (pieces.size() < 2 || !HasWords(pieces[0].in_front)) return false;
    const Mention& last = *pieces.back().mention;
    const std::string_view behind = text_.substr(last.end);
    const bool has_words_behind = HasWords(behind);
    if (has_words_behind && (!IsParted(behind) || SaysWhy(WordsBelow(pieces.back())))) {
      return false;
    }
    std::size_t reasons = 0;
    bool parted = true;
    for (const Piece& piece : pieces) {
      if (!HasWords(piece.in_front)) continue;
      if (!Announces(piece.in_front)) return false;
      const bool is_parted = IsInOneLine(piece.in_front) || IsParted(piece.in_front);
      parted = parted && (reasons == 0 || is_parted);
      ++reasons;
    }
    if (reasons < 2 || (has_words_behind && !parted)) return false;
    return (parted && !has_words_behind) || SaysWhy(LastParagraph(pieces[0].in_front));
  }

  bool SaysWhy(std::string_view words) const {
    return HasWords(words) && (FindReplyCode(words, ReplyContext::kLines).has_value() ||
                               (question_.says_why && question_.says_why(words)));
  }

  // Whether `text`, which begins behind an address, leaves a line without words below it.
  static bool IsParted(std::string_view text) {
    Lines lines(text);
    const std::optional<Line> rest = lines.Next();
    if (!rest || HasWords(rest->text)) return false;
    const std::optional<Line> next = lines.Next();
    return !next || !HasWords(next->text);
  }

  // Whether the only words of `text` stand in the line in which it ends.
  static bool IsInOneLine(std::string_view text) {
    const std::size_t begin = LineBegin(text, text.size());
    return HasWords(text.substr(begin)) && !HasWords(text.substr(0, begin));
  }

  // Whether `text` ends in words, with no blank line behind them unless they end in a colon.
  static bool Announces(std::string_view text) {
    const std::string_view words = StripBlanks(text);
    if (words.ends_with(':') || words.ends_with("：")) return true;
    Lines lines(text, static_cast<std::size_t>(words.data() + words.size() - text.data()));
    lines.Next();
    const std::optional<Line> next = lines.Next();
    const bool is_blank = next && next->end > next->begin + next->text.size();
    return !is_blank && HasWords(words.substr(LineBegin(words, words.size())));
  }

  // One report may list who got it, and who may still get it, beside who failed. Of a mere list all
  // of the text speaks; else, of those of whom nothing is said, the paragraph that announces them.
  void TellApart(const std::vector<std::string_view>& announced) {
    const auto says_nothing = [](const ProseRecipient& recipient) {
      return recipient.words.empty();
    };
    // All of them together are told no more than a text may hold.
    const std::size_t most = kMaxProseOctets / chosen_.size();
    const bool is_mere_list =
        coded_.empty() && std::all_of(chosen_.begin(), chosen_.end() - 1, says_nothing);
    if (is_mere_list) chosen_.back().words = {};
    std::size_t kept = 0;
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
      ProseRecipient& recipient = chosen_[i];
      const bool is_announced = recipient.words.empty();
      if (is_announced) {
        recipient.words = (is_mere_list ? StripBlanks(text_) : announced[i]).substr(0, most);
      }
      if (HasGotIt(recipient.words, is_announced && !is_mere_list)) continue;
      if (kept < i) chosen_[kept] = recipient;
      ++kept;
    }
    chosen_.resize(kept);
    for (ProseRecipient& recipient : chosen_) {
      const int code = FindSmtpReply(recipient.words, ReplyContext::kLines).code.value_or(0);
      recipient.delays = code / 100 != 5 && SaysWithin(ProseRole::kDelay, recipient.words) &&
                         !SaysWithin(ProseRole::kFinal, recipient.words);
    }
  }

  bool HasGotIt(std::string_view words, bool announced) const {
    constexpr std::string_view kWords[] = {"delivered", "relayed", "successful"};
    const int code = FindSmtpReply(words, ReplyContext::kLines).code.value_or(0);
    if (code / 100 == 2 || (announced && SaysWithin(ProseRole::kSuccess, words))) return true;
    return std::any_of(std::begin(kWords), std::end(kWords),
                       [=](std::string_view word) { return StartsWithIgnoringCase(words, word); });
  }

  bool SaysWithin(ProseRole role, std::string_view piece) const {
    if (piece.empty()) return false;
    const auto begin = static_cast<std::size_t>(piece.data() - text_.data());
    const std::size_t end = begin + piece.size();
    const std::vector<ProsePhrases::Hit>& hits = question_.hits;  // in the order of their ends
    auto hit =
        std::partition_point(hits.begin(), hits.end(),
                             [begin](const ProsePhrases::Hit& each) { return each.end <= begin; });
    for (; hit != hits.end() && hit->end <= end; ++hit) {
      if (hit->role == role && hit->begin >= begin) return true;
    }
    return false;
  }

  // Of a single recipient all of the text speaks: also what stands in front of the address.
  // `first_line` is where the line of its first address begins.
  void WidenWords(std::size_t first_line) {
    std::string_view& words = chosen_[0].words;
    constexpr std::string_view kRemote = "<<< ";  // begins the remote host's lines
    const std::size_t remote = FindLine(text_, kRemote);
    const bool lacks_remote = remote != text_.npos && FindLine(words, kRemote) == words.npos;
    if (!lacks_remote && coded_.contains(0)) return;
    const SmtpReply reply = FindSmtpReply(text_, ReplyContext::kLines);
    if (lacks_remote) {
      words = LinesThatBegin(text_.substr(remote), kRemote);
    } else if (reply.code) {
      const auto code = static_cast<std::size_t>(reply.code_text.data() - text_.data());
      const std::size_t begin = LineBegin(text_, code);
      words = FirstParagraph(text_.substr(begin));
    } else if (!HasWords(words) || NamesRole(words) || (!question_.by_heading && !NamesOthers())) {
      words = StripBlanks(text_);
    } else if (const std::string_view front = text_.substr(0, first_line);
               !NamesOthers() && !SaysWhy(words) && SaysWhy(front)) {
      words = StripBlanks(front);
    }
  }

  // Others of whom it says something, too.
  bool NamesOthers() const {
    return std::any_of(question_.mentions.begin(), question_.mentions.end(),
                       [&](const Mention& mention) {
                         return mention.strength > Strength::kNone && !mention.is_role &&
                                !question_.places.contains(mention.key);
                       });
  }

  // "Please reply to postmaster@example.com": such words are about no recipient.
  bool NamesRole(std::string_view words) const {
    const auto begin = static_cast<std::size_t>(words.data() - text_.data());
    return std::any_of(question_.mentions.begin(), question_.mentions.end(),
                       [=](const Mention& mention) {
                         return mention.is_role && mention.strength == Strength::kNone &&
                                mention.begin >= begin && mention.end <= begin + words.size();
                       });
  }

  // The first line that begins with `mark`, and npos if there is none.
  static std::size_t FindLine(std::string_view text, std::string_view mark) {
    Lines lines(text);
    while (const std::optional<Line> line = lines.Next()) {
      const std::size_t indent = IndentOf(line->text);
      if (line->text.substr(indent).starts_with(mark)) return line->begin + indent;
    }
    return text.npos;
  }

  // The first lines of `text`, as long as they begin with `mark`.
  static std::string_view LinesThatBegin(std::string_view text, std::string_view mark) {
    Lines lines(text);
    std::size_t end = 0;
    while (const std::optional<Line> line = lines.Next()) {
      if (!line->text.starts_with(mark)) break;
      end = line->end;
    }
    return StripBlanks(text.substr(0, end));
  }

  // What is indented deeper than the heading belongs to it, and nothing else then. What goes on
  // behind a blank line is no longer about it, unless its code stands there.
  std::string_view OwnWords(const Mention& heading, std::string_view piece) const {
    const std::string_view line = text_.substr(heading.line, heading.line_end - heading.line);
    piece = UpToRule(Deeper(piece, IndentOf(line)));
    const std::size_t litter = std::min(piece.find_first_not_of(kLitter), piece.size());
    std::string_view first = FirstParagraph(piece.substr(litter));
    // "because:", and then why.
    if (first.ends_with(':') && first.find_first_of("\r\n") == first.npos) {
      const auto end = static_cast<std::size_t>(first.data() + first.size() - piece.data());
      const std::size_t next = piece.find_first_not_of(" \t\r\n", end);
      if (next != piece.npos) first = FirstParagraph(piece.substr(next));
    }
    return HasWords(first) && (HasRefusalCode(first) || !HasRefusalCode(piece)) ? first : piece;
  }

  // Without what follows words behind a line like Sendmail's "----- Transcript of session follows".
  static std::string_view UpToRule(std::string_view piece) {
    constexpr std::string_view kRule = "-----";
    Lines lines(piece);
    bool has_words = false;
    while (const std::optional<Line> line = lines.Next()) {
      const bool is_rule = StripBlanks(line->text).starts_with(kRule);
      if (is_rule && has_words) return piece.substr(0, line->begin);
      has_words = has_words || HasWords(line->text);
    }
    return piece;
  }

  // The first line of `piece` and those behind it that are indented deeper than by `indent`; all,
  // if the second is not.
  static std::string_view Deeper(std::string_view piece, std::size_t indent) {
    Lines lines(piece);
    std::size_t end = lines.Next() ? lines.at() : 0;
    const std::size_t begin = end;
    while (const std::optional<Line> line = lines.Next()) {
      const std::size_t depth = line->text.find_first_not_of(" \t\r\n");
      if (depth != line->text.npos && depth <= indent) break;
      end = line->end;
    }
    return StripBlanks(piece.substr(begin, end - begin)).empty() ? piece : piece.substr(0, end);
  }

  // The lines up to a blank one; "because:" announces the paragraph behind it.
  static std::string_view FirstParagraph(std::string_view text) {
    Lines lines(text);
    std::size_t end = 0;
    bool announces = false;
    while (const std::optional<Line> line = lines.Next()) {
      const std::string_view words = StripBlanks(line->text);
      if (words.empty() && !announces) break;
      if (words.empty()) continue;
      announces = words.ends_with(':');
      end = line->end;
    }
    return StripBlanks(text.substr(0, end));
  }

  // What stands behind the last line that is blank or of dashes alone.
  static std::string_view LastParagraph(std::string_view text) {
    text = StripBlanks(text);
    Lines lines(text);
    std::size_t begin = 0;
    while (const std::optional<Line> line = lines.Next()) {
      if (!HasWords(line->text) && line->end < text.size()) begin = line->end;
    }
    return StripBlanks(text.substr(begin));
  }

  // The first piece with a code is kept, else the first with words.
  void Offer(std::size_t owner, std::string_view piece) {
    ProseRecipient& recipient = chosen_[owner];
    piece.remove_prefix(std::min(piece.find_first_not_of(kLitter), piece.size()));
    const std::string_view origin = OriginIn(piece);
    if (!origin.empty()) {
      // Nothing else in the brackets is about this one: "(expanded from <list@x>): unknown user".
      const std::size_t close = std::min(piece.find(')') + 1, piece.size());
      recipient.origin = origin;
      piece = piece.substr(std::min(piece.find_first_not_of(kLitter, close), piece.size()));
    }
    piece = StripBlanks(piece);
    if (!HasWords(piece)) return;
    const bool has_code = FindReplyCode(piece, ReplyContext::kLines).has_value();
    if (!recipient.words.empty() && (!has_code || coded_.contains(owner))) return;
    if (has_code) coded_.insert(owner);
    recipient.words = piece;
  }

  static bool HasWords(std::string_view piece) {
    return std::any_of(piece.begin(), piece.end(),
                       [](char c) { return IsLetter(c) || static_cast<unsigned char>(c) >= 0x80; });
  }

  const WordsQuestion& question_;
  const std::string_view text_;
  std::vector<ProseRecipient>& chosen_;
  absl::flat_hash_set<std::size_t> coded_;
};

}  // namespace

bool HasRefusalCode(std::string_view text) {
  const int code = FindReplyCode(text, ReplyContext::kLines).value_or(0);
  return code == 421 || code / 10 == 45 || (code >= 510 && code < 560);
}

void FindWords(const WordsQuestion& question, std::vector<ProseRecipient>& recipients) {
  WordsFinder(question, recipients).Find();
}

}  // namespace bounced

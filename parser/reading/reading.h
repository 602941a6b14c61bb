// One message while it is being read: its parts, what was found in it so far, and what all ways of
// reading it need.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/mime/body.h"
#include "parser/mime/message_header.h"
#include "parser/mime/walk.h"
#include "parser/parser.h"
#include "parser/prose/phrases.h"
#include "parser/remarks.h"
#include "parser/report.h"
#include "parser/rules.h"
#include "parser/trail.h"
#include "parser/work.h"

namespace bounced {

bool IsMailbox(std::string_view name);

// The ways of reading (status.h, prose.h, notice.h) fill report(). Keeps views of the message.
class Reading {
 public:
  // `window` is what is read of `message`, in whose octets spans count: all of it, or a message
  // inside.
  // What is done is counted in `work`, and what is too much for it is left unread.
  // `trail`, unless null, is told each step, and then each recipient's candidates are listed.
  Reading(std::string_view message, std::string_view window, const RuleSet& rules,
          const ParserLimits& limits, Work& work, Trail* trail);
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  const RuleSet& rules() const { return rules_; }
  const ParserLimits& limits() const { return limits_; }
  const std::vector<Part>& parts() const { return parts_; }
  const MessageHeader& header() const { return header_; }
  Remarks& remarks() { return remarks_; }
  Work& work() const { return work_; }
  Trail* trail() const { return trail_; }
  void Tell(std::string_view step, Span where = {}) const { bounced::Tell(trail_, step, where); }
  // Of the message's own header its Message-ID, Subject and X-Failed-Recipients are there already.
  Report& report() { return report_; }
  const Report& report() const { return report_; }
  // Decoded; empty: there is none.
  std::string_view subject() const;

  const ProseText& MarkedSubject();
  Author author() const { return author_; }
  // As if there were no Return-Path.
  Author author_without_path() const { return author_without_path_; }

  // A vacation notice has the null path, too: by its From it is a person's. A postmaster who
  // answers himself has none.
  bool AnswersForAPerson() const;

  // Whose addresses cannot be the failed one.
  struct Parties {
    std::string from;
    std::string to;
  };
  Parties FindParties() const;

  // --- Contents

  Span SpanOf(std::string_view piece) const;
  std::size_t OffsetOf(const Part& part) const;
  // Counts what is decoded against one bound for the whole message.
  Body Decode(const Part& part);
  // How many octets may still be decoded.
  std::size_t& budget() { return budget_; }
  // In one line, encoded words undone; `value` stands in `body`, or as it is in the message. It is
  // remarked where there was more of it than ParserLimits::max_diagnostic.
  Found<std::string> Shown(std::string_view value, const Body* body = nullptr);
  Found<std::string> AddressIn(const Body& body, std::string_view value) const;
  // One that words for people name.
  Found<std::string> AddressInWords(const Body& body, std::string_view value) const;
  static FoundDate Dated(Found<std::string> date);

  // The first text that is not blank, and its HTML form, which stands behind it (RFC 2046, 5.1.4);
  // or the first HTML. Other texts may be what came back.
  std::vector<const Part*> FindTextParts() const;
  // Those, in UTF-8, of HTML what a reader sees; at most kMaxProseOctets of each.
  const std::list<Body>& Texts();

  // --- The message that came back

  // Reads the header in `text`, which stands in `body`, into report().returned. Whether there was
  // one. `body` must live until ReturnedTo() was asked.
  bool ReadReturned(const Body& body, std::string_view text);
  // The same of the first message, or header of one, that a part is said to be. False: there is
  // none.
  bool ReadReturnedPart();
  // The only address that it was written to, unless that is a mailing list's.
  std::optional<Found<std::string>> ReturnedTo() const;
  // Whom it was for: whom its last host says it delivered to, or the only address in To.
  std::optional<Found<std::string>> ReceiverOfReturned() const;

 private:
  void TellParts() const;
  void ReadOwnHeader();
  void ReadFailedRecipients(std::string_view field);
  Body TextOf(const Part& part);

  const std::string_view message_;
  const RuleSet& rules_;
  const ParserLimits& limits_;
  Work& work_;
  Trail* const trail_;
  Remarks remarks_;
  std::size_t budget_;
  const std::vector<Part> parts_;
  const MessageHeader header_;
  const Author author_without_path_;
  const Author author_;
  std::optional<ProseText> marked_subject_;
  std::optional<std::list<Body>> texts_;
  Body returned_;
  MessageHeader returned_header_;  // has views of the body that it was read in
  Report report_;
};

}  // namespace bounced

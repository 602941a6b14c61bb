/* What became of the mail that a bounce is about: bounced's parser for programs in C.
 *
 *   bounced_parser *parser = bounced_parser_new();
 *   bounced_report *report = bounced_parser_parse(parser, message, length);
 *   for (size_t i = 0; i < bounced_report_recipient_count(report); ++i) {
 *     const bounced_recipient *recipient = bounced_report_recipient(report, i);
 *     puts(bounced_recipient_reason(recipient));
 *   }
 *   bounced_report_free(report);
 *   bounced_parser_free(parser);
 *
 * Ownership: what a function called _new... or _parse... returns is the caller's, who frees it with
 * the function named there; freeing NULL does nothing. Whatever else is returned, strings too,
 * belongs to what it was asked of, and lives as long as the parser or report that the caller has to
 * free. Reports outlive their parser.
 *
 * Strings end with a NUL and are UTF-8 that is safe to show: a control or bidirectional character
 * of the message comes as \x{HEX}, an ill-formed octet as U+FFFD. None is ever NULL; what is not
 * known is "". Words such as kinds and reasons have stable names; more may be added, so expect some
 * that you do not know. bounced/parser/taxonomy.h has them all.
 *
 * Threads: all that takes a `const` pointer may be called by any number of threads at the same
 * time.
 *
 * Errors: no message is refused, and nothing is thrown; only an operator's rules can be wrong. When
 * memory runs out the program is aborted. No pointer may be NULL but where it says so.
 *
 * Whom to believe: anybody can write a report, and forge all that stands in one. Reading does not
 * ask who sent it; the program that asks has to decide on whose word it stops mailing an address
 * (README, "Whom to believe").
 *
 * Compatibility: functions are added and never changed or taken away. A struct that may grow begins
 * with its size. */
#ifndef BOUNCED_PARSER_H_
#define BOUNCED_PARSER_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define BOUNCED_API __attribute__((visibility("default")))
#else
#define BOUNCED_API
#endif
#ifdef __cplusplus
#define BOUNCED_NOEXCEPT noexcept
extern "C" {
#else
#define BOUNCED_NOEXCEPT
#endif

/* Rules, compiled. Making one takes milliseconds, so make one for all messages. */
typedef struct bounced_parser bounced_parser;
/* What one message says. */
typedef struct bounced_report bounced_report;
/* What it says of one recipient; a report's own. */
typedef struct bounced_recipient bounced_recipient;
/* Something odd about a message, or a step of the way by which it was read; a report's own. */
typedef struct bounced_note bounced_note;
/* A field of a delivery status that has no function here; a report's own. */
typedef struct bounced_field bounced_field;
/* A code that a report quotes of a recipient beside the ones that classify; a report's own. */
typedef struct bounced_code bounced_code;
/* A rule that might have decided and did not; a report's own. */
typedef struct bounced_candidate bounced_candidate;

/* Of the library that runs, which may be newer than this header: "1.2.3". Lives for ever. */
BOUNCED_API const char* bounced_version(void) BOUNCED_NOEXCEPT;

/* --- Parsers */

/* A file of an operator's rules, in the format of the README, "Rules". */
typedef struct bounced_rule_file {
  const char* name;    /* for errors */
  const char* content; /* TOML */
} bounced_rule_file;

/* With the built-in rules alone. Free it with bounced_parser_free(). */
BOUNCED_API bounced_parser* bounced_parser_new(void) BOUNCED_NOEXCEPT;

/* With the built-in rules and those of `count` further files, as the daemon reads those that its
 * configuration names (it opens no file: `content` is what stands in one). The parser does not need
 * `files` afterwards.
 * NULL when one of them is wrong; then `*error`, unless `error` is NULL, has a line for each
 * problem ("FILE:LINE: rule "ID": what is wrong"), for the caller to free with
 * bounced_string_free(). In any other case `*error` becomes NULL. */
BOUNCED_API bounced_parser* bounced_parser_new_with_rules(const bounced_rule_file* files,
                                                          size_t count,
                                                          char** error) BOUNCED_NOEXCEPT;

/* Whether the reports of this parser tell how they came about: bounced_report_step() and
 * bounced_recipient_candidate(). That takes longer and changes no answer. Not at first. No other
 * thread may use the parser meanwhile. */
BOUNCED_API void bounced_parser_set_explaining(bounced_parser* parser,
                                               int explaining) BOUNCED_NOEXCEPT;

/* Reports stay valid. */
BOUNCED_API void bounced_parser_free(bounced_parser* parser) BOUNCED_NOEXCEPT;
BOUNCED_API void bounced_string_free(char* string) BOUNCED_NOEXCEPT;

/* --- Reading */

/* Reads a message of `length` octets, headers and all, with LF or CRLF line ends; NULL will do for
 * an empty one. Takes linear time, whatever the message. At most 4 GiB of it are looked at, 1,000
 * MIME parts, 20 of them inside each other, and 10,000 recipients; what lies beyond is left unread,
 * and bounced_report_remark() tells. The report keeps nothing of `message`. Free it with
 * bounced_report_free(). */
BOUNCED_API bounced_report* bounced_parser_parse(const bounced_parser* parser, const char* message,
                                                 size_t length) BOUNCED_NOEXCEPT;

/* What a server said when it refused a recipient, as a mail server of one's own has it in its log.
 * Set it to zeros, then `size`, and what is known; strings need not outlive the call.
 *
 *   bounced_diagnostic diagnostic = {sizeof diagnostic};
 *   diagnostic.text = "550 5.1.1 no such user";
 *   diagnostic.text_length = strlen(diagnostic.text);
 */
typedef struct bounced_diagnostic {
  size_t size; /* sizeof(bounced_diagnostic); a member beyond it is not known */
  /* The reply, codes and all, of several lines or in one; or a Diagnostic-Code (RFC 3464, 2.3.6).
   * A host in front of it that is said to have spoken ("host mx.example[192.0.2.1] said: 550 ...")
   * is the remote server. NULL: none. */
  const char* text;
  size_t text_length;
  /* "5.1.1"; what is no status is left unread. Loses to one in `text` where it says less. NULL: not
   * known. */
  const char* enhanced_status;
  /* 200 to 599, in place of any in `text`; others are left unread. 0: not known. */
  int reply_code;
  /* The remote server's name, in place of any in `text`. Rules about one provider fire for its
   * servers. NULL: not known. */
  const char* remote_mta;
  /* At which step it was said, in place of any in `text`: "connect", "helo", "mail", "rcpt",
   * "data", "queue". NULL, or another word: not known. */
  const char* stage;
} bounced_diagnostic;

/* Reads it as if mail to a recipient of whom nothing else is known had failed: the report, which is
 * of the form "diagnostic", has this one. Takes linear time. Free it with bounced_report_free(). */
BOUNCED_API bounced_report* bounced_parser_parse_diagnostic(
    const bounced_parser* parser, const bounced_diagnostic* diagnostic) BOUNCED_NOEXCEPT;

BOUNCED_API void bounced_report_free(bounced_report* report) BOUNCED_NOEXCEPT;

/* --- Reports */

/* The gravest of what the recipients were told: "bounce", "delay", "delivery", "complaint",
 * "unsubscribe", "auto_reply", or "other", which is no report or says nothing of deliveries. */
BOUNCED_API const char* bounced_report_kind(const bounced_report* report) BOUNCED_NOEXCEPT;
/* How it was read: "rfc3464", "status-fields", "ses-event", "prose", "rfc5965", "rfc8098", "reply",
 * "diagnostic", or "none". */
BOUNCED_API const char* bounced_report_form(const bounced_report* report) BOUNCED_NOEXCEPT;
/* The program or provider that wrote it, by what only that writes: "postfix", "yahoo". "" unless
 * the parser was told bounced_parser_set_explaining(). */
BOUNCED_API const char* bounced_report_reporter(const bounced_report* report) BOUNCED_NOEXCEPT;
/* The host that reports (RFC 3464, 2.2.2), the envelope id of the mail that failed (2.2.1), and
 * when it had come there (2.2.5). */
BOUNCED_API const char* bounced_report_reporting_mta(const bounced_report* report) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_original_envelope_id(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_arrival_date(const bounced_report* report) BOUNCED_NOEXCEPT;
/* Header fields of the report itself. */
BOUNCED_API const char* bounced_report_date(const bounced_report* report) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_message_id(const bounced_report* report) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_subject(const bounced_report* report) BOUNCED_NOEXCEPT;
/* The hosts that the reporting one had the mail from, and for which it translates the report (RFC
 * 3464, 2.2.3 and 2.2.4). */
BOUNCED_API const char* bounced_report_received_from_mta(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_dsn_gateway(const bounced_report* report) BOUNCED_NOEXCEPT;
/* The IP addresses beside the names of these hosts and of the one that reports. */
BOUNCED_API const char* bounced_report_reporting_mta_address(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_received_from_mta_address(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_dsn_gateway_address(const bounced_report* report)
    BOUNCED_NOEXCEPT;

/* Header fields of the mail that came back, as far as it was returned; the last but one is whom its
 * last host says that it delivered to (Delivered-To and its kin). Anybody can forge them. */
BOUNCED_API const char* bounced_report_returned_message_id(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_returned_return_path(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_returned_to(const bounced_report* report) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_returned_subject(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_returned_date(const bounced_report* report) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_returned_delivered_to(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_returned_list_id(const bounced_report* report)
    BOUNCED_NOEXCEPT;

/* Whether the date of the same name is one, in whatever form: 1 or 0. If so, `*seconds` becomes
 * its instant, in seconds since the first of January 1970, 00:00 UTC, without leap seconds; a date
 * without a known zone counts as UTC. Anybody can write any date. */
BOUNCED_API int bounced_report_arrival_date_utc(const bounced_report* report,
                                                int64_t* seconds) BOUNCED_NOEXCEPT;
BOUNCED_API int bounced_report_date_utc(const bounced_report* report,
                                        int64_t* seconds) BOUNCED_NOEXCEPT;
BOUNCED_API int bounced_report_returned_date_utc(const bounced_report* report,
                                                 int64_t* seconds) BOUNCED_NOEXCEPT;

/* What a feedback report says of the mail that somebody complained of (RFC 5965, 3): its type, as
 * "abuse", the program that made it, the mail's return path and the host that it came from, whom
 * the reporter holds responsible, and how many complaints it stands for. */
BOUNCED_API const char* bounced_report_feedback_type(const bounced_report* report) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_feedback_user_agent(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_feedback_original_mail_from(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_feedback_source_ip(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_feedback_reported_domain(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_feedback_incidents(const bounced_report* report)
    BOUNCED_NOEXCEPT;

/* In the order of the message. NULL: there are not so many. */
BOUNCED_API size_t bounced_report_recipient_count(const bounced_report* report) BOUNCED_NOEXCEPT;
BOUNCED_API const bounced_recipient* bounced_report_recipient(const bounced_report* report,
                                                              size_t index) BOUNCED_NOEXCEPT;

/* Addresses that the message names as failed outside of the recipients' fields
 * (X-Failed-Recipients). "": there are not so many. */
BOUNCED_API size_t bounced_report_failed_recipient_count(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_failed_recipient(const bounced_report* report,
                                                        size_t index) BOUNCED_NOEXCEPT;

/* The other fields of a delivery status in front of its recipients', at most 8. NULL: there are not
 * so many. */
BOUNCED_API size_t bounced_report_field_count(const bounced_report* report) BOUNCED_NOEXCEPT;
BOUNCED_API const bounced_field* bounced_report_field(const bounced_report* report,
                                                      size_t index) BOUNCED_NOEXCEPT;

/* What was odd about the message, at most 100, for people; one that begins with "bound:" tells that
 * something was left unread. NULL: there are not so many. */
BOUNCED_API size_t bounced_report_remark_count(const bounced_report* report) BOUNCED_NOEXCEPT;
BOUNCED_API const bounced_note* bounced_report_remark(const bounced_report* report,
                                                      size_t index) BOUNCED_NOEXCEPT;

/* The way by which it was read, for people, in the order in which it was gone; none unless the
 * parser was told bounced_parser_set_explaining(). NULL: there are not so many. */
BOUNCED_API size_t bounced_report_step_count(const bounced_report* report) BOUNCED_NOEXCEPT;
BOUNCED_API const bounced_note* bounced_report_step(const bounced_report* report,
                                                    size_t index) BOUNCED_NOEXCEPT;

BOUNCED_API const char* bounced_note_text(const bounced_note* note) BOUNCED_NOEXCEPT;
/* Where in the message, in octets; of length 0: nowhere in particular. */
BOUNCED_API size_t bounced_note_offset(const bounced_note* note) BOUNCED_NOEXCEPT;
BOUNCED_API size_t bounced_note_length(const bounced_note* note) BOUNCED_NOEXCEPT;

/* "X-Postfix-Queue-ID", and what stands in it, in one line. */
BOUNCED_API const char* bounced_field_name(const bounced_field* field) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_field_value(const bounced_field* field) BOUNCED_NOEXCEPT;
/* As bounced_report_date_utc(), of Last-Attempt-Date and Will-Retry-Until (RFC 3464, 2.3.7 and
 * 2.3.9); other fields are no dates. */
BOUNCED_API int bounced_field_value_utc(const bounced_field* field,
                                        int64_t* seconds) BOUNCED_NOEXCEPT;

/* --- Recipients */

/* The address that mail was sent to, which is the one in the sender's list: the original recipient
 * where it is an address, else the final one. */
BOUNCED_API const char* bounced_recipient_address(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* Both, in the spelling of the report (RFC 3464, 2.3.1 and 2.3.2). Not every one is valid. */
BOUNCED_API const char* bounced_recipient_final_recipient(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_recipient_original_recipient(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* How the final recipient is known: "reported" (a proper field says it), "derived" (found elsewhere
 * in the same message), "guessed" (taken from free text). */
BOUNCED_API const char* bounced_recipient_final_recipient_provenance(
    const bounced_recipient* recipient) BOUNCED_NOEXCEPT;
/* As bounced_report_kind(), of this recipient. */
BOUNCED_API const char* bounced_recipient_kind(const bounced_recipient* recipient) BOUNCED_NOEXCEPT;
/* What it means for the address: "hard", "soft", "block" (the sender's problem: never a cause to
 * stop mailing), or "none" (no failure). */
BOUNCED_API const char* bounced_recipient_class(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* The finest word: "no_such_user", "mailbox_full". */
BOUNCED_API const char* bounced_recipient_reason(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* Whose it is: "recipient", "domain", "receiver", "network", "sender", "content", "none",
 * "unknown". */
BOUNCED_API const char* bounced_recipient_fault(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* What the codes say of trying again: "permanent", "transient", "unknown". */
BOUNCED_API const char* bounced_recipient_persistence(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* At which step the remote server refused: "connect", "helo", "mail", "rcpt", "data", "queue" (the
 * report's own host gave up or refused later), "unknown". */
BOUNCED_API const char* bounced_recipient_stage(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* Whether a soft one counts towards the soft threshold of the daemon: 1 or 0. */
BOUNCED_API int bounced_recipient_counts(const bounced_recipient* recipient) BOUNCED_NOEXCEPT;
/* In class and reason: 0 to 100. */
BOUNCED_API int bounced_recipient_confidence(const bounced_recipient* recipient) BOUNCED_NOEXCEPT;
/* The id of the rule that decided, and the text that it found; "" when a code alone decided. */
BOUNCED_API const char* bounced_recipient_rule(const bounced_recipient* recipient) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_recipient_matched_text(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* Whether a text, not a code alone, carried the decision: 1 or 0. */
BOUNCED_API int bounced_recipient_text_bears_out(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* RFC 3463: "5.1.1", the one that classifies; and that of the Status field, if it is another. */
BOUNCED_API const char* bounced_recipient_enhanced_status(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_recipient_stated_status(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* SMTP's: 200 to 599; 0: not known. */
BOUNCED_API int bounced_recipient_reply_code(const bounced_recipient* recipient) BOUNCED_NOEXCEPT;
/* Other codes that its texts quote, of a host on the way or of another try, in their order and at
 * most 4 of a text. NULL: there are not so many. */
BOUNCED_API size_t bounced_recipient_further_code_count(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
BOUNCED_API const bounced_code* bounced_recipient_further_code(const bounced_recipient* recipient,
                                                               size_t index) BOUNCED_NOEXCEPT;
/* As of a recipient; one of them may not be known. */
BOUNCED_API int bounced_code_reply_code(const bounced_code* code) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_code_enhanced_status(const bounced_code* code) BOUNCED_NOEXCEPT;
/* The Action field's word (RFC 3464, 2.3.3), in lower case: "failed". */
BOUNCED_API const char* bounced_recipient_action(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* The remote server's text without its codes, at most 4,096 octets, and the type that the report
 * gives it: "smtp", "x-unix". */
BOUNCED_API const char* bounced_recipient_diagnostic(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_recipient_diagnostic_type(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* Whether it was longer than that: 1 or 0; and its language, where the report says it: "de". */
BOUNCED_API int bounced_recipient_diagnostic_cut(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_recipient_diagnostic_language(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* The remote server's name, and its IP address. */
BOUNCED_API const char* bounced_recipient_remote_mta(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_recipient_remote_address(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;

/* The recipient's other fields, and the Diagnostic-Codes that were less exact; at most 11. NULL:
 * there are not so many. */
BOUNCED_API size_t bounced_recipient_field_count(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
BOUNCED_API const bounced_field* bounced_recipient_field(const bounced_recipient* recipient,
                                                         size_t index) BOUNCED_NOEXCEPT;

/* The rules that might have decided and did not, those that fire first, the strongest first; none
 * unless the parser was told bounced_parser_set_explaining(). NULL: there are not so many. */
BOUNCED_API size_t bounced_recipient_candidate_count(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
BOUNCED_API const bounced_candidate* bounced_recipient_candidate(const bounced_recipient* recipient,
                                                                 size_t index) BOUNCED_NOEXCEPT;

/* Its id, and as of a recipient; the reason is "" of one that says only that trying again is worth
 * while. */
BOUNCED_API const char* bounced_candidate_rule(const bounced_candidate* candidate) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_candidate_reason(const bounced_candidate* candidate)
    BOUNCED_NOEXCEPT;
BOUNCED_API int bounced_candidate_confidence(const bounced_candidate* candidate) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_candidate_matched_text(const bounced_candidate* candidate)
    BOUNCED_NOEXCEPT;
/* For people, without a subject: "has priority 0, the winner 10". */
BOUNCED_API const char* bounced_candidate_why_not(const bounced_candidate* candidate)
    BOUNCED_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif /* BOUNCED_PARSER_H_ */

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
 * Ownership: what a function called _new or _parse returns is the caller's, who frees it with the
 * function named there; freeing NULL does nothing. Whatever else is returned belongs to the parser
 * or report that it was asked of, and lives as long.
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
 * memory runs out the program is aborted. No pointer may be NULL but where it says so. */
#ifndef BOUNCED_PARSER_H_
#define BOUNCED_PARSER_H_

#include <stddef.h>

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

/* An operator's rules, in the format of the README, "Rules". */
typedef struct bounced_rule_file {
  const char* name;    /* for errors */
  const char* content; /* TOML */
} bounced_rule_file;

/* With the built-in rules alone. Free it with bounced_parser_free(). */
BOUNCED_API bounced_parser* bounced_parser_new(void) BOUNCED_NOEXCEPT;

/* With the built-in rules and those of `count` files, which the parser does not need afterwards.
 * NULL when one of them is wrong; then `*error`, unless `error` is NULL, has a line for each
 * problem ("FILE:LINE: rule "ID": what is wrong"), for the caller to free with
 * bounced_string_free(). In any other case `*error` becomes NULL. */
BOUNCED_API bounced_parser* bounced_parser_new_with_rules(const bounced_rule_file* files,
                                                          size_t count,
                                                          char** error) BOUNCED_NOEXCEPT;

/* Reports stay valid. */
BOUNCED_API void bounced_parser_free(bounced_parser* parser) BOUNCED_NOEXCEPT;
BOUNCED_API void bounced_string_free(char* string) BOUNCED_NOEXCEPT;

/* Reads a message of `length` octets, headers and all, with LF or CRLF line ends; NULL will do for
 * an empty one. Takes linear time, whatever the message. At most 4 GiB of it are looked at, 1,000
 * MIME parts, 20 of them inside each other, and 10,000 recipients; what lies beyond is left unread.
 * The report keeps nothing of `message`. Free it with bounced_report_free(). */
BOUNCED_API bounced_report* bounced_parser_parse(const bounced_parser* parser, const char* message,
                                                 size_t length) BOUNCED_NOEXCEPT;
BOUNCED_API void bounced_report_free(bounced_report* report) BOUNCED_NOEXCEPT;

/* The gravest of what the recipients were told: "bounce", "delay", "delivery", "complaint",
 * "unsubscribe", "auto_reply", or "other", which is no report or says nothing of deliveries. */
BOUNCED_API const char* bounced_report_kind(const bounced_report* report) BOUNCED_NOEXCEPT;
/* How it was read: "rfc3464", "status-fields", "ses-event", "prose", "rfc5965", "rfc8098", "reply",
 * or "none". */
BOUNCED_API const char* bounced_report_form(const bounced_report* report) BOUNCED_NOEXCEPT;
/* Message-ID and return path of the mail that came back, as far as it was returned. Anybody can
 * forge them. */
BOUNCED_API const char* bounced_report_returned_message_id(const bounced_report* report)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_report_returned_return_path(const bounced_report* report)
    BOUNCED_NOEXCEPT;

BOUNCED_API size_t bounced_report_recipient_count(const bounced_report* report) BOUNCED_NOEXCEPT;
/* In the order of the message. NULL: there are not so many. */
BOUNCED_API const bounced_recipient* bounced_report_recipient(const bounced_report* report,
                                                              size_t index) BOUNCED_NOEXCEPT;

/* Addresses, in the spelling of the report (RFC 3464, 2.3.1 and 2.3.2). Not every one is valid. */
BOUNCED_API const char* bounced_recipient_final_recipient(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_recipient_original_recipient(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
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
/* In class and reason: 0 to 100. */
BOUNCED_API int bounced_recipient_confidence(const bounced_recipient* recipient) BOUNCED_NOEXCEPT;
/* The id of the rule that decided, and the text that it found; "" when a code alone decided. */
BOUNCED_API const char* bounced_recipient_rule(const bounced_recipient* recipient) BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_recipient_matched_text(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* RFC 3463: "5.1.1". */
BOUNCED_API const char* bounced_recipient_enhanced_status(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
/* SMTP's: 200 to 599; 0: not known. */
BOUNCED_API int bounced_recipient_reply_code(const bounced_recipient* recipient) BOUNCED_NOEXCEPT;
/* The remote server's text without its codes, at most 4,096 octets, and the server's name. */
BOUNCED_API const char* bounced_recipient_diagnostic(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;
BOUNCED_API const char* bounced_recipient_remote_mta(const bounced_recipient* recipient)
    BOUNCED_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif /* BOUNCED_PARSER_H_ */

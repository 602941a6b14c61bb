/* Prints what became of each recipient of the report on standard input; or, of what a server said
 * that stands on the command line, what it means. */
#include <bounced_parser.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAX_MESSAGE = 32 << 20 };
static char message[MAX_MESSAGE];

/* Those that are dates: when it was tried last, and how long it will be. */
static void print_dates(const bounced_recipient* recipient) {
  size_t i;

  for (i = 0; i < bounced_recipient_field_count(recipient); ++i) {
    const bounced_field* field = bounced_recipient_field(recipient, i);
    int64_t seconds;
    if (bounced_field_value_utc(field, &seconds)) {
      const time_t instant = (time_t)seconds;
      char text[sizeof "2026-11-26T13:07:58Z"];
      if (strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime(&instant)) > 0) {
        printf("  %s: %s\n", bounced_field_name(field), text);
      }
    }
  }
}

static void print_recipient(const bounced_recipient* recipient) {
  const char* address = bounced_recipient_address(recipient);
  const char* matched = bounced_recipient_matched_text(recipient);
  printf("%s: %s, %s (%s), confidence %d\n", *address ? address : "(nobody named)",
         bounced_recipient_kind(recipient), bounced_recipient_reason(recipient),
         bounced_recipient_class(recipient), bounced_recipient_confidence(recipient));
  if (*matched) printf("  because of: %s\n", matched);
  print_dates(recipient);
}

static bounced_report* read_argument(const bounced_parser* parser, const char* text) {
  bounced_diagnostic said = {sizeof said, text, strlen(text), NULL, 0, NULL, NULL};
  return bounced_parser_parse_diagnostic(parser, &said);
}

static bounced_report* read_input(const bounced_parser* parser) {
  const size_t length = fread(message, 1, sizeof message, stdin);
  return bounced_parser_parse(parser, message, length);
}

int main(int argc, char** argv) {
  bounced_parser* parser = bounced_parser_new();
  bounced_report* report = argc > 1 ? read_argument(parser, argv[1]) : read_input(parser);
  size_t i;

  if (argc == 1) {
    printf("%s, read as %s\n", bounced_report_kind(report), bounced_report_form(report));
  }
  for (i = 0; i < bounced_report_recipient_count(report); ++i) {
    print_recipient(bounced_report_recipient(report, i));
  }
  for (i = 0; i < bounced_report_remark_count(report); ++i) {
    printf("remark: %s\n", bounced_note_text(bounced_report_remark(report, i)));
  }

  bounced_report_free(report);
  bounced_parser_free(parser);
  return 0;
}

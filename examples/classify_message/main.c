/* Prints what became of each recipient of the report on standard input. */
#include <bounced_parser.h>
#include <stdio.h>

enum { MAX_MESSAGE = 32 << 20 };
static char message[MAX_MESSAGE];

static void print_recipient(const bounced_recipient* recipient) {
  const char* address = bounced_recipient_final_recipient(recipient);
  const char* matched = bounced_recipient_matched_text(recipient);
  printf("%s: %s, %s (%s), confidence %d\n", *address ? address : "(nobody named)",
         bounced_recipient_kind(recipient), bounced_recipient_reason(recipient),
         bounced_recipient_class(recipient), bounced_recipient_confidence(recipient));
  if (*matched) printf("  because of: %s\n", matched);
}

int main(void) {
  const size_t length = fread(message, 1, sizeof message, stdin);

  bounced_parser* parser = bounced_parser_new();
  bounced_report* report = bounced_parser_parse(parser, message, length);
  const size_t count = bounced_report_recipient_count(report);
  size_t i;

  printf("%s, read as %s\n", bounced_report_kind(report), bounced_report_form(report));
  for (i = 0; i < count; ++i) print_recipient(bounced_report_recipient(report, i));

  bounced_report_free(report);
  bounced_parser_free(parser);
  return 0;
}

/* The parser as C sees it. */
#include "bounced_parser.h"

#include <stdio.h>
#include <string.h>

static int failures;

static void check_string(int line, const char* what, const char* found, const char* want) {
  if (strcmp(found, want) == 0) return;
  ++failures;
  printf("line %d: %s is \"%s\", not \"%s\"\n", line, what, found, want);
}
static void check(int line, const char* what, int holds) {
  if (holds) return;
  ++failures;
  printf("line %d: not so: %s\n", line, what);
}
#define CHECK_STRING(found, want) check_string(__LINE__, #found, found, want)
#define CHECK(condition) check(__LINE__, #condition, condition)

static const char kBounce[] =
    "From: MAILER-DAEMON@m.example\r\n"
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
    "\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n"
    "\r\n"
    "Reporting-MTA: dns; m.example\r\n"
    "\r\n"
    "Original-Recipient: rfc822; alias@x.example\r\n"
    "Final-Recipient: rfc822; r@x.example\r\n"
    "Action: failed\r\n"
    "Status: 5.1.1\r\n"
    "Remote-MTA: dns; mx.x.example\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <r@x.example>: user unknown\r\n"
    "\r\n"
    "Final-Recipient: rfc822; s@x.example\r\n"
    "Action: failed\r\n"
    "Diagnostic-Code: smtp; quux\x01\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n"
    "\r\n"
    "Return-Path: <b-1@bounces.example>\r\n"
    "Message-ID: <m@bounces.example>\r\n"
    "\r\n"
    "--b--\r\n";

/* A rule that knows the second one's text. */
#define RULE(reason)                            \
  "[[rule]]\nid = 'op-quux'\nreason = '" reason \
  "'\nconfidence = 90\nwhen.text = [{ "         \
  "phrases = ['quux'] }]\nsource = 'us'\nwhy = 'so'\nexample = ['550 quux']\n"

static void reads_a_report(void) {
  bounced_parser* parser = bounced_parser_new();
  bounced_report* report = bounced_parser_parse(parser, kBounce, sizeof kBounce - 1);
  const bounced_recipient* first = bounced_report_recipient(report, 0);
  const bounced_recipient* second = bounced_report_recipient(report, 1);
  bounced_parser_free(parser); /* reports stay */

  CHECK_STRING(bounced_report_kind(report), "bounce");
  CHECK_STRING(bounced_report_form(report), "rfc3464");
  CHECK_STRING(bounced_report_returned_return_path(report), "b-1@bounces.example");
  CHECK(strstr(bounced_report_returned_message_id(report), "m@bounces.example") != NULL);
  CHECK(bounced_report_recipient_count(report) == 2);
  CHECK(bounced_report_recipient(report, 2) == NULL);

  CHECK_STRING(bounced_recipient_final_recipient(first), "r@x.example");
  CHECK_STRING(bounced_recipient_original_recipient(first), "alias@x.example");
  CHECK_STRING(bounced_recipient_kind(first), "bounce");
  CHECK_STRING(bounced_recipient_class(first), "hard");
  CHECK_STRING(bounced_recipient_reason(first), "no_such_user");
  CHECK_STRING(bounced_recipient_fault(first), "recipient");
  CHECK_STRING(bounced_recipient_persistence(first), "permanent");
  CHECK(bounced_recipient_confidence(first) >= 80);
  CHECK(*bounced_recipient_rule(first) != '\0');
  CHECK_STRING(bounced_recipient_matched_text(first), "user unknown");
  CHECK_STRING(bounced_recipient_enhanced_status(first), "5.1.1");
  CHECK(bounced_recipient_reply_code(first) == 550);
  CHECK(strstr(bounced_recipient_diagnostic(first), "user unknown") != NULL);
  CHECK_STRING(bounced_recipient_remote_mta(first), "mx.x.example");

  CHECK_STRING(bounced_recipient_reason(second), "unclassified");
  CHECK_STRING(bounced_recipient_original_recipient(second), "");
  CHECK_STRING(bounced_recipient_matched_text(second), "");
  CHECK_STRING(bounced_recipient_enhanced_status(second), "");
  CHECK(bounced_recipient_reply_code(second) == 0);
  CHECK_STRING(bounced_recipient_diagnostic(second), "quux\\x{1}");
  CHECK_STRING(bounced_recipient_remote_mta(second), "");
  bounced_report_free(report);
}

static void refuses_no_message(void) {
  bounced_parser* parser = bounced_parser_new();
  bounced_report* empty = bounced_parser_parse(parser, NULL, 0);
  bounced_report* odd = bounced_parser_parse(parser, "\0\xff", 2);

  CHECK_STRING(bounced_report_kind(empty), "other");
  CHECK_STRING(bounced_report_form(empty), "none");
  CHECK_STRING(bounced_report_returned_message_id(empty), "");
  CHECK_STRING(bounced_report_returned_return_path(empty), "");
  CHECK(bounced_report_recipient_count(empty) == 0);
  CHECK(bounced_report_recipient(empty, 0) == NULL);
  CHECK_STRING(bounced_report_kind(odd), "other");
  bounced_report_free(empty);
  bounced_report_free(odd);
  bounced_parser_free(parser);
}

static void takes_an_operators_rules(void) {
  const bounced_rule_file good = {"op.toml", RULE("mailbox_full")};
  char* error = "not touched";
  bounced_parser* parser = bounced_parser_new_with_rules(&good, 1, &error);
  bounced_report* report;

  CHECK(error == NULL);
  CHECK(parser != NULL);
  if (parser == NULL) return;
  report = bounced_parser_parse(parser, kBounce, sizeof kBounce - 1);
  CHECK_STRING(bounced_recipient_rule(bounced_report_recipient(report, 1)), "op-quux");
  CHECK_STRING(bounced_recipient_reason(bounced_report_recipient(report, 1)), "mailbox_full");
  bounced_report_free(report);
  bounced_parser_free(parser);

  parser = bounced_parser_new_with_rules(NULL, 0, NULL);
  CHECK(parser != NULL);
  bounced_parser_free(parser);
}

static void says_what_is_wrong_with_rules(void) {
  const bounced_rule_file files[] = {{"a.toml", RULE("mailbox_fool")}, {"b.toml", "[["}};
  char* error = NULL;

  CHECK(bounced_parser_new_with_rules(files, 2, &error) == NULL);
  CHECK(error != NULL);
  if (error == NULL) return;
  CHECK(strstr(error, "a.toml:3: rule \"op-quux\": unknown reason \"mailbox_fool\"\n") == error);
  CHECK(strstr(error, "b.toml:1: ") != NULL);
  bounced_string_free(error);
  CHECK(bounced_parser_new_with_rules(files, 2, NULL) == NULL);
}

static void frees_nothing(void) {
  bounced_parser_free(NULL);
  bounced_report_free(NULL);
  bounced_string_free(NULL);
}

int main(void) {
  reads_a_report();
  refuses_no_message();
  takes_an_operators_rules();
  says_what_is_wrong_with_rules();
  frees_nothing();
  return failures == 0 ? 0 : 1;
}

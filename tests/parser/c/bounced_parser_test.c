/* The parser as C sees it. */
#include "bounced_parser.h"

#include <stddef.h>
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
    "Subject: failed\x01\r\n"
    "Date: Thu, 26 Nov 2026 13:00:00 +0000\r\n"
    "Message-ID: <n@m.example>\r\n"
    "X-Failed-Recipients: r@x.example\r\n"
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
    "\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n"
    "\r\n"
    "Reporting-MTA: dns; m.example (192.0.2.2)\r\n"
    "Received-From-MTA: dns; out.example (192.0.2.3)\r\n"
    "DSN-Gateway: dns; gw.example [192.0.2.4]\r\n"
    "Original-Envelope-Id: e-1\r\n"
    "Arrival-Date: Thu, 26 Nov 2026 12:00:00 +0000\r\n"
    "X-Queue-ID: q-1\r\n"
    "\r\n"
    "Original-Recipient: rfc822; alias@x.example\r\n"
    "Final-Recipient: rfc822; r@x.example\r\n"
    "Action: failed\r\n"
    "Status: 5.0.0\r\n"
    "Last-Attempt-Date: today\r\n"
    "Will-Retry-Until: Thu, 26 Nov 2026 14:00:00 +0100\r\n"
    "Remote-MTA: dns; mx.x.example (192.0.2.1)\r\n"
    "Diagnostic-Code: smtp; host mx2.x.example said: 451 4.3.0 try again; host mx.x.example "
    "said:\r\n"
    " 550 5.1.1 <r@x.example>: user unknown (in reply to RCPT TO command)\r\n"
    "\r\n"
    "Final-Recipient: rfc822; s@x.example\r\n"
    "Action: failed\r\n"
    "Diagnostic-Code: smtp; quux\x01\r\n"
    "\r\n"
    "Final-Recipient: rfc822; t@x.example\r\n"
    "Action: failed\r\n"
    "Localized-Diagnostic: de; unbekannt\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n"
    "\r\n"
    "Return-Path: <b-1@bounces.example>\r\n"
    "Message-ID: <m@bounces.example>\r\n"
    "To: alias@x.example\r\n"
    "Delivered-To: r@x.example\r\n"
    "Subject: news\r\n"
    "Date: Thu, 26 Nov 2026 11:00:00 +0000\r\n"
    "List-Id: <news.example>\r\n"
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
  const bounced_recipient* third = bounced_report_recipient(report, 2);
  const bounced_code* code = bounced_recipient_further_code(first, 0);
  bounced_parser_free(parser); /* reports stay */

  CHECK_STRING(bounced_report_kind(report), "bounce");
  CHECK_STRING(bounced_report_form(report), "rfc3464");
  CHECK_STRING(bounced_report_reporter(report), "");
  CHECK_STRING(bounced_report_returned_return_path(report), "b-1@bounces.example");
  CHECK(strstr(bounced_report_returned_message_id(report), "m@bounces.example") != NULL);
  CHECK_STRING(bounced_report_returned_to(report), "alias@x.example");
  CHECK_STRING(bounced_report_returned_delivered_to(report), "r@x.example");
  CHECK_STRING(bounced_report_returned_subject(report), "news");
  CHECK_STRING(bounced_report_returned_date(report), "Thu, 26 Nov 2026 11:00:00 +0000");
  CHECK_STRING(bounced_report_returned_list_id(report), "<news.example>");
  CHECK_STRING(bounced_report_reporting_mta(report), "m.example");
  CHECK_STRING(bounced_report_original_envelope_id(report), "e-1");
  CHECK_STRING(bounced_report_arrival_date(report), "Thu, 26 Nov 2026 12:00:00 +0000");
  CHECK_STRING(bounced_report_date(report), "Thu, 26 Nov 2026 13:00:00 +0000");
  CHECK_STRING(bounced_report_message_id(report), "<n@m.example>");
  CHECK_STRING(bounced_report_subject(report), "failed\\x{1}");
  CHECK_STRING(bounced_report_feedback_type(report), "");
  CHECK(bounced_report_failed_recipient_count(report) == 1);
  CHECK_STRING(bounced_report_failed_recipient(report, 0), "r@x.example");
  CHECK_STRING(bounced_report_failed_recipient(report, 1), "");
  CHECK(bounced_report_field_count(report) == 1);
  CHECK_STRING(bounced_field_name(bounced_report_field(report, 0)), "X-Queue-ID");
  CHECK_STRING(bounced_field_value(bounced_report_field(report, 0)), "q-1");
  CHECK(bounced_report_field(report, 1) == NULL);
  CHECK(bounced_report_remark_count(report) == 0);
  CHECK(bounced_report_remark(report, 0) == NULL);
  CHECK(bounced_report_step_count(report) == 0);
  CHECK(bounced_report_step(report, 0) == NULL);
  CHECK_STRING(bounced_report_received_from_mta(report), "out.example");
  CHECK_STRING(bounced_report_dsn_gateway(report), "gw.example [192.0.2.4]");
  CHECK_STRING(bounced_report_reporting_mta_address(report), "192.0.2.2");
  CHECK_STRING(bounced_report_received_from_mta_address(report), "192.0.2.3");
  CHECK_STRING(bounced_report_dsn_gateway_address(report), "192.0.2.4");
  CHECK(bounced_report_recipient_count(report) == 3);
  CHECK(bounced_report_recipient(report, 3) == NULL);

  CHECK_STRING(bounced_recipient_final_recipient(first), "r@x.example");
  CHECK_STRING(bounced_recipient_address(first), "alias@x.example");
  CHECK_STRING(bounced_recipient_original_recipient(first), "alias@x.example");
  CHECK_STRING(bounced_recipient_final_recipient_provenance(first), "reported");
  CHECK_STRING(bounced_recipient_stated_status(first), "5.0.0");
  CHECK_STRING(bounced_recipient_action(first), "failed");
  CHECK_STRING(bounced_recipient_stage(first), "rcpt");
  CHECK_STRING(bounced_recipient_diagnostic_type(first), "smtp");
  CHECK_STRING(bounced_recipient_remote_address(first), "192.0.2.1");
  CHECK(bounced_recipient_text_bears_out(first) == 1);
  CHECK(bounced_recipient_counts(first) == 0);
  CHECK(bounced_recipient_field_count(first) == 2);
  CHECK_STRING(bounced_field_name(bounced_recipient_field(first, 0)), "Last-Attempt-Date");
  CHECK_STRING(bounced_field_name(bounced_recipient_field(first, 1)), "Will-Retry-Until");
  CHECK(bounced_recipient_field(first, 2) == NULL);
  CHECK(bounced_recipient_further_code_count(first) == 1);
  CHECK(code != NULL);
  if (code != NULL) {
    CHECK(bounced_code_reply_code(code) == 451);
    CHECK_STRING(bounced_code_enhanced_status(code), "4.3.0");
  }
  CHECK(bounced_recipient_further_code(first, 1) == NULL);
  CHECK(bounced_recipient_diagnostic_cut(first) == 0);
  CHECK_STRING(bounced_recipient_diagnostic_language(first), "");
  CHECK(bounced_recipient_candidate_count(first) == 0);
  CHECK(bounced_recipient_candidate(first, 0) == NULL);
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
  CHECK_STRING(bounced_recipient_stage(second), "unknown");
  CHECK_STRING(bounced_recipient_stated_status(second), "");
  CHECK_STRING(bounced_recipient_remote_address(second), "");
  CHECK(bounced_recipient_text_bears_out(second) == 0);
  CHECK(bounced_recipient_counts(second) == 1);
  CHECK_STRING(bounced_recipient_original_recipient(second), "");
  CHECK_STRING(bounced_recipient_matched_text(second), "");
  CHECK_STRING(bounced_recipient_enhanced_status(second), "");
  CHECK(bounced_recipient_reply_code(second) == 0);
  CHECK_STRING(bounced_recipient_diagnostic(second), "quux\\x{1}");
  CHECK_STRING(bounced_recipient_remote_mta(second), "");
  CHECK(bounced_recipient_further_code_count(second) == 0);
  CHECK(bounced_recipient_further_code(second, 0) == NULL);

  CHECK_STRING(bounced_recipient_diagnostic(third), "unbekannt");
  CHECK_STRING(bounced_recipient_diagnostic_language(third), "de");
  bounced_report_free(report);
}

static void tells_the_instants_of_dates(void) {
  enum { NOON = 1795694400 }; /* of the 26th of November 2026, UTC */
  bounced_parser* parser = bounced_parser_new();
  bounced_report* report = bounced_parser_parse(parser, kBounce, sizeof kBounce - 1);
  const bounced_recipient* first = bounced_report_recipient(report, 0);
  int64_t seconds = 0;

  CHECK(bounced_report_arrival_date_utc(report, &seconds) == 1 && seconds == NOON);
  CHECK(bounced_report_date_utc(report, &seconds) == 1 && seconds == NOON + 3600);
  CHECK(bounced_report_returned_date_utc(report, &seconds) == 1 && seconds == NOON - 3600);
  CHECK(bounced_field_value_utc(bounced_recipient_field(first, 1), &seconds) == 1 &&
        seconds == NOON + 3600);
  /* No date, and a field that never is one. */
  seconds = 7;
  CHECK(bounced_field_value_utc(bounced_recipient_field(first, 0), &seconds) == 0);
  CHECK(bounced_field_value_utc(bounced_report_field(report, 0), &seconds) == 0);
  bounced_report_free(report);
  report = bounced_parser_parse(parser, "Date: today\n\n", 13);
  CHECK(bounced_report_arrival_date_utc(report, &seconds) == 0);
  CHECK(bounced_report_date_utc(report, &seconds) == 0);
  CHECK(bounced_report_returned_date_utc(report, &seconds) == 0);
  CHECK(seconds == 7);
  bounced_report_free(report);
  /* Before 1970. */
  report = bounced_parser_parse(parser, "Date: Wed, 31 Dec 1969 23:59:58 +0000\n\n", 39);
  CHECK(bounced_report_date_utc(report, &seconds) == 1 && seconds == -2);
  bounced_report_free(report);
  bounced_parser_free(parser);
}

static void says_where_a_diagnostic_was_cut(void) {
  static char text[5000];
  bounced_parser* parser = bounced_parser_new();
  bounced_diagnostic diagnostic = {sizeof diagnostic, text, sizeof text, NULL, 0, NULL, NULL};
  bounced_report* report;

  memset(text, 'x', sizeof text);
  report = bounced_parser_parse_diagnostic(parser, &diagnostic);
  CHECK(bounced_recipient_diagnostic_cut(bounced_report_recipient(report, 0)) == 1);
  CHECK(strlen(bounced_recipient_diagnostic(bounced_report_recipient(report, 0))) == 4096);
  bounced_report_free(report);
  bounced_parser_free(parser);
}

static void refuses_no_message(void) {
  bounced_parser* parser = bounced_parser_new();
  bounced_report* empty = bounced_parser_parse(parser, NULL, 0);
  bounced_report* odd = bounced_parser_parse(parser, "\0\xff", 2);

  CHECK_STRING(bounced_report_kind(empty), "other");
  CHECK_STRING(bounced_report_form(empty), "none");
  CHECK_STRING(bounced_report_reporter(empty), "");
  CHECK_STRING(bounced_report_returned_message_id(empty), "");
  CHECK_STRING(bounced_report_returned_return_path(empty), "");
  CHECK_STRING(bounced_report_reporting_mta_address(empty), "");
  CHECK(bounced_report_recipient_count(empty) == 0);
  CHECK(bounced_report_recipient(empty, 0) == NULL);
  CHECK_STRING(bounced_report_kind(odd), "other");
  bounced_report_free(empty);
  bounced_report_free(odd);
  bounced_parser_free(parser);
}

static void tells_how_it_came_about(void) {
  bounced_parser* parser = bounced_parser_new();
  bounced_report* report;
  const bounced_candidate* candidate;
  const bounced_note* step;

  bounced_parser_set_explaining(parser, 1);
  report = bounced_parser_parse(parser, kBounce, sizeof kBounce - 1);
  candidate = bounced_recipient_candidate(bounced_report_recipient(report, 0), 0);
  step = bounced_report_step(report, 0);
  CHECK(step != NULL);
  CHECK(candidate != NULL);
  if (step == NULL || candidate == NULL) return;
  CHECK(strstr(bounced_note_text(step), "parts: multipart/report") == bounced_note_text(step));
  CHECK(bounced_note_length(step) > 0);
  CHECK(bounced_note_offset(step) + bounced_note_length(step) <= sizeof kBounce - 1);
  CHECK_STRING(bounced_candidate_rule(candidate), "status-x.1.1");
  CHECK_STRING(bounced_candidate_reason(candidate), "no_such_user");
  CHECK(bounced_candidate_confidence(candidate) > 0);
  CHECK_STRING(bounced_candidate_matched_text(candidate), "");
  CHECK(strstr(bounced_candidate_why_not(candidate), "rests on") != NULL);
  bounced_report_free(report);

  bounced_parser_set_explaining(parser, 0);
  report = bounced_parser_parse(parser, kBounce, sizeof kBounce - 1);
  CHECK(bounced_report_step_count(report) == 0);
  bounced_report_free(report);
  bounced_parser_free(parser);
}

/* More parts than are read. */
static void remarks_on_bounds(void) {
  enum { PARTS = 1100 };
  static char message[64 + PARTS * 8];
  bounced_parser* parser = bounced_parser_new();
  bounced_report* report;
  const bounced_note* remark;
  int i;

  strcpy(message, "Content-Type: multipart/mixed; boundary=b\n\n");
  for (i = 0; i < PARTS; ++i) strcat(message, "--b\n\nx\n");
  report = bounced_parser_parse(parser, message, strlen(message));
  CHECK(bounced_report_remark_count(report) >= 1);
  remark = bounced_report_remark(report, 0);
  CHECK(remark != NULL);
  if (remark != NULL) CHECK_STRING(bounced_note_text(remark), "bound:max_parts");
  bounced_report_free(report);
  bounced_parser_free(parser);
}

static void reads_a_complaint(void) {
  static const char kComplaint[] =
      "From: fbl@isp.example\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n"
      "\n"
      "--b\nContent-Type: text/plain\n\nA complaint.\n"
      "--b\nContent-Type: message/feedback-report\n"
      "\n"
      "Feedback-Type: abuse\nUser-Agent: isp/1.0\nVersion: 1\nOriginal-Mail-From: <b@us.example>\n"
      "Original-Rcpt-To: r@isp.example\nSource-IP: 192.0.2.1\nReported-Domain: us.example\n"
      "Incidents: 2\n"
      "--b--\n";
  bounced_parser* parser = bounced_parser_new();
  bounced_report* report = bounced_parser_parse(parser, kComplaint, sizeof kComplaint - 1);

  CHECK_STRING(bounced_report_kind(report), "complaint");
  CHECK_STRING(bounced_report_feedback_type(report), "abuse");
  CHECK_STRING(bounced_report_feedback_user_agent(report), "isp/1.0");
  CHECK_STRING(bounced_report_feedback_original_mail_from(report), "b@us.example");
  CHECK_STRING(bounced_report_feedback_source_ip(report), "192.0.2.1");
  CHECK_STRING(bounced_report_feedback_reported_domain(report), "us.example");
  CHECK_STRING(bounced_report_feedback_incidents(report), "2");
  bounced_report_free(report);
  bounced_parser_free(parser);
}

/* The reason of `diagnostic`, which takes no more than 63 octets. */
static const char* reason_of(const bounced_parser* parser, const bounced_diagnostic* diagnostic) {
  static char reason[64];
  bounced_report* report = bounced_parser_parse_diagnostic(parser, diagnostic);
  strncpy(reason, bounced_recipient_reason(bounced_report_recipient(report, 0)), sizeof reason - 1);
  bounced_report_free(report);
  return reason;
}

static void reads_a_diagnostic(void) {
  static const char kText[] = "550 quux (in reply to RCPT TO command)";
  bounced_parser* parser = bounced_parser_new();
  bounced_diagnostic diagnostic = {sizeof diagnostic, NULL, 0, NULL, 0, NULL, NULL};
  bounced_report* report;
  const bounced_recipient* recipient;

  CHECK_STRING(reason_of(parser, &diagnostic), "undefined");
  diagnostic.text = kText;
  diagnostic.text_length = sizeof kText - 1;
  CHECK_STRING(reason_of(parser, &diagnostic), "unclassified");
  diagnostic.enhanced_status = "5.1.1";
  CHECK_STRING(reason_of(parser, &diagnostic), "no_such_user");
  /* A program that knows no more than the text. */
  diagnostic.size = offsetof(bounced_diagnostic, enhanced_status);
  CHECK_STRING(reason_of(parser, &diagnostic), "unclassified");
  diagnostic.size = sizeof diagnostic;

  diagnostic.reply_code = 551;
  diagnostic.remote_mta = "mx.x.example";
  diagnostic.stage = "data";
  bounced_parser_set_explaining(parser, 1);
  report = bounced_parser_parse_diagnostic(parser, &diagnostic);
  CHECK_STRING(bounced_report_kind(report), "bounce");
  CHECK_STRING(bounced_report_form(report), "diagnostic");
  CHECK(bounced_report_recipient_count(report) == 1);
  recipient = bounced_report_recipient(report, 0);
  CHECK_STRING(bounced_recipient_final_recipient(recipient), "");
  CHECK_STRING(bounced_recipient_final_recipient_provenance(recipient), "");
  CHECK_STRING(bounced_recipient_enhanced_status(recipient), "5.1.1");
  CHECK(bounced_recipient_reply_code(recipient) == 551);
  CHECK_STRING(bounced_recipient_remote_mta(recipient), "mx.x.example");
  CHECK_STRING(bounced_recipient_stage(recipient), "data");
  CHECK(bounced_recipient_candidate_count(recipient) > 0);
  bounced_report_free(report);

  diagnostic.stage = "lunch";
  report = bounced_parser_parse_diagnostic(parser, &diagnostic);
  CHECK_STRING(bounced_recipient_stage(bounced_report_recipient(report, 0)), "rcpt");
  bounced_report_free(report);
  bounced_parser_free(parser);
}

/* Whether nothing in it is a control or an octet that is not UTF-8. */
static int is_safe(const char* string) {
  for (; *string != '\0'; ++string) {
    const unsigned char octet = (unsigned char)*string;
    if (octet < 0x20 || octet == 0x7F || octet == 0xFF) return 0;
  }
  return 1;
}

static void shows_no_octet_as_it_came(void) {
#define ODD "\x01\xff\x1b[2J"
  static const char kOdd[] =
      "From: MAILER-DAEMON@m.example\n"
      "Date: x" ODD "\nMessage-ID: <x" ODD "@m.example>\nSubject: x" ODD
      "\nX-Failed-Recipients: f" ODD
      "@x.example\n"
      "Content-Type: multipart/report" ODD
      "; report-type=delivery-status; boundary=b\n"
      "\n"
      "--b\nContent-Type: message/delivery-status\n"
      "\n"
      "Reporting-MTA: dns" ODD "; m" ODD "\nReceived-From-MTA: m" ODD "\nDSN-Gateway: m" ODD
      "\nOriginal-Envelope-Id: x" ODD "\nArrival-Date: x" ODD "\nX-Odd: x" ODD
      "\n"
      "\n"
      "Original-Recipient: rfc822; o" ODD "@x.example\nFinal-Recipient: rfc822; r" ODD
      "@x.example\nAction: failed" ODD "\nStatus: 5.1.1 " ODD "\nRemote-MTA: dns; x" ODD
      "\nX-Odder: x" ODD "\nDiagnostic-Code: smtp" ODD "; 550 5.1.1 user unknown" ODD
      "\nDiagnostic-Code: x-unix; user" ODD
      " unknown\n"
      "--b\nContent-Type: message/rfc822\n"
      "\n"
      "Return-Path: <x" ODD "@b.example>\nMessage-ID: <x" ODD "@b.example>\nTo: x" ODD
      "@x.example\nDelivered-To: x" ODD "@x.example\nSubject: x" ODD "\nDate: x" ODD
      "\nList-Id: x" ODD "\n\n--b--\n";
#undef ODD
  static const char* (*const kOfReport[])(const bounced_report*) = {
      bounced_report_reporting_mta,       bounced_report_original_envelope_id,
      bounced_report_arrival_date,        bounced_report_date,
      bounced_report_message_id,          bounced_report_subject,
      bounced_report_returned_message_id, bounced_report_returned_return_path,
      bounced_report_returned_to,         bounced_report_returned_subject,
      bounced_report_returned_date,       bounced_report_returned_delivered_to,
      bounced_report_returned_list_id,    bounced_report_received_from_mta,
      bounced_report_dsn_gateway};
  static const char* (*const kOfRecipient[])(const bounced_recipient*) = {
      bounced_recipient_address,
      bounced_recipient_final_recipient,
      bounced_recipient_original_recipient,
      bounced_recipient_action,
      bounced_recipient_matched_text,
      bounced_recipient_diagnostic,
      bounced_recipient_diagnostic_type,
      bounced_recipient_diagnostic_language,
      bounced_recipient_remote_mta};
  bounced_parser* parser = bounced_parser_new();
  bounced_report* report;
  const bounced_recipient* recipient;
  size_t i;

  bounced_parser_set_explaining(parser, 1);
  report = bounced_parser_parse(parser, kOdd, sizeof kOdd - 1);
  CHECK(bounced_report_recipient_count(report) == 1);
  CHECK(strstr(bounced_report_subject(report), "\\x{1}") != NULL);
  recipient = bounced_report_recipient(report, 0);
  if (recipient == NULL) return;
  for (i = 0; i < sizeof kOfReport / sizeof *kOfReport; ++i) {
    CHECK(is_safe(kOfReport[i](report)));
  }
  for (i = 0; i < sizeof kOfRecipient / sizeof *kOfRecipient; ++i) {
    CHECK(is_safe(kOfRecipient[i](recipient)));
  }
  CHECK(is_safe(bounced_report_failed_recipient(report, 0)));
  for (i = 0; i < bounced_report_field_count(report); ++i) {
    CHECK(is_safe(bounced_field_value(bounced_report_field(report, i))));
  }
  for (i = 0; i < bounced_recipient_field_count(recipient); ++i) {
    CHECK(is_safe(bounced_field_value(bounced_recipient_field(recipient, i))));
  }
  for (i = 0; i < bounced_report_step_count(report); ++i) {
    CHECK(is_safe(bounced_note_text(bounced_report_step(report, i))));
  }
  bounced_report_free(report);
  bounced_parser_free(parser);
}

static void knows_its_version(void) {
  int major = -1, minor = -1, patch = -1;
  CHECK(sscanf(bounced_version(), "%d.%d.%d", &major, &minor, &patch) == 3);
  CHECK(major >= 0 && minor >= 0 && patch >= 0);
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

static void names_who_reports(void) {
  static const char kMessage[] =
      "From: MAILER-DAEMON@yahoo.com\nSubject: Undeliverable mail\n\n"
      "Delivery to the following recipient failed:\n\n<r@x.example>\n";
  bounced_parser* parser = bounced_parser_new();
  bounced_report* report = bounced_parser_parse(parser, kMessage, sizeof kMessage - 1);
  CHECK_STRING(bounced_report_reporter(report), "");
  bounced_report_free(report);
  bounced_parser_set_explaining(parser, 1);
  report = bounced_parser_parse(parser, kMessage, sizeof kMessage - 1);
  CHECK_STRING(bounced_report_reporter(report), "yahoo");
  bounced_report_free(report);
  bounced_parser_free(parser);
}

int main(void) {
  reads_a_report();
  tells_the_instants_of_dates();
  says_where_a_diagnostic_was_cut();
  names_who_reports();
  refuses_no_message();
  tells_how_it_came_about();
  remarks_on_bounds();
  reads_a_complaint();
  reads_a_diagnostic();
  shows_no_octet_as_it_came();
  knows_its_version();
  takes_an_operators_rules();
  says_what_is_wrong_with_rules();
  frees_nothing();
  return failures == 0 ? 0 : 1;
}

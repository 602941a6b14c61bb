#include "hostile_shapes.h"

namespace bounced {
namespace {

constexpr std::size_t kMega = std::size_t{1} << 20;
constexpr std::string_view kReport = kHostileReport;
constexpr std::string_view kStatusPart = kHostileStatusPart;
constexpr std::string_view kProse = "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n";

std::string Header(std::string_view repeated, std::size_t octets) {
  return "Subject: " + Repeat(repeated, octets) + "\n\nbody\n";
}
std::string Field(std::string_view name, std::string_view repeated, std::size_t octets) {
  return std::string(kReport) + std::string(kStatusPart) +
         "Final-Recipient: rfc822; r@example.net\nAction: failed\n" + std::string(name) + ": " +
         Repeat(repeated, octets) + "\nStatus: 5.1.1\n\n--b--\n";
}
std::string Prose(std::string_view repeated, std::size_t octets) {
  return std::string(kProse) + Repeat(repeated, octets);
}

}  // namespace

std::string Repeat(std::string_view piece, std::size_t octets) {
  std::string text;
  text.reserve(octets + piece.size());
  while (text.size() < octets) text += piece;
  return text;
}

const std::vector<HostileShape>& HostileShapes() {
  static const std::vector<HostileShape> shapes = {
      {"ManyParts", 4 * kMega,
       [](std::size_t octets) { return std::string(kReport) + Repeat("--b\n\nx\n", octets); }},
      {"ManyStatusParts", 4 * kMega,
       [](std::size_t octets) {
         return std::string(kReport) +
                Repeat(std::string(kStatusPart) + "Final-Recipient: a@b\nAction: failed\n\n",
                       octets);
       }},
      {"DeepMultiparts", 4 * kMega,
       [](std::size_t octets) {
         std::string message;
         for (int i = 0; message.size() < octets; ++i) {
           const std::string b = std::to_string(i);
           message += "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n";
         }
         return message;
       }},
      {"DeepMessages", 4 * kMega,
       [](std::size_t octets) { return Repeat("Content-Type: message/rfc822\n\n", octets); }},
      {"MillionGroups", 32 * kMega,
       [](std::size_t octets) {
         return std::string(kReport) + std::string(kStatusPart) +
                Repeat("Final-Recipient:a@b\nAction:failed\n\n", octets);
       }},
      {"ManyFieldsInOneGroup", 4 * kMega,
       [](std::size_t octets) {
         return std::string(kReport) + std::string(kStatusPart) + Repeat("Action: x\n", octets);
       }},
      {"ManyOriginals", 4 * kMega,
       [](std::size_t octets) {
         return std::string(kReport) + std::string(kStatusPart) +
                Repeat("Original-Recipient: a\nAction: failed\n", octets);
       }},
      {"FoldedLines", kMega, [](std::size_t octets) { return Header("x\n ", octets); }},
      {"ManyHeaderFields", 4 * kMega,
       [](std::size_t octets) { return Repeat("X-Field: y\n", octets) + "\nbody\n"; }},
      {"EncodedWords", kMega,
       [](std::size_t octets) { return Header("=?utf-8?Q?=C3=BC?= ", octets); }},
      {"EncodedWordOpenings", kMega, [](std::size_t octets) { return Header("=?", octets); }},
      {"EncodedWordHalves", kMega,
       [](std::size_t octets) { return Header("=?utf-8?Q?x ", octets); }},
      {"OnlyCarriageReturns", 8 * kMega,
       [](std::size_t octets) { return std::string(octets, '\r'); }},
      {"OnlyLineFeeds", 8 * kMega, [](std::size_t octets) { return std::string(octets, '\n'); }},
      {"OnlyNul", 8 * kMega, [](std::size_t octets) { return std::string(octets, '\0'); }},
      {"OnlyHyphens", 8 * kMega,
       [](std::size_t octets) { return std::string(kReport) + std::string(octets, '-'); }},
      {"OnlyDelimiterLike", 8 * kMega,
       [](std::size_t octets) { return std::string(kReport) + Repeat("--bb\n", octets); }},
      {"GuessedBoundaries", 4 * kMega,
       [](std::size_t octets) {
         return "Content-Type: multipart/mixed\n\n" +
                Repeat("--x\nContent-Type: multipart/mixed\n\n", octets);
       }},
      {"FailedGuesses", 4 * kMega,
       [](std::size_t octets) {
         return "Content-Type: multipart/mixed; boundary=b\n\n" +
                Repeat("--x\nContent-Type: multipart/mixed; boundary=c\n\n", octets);
       }},
      {"ContentTypeParameters", kMega,
       [](std::size_t octets) {
         return "Content-Type: multipart/mixed" + Repeat("; boundary*1=x", octets) + "\n\n--x\n";
       }},
      {"AddressBrackets", kMega,
       [](std::size_t octets) { return Field("Original-Recipient", "<", octets); }},
      {"AddressParentheses", kMega,
       [](std::size_t octets) { return Field("Original-Recipient", "(", octets); }},
      {"AddressNestedComments", kMega,
       [](std::size_t octets) { return Field("Original-Recipient", "(a)", octets); }},
      {"AddressQuotes", kMega,
       [](std::size_t octets) { return Field("Original-Recipient", "\"", octets); }},
      {"AddressBackslashes", kMega,
       [](std::size_t octets) { return Field("Original-Recipient", "\\", octets); }},
      {"AddressUnitext", kMega,
       [](std::size_t octets) { return Field("Original-Recipient", "utf-8;\\x{", octets); }},
      {"Types", kMega,
       [](std::size_t octets) { return Field("Original-Recipient", "rfc822;", octets); }},
      {"DiagnosticCodes", kMega,
       [](std::size_t octets) { return Field("Diagnostic-Code", "smtp; 550-5.1.1 ", octets); }},
      {"DiagnosticDigits", kMega,
       [](std::size_t octets) { return Field("Diagnostic-Code", "5", octets); }},
      {"DiagnosticDots", kMega,
       [](std::size_t octets) { return Field("Diagnostic-Code", "5.", octets); }},
      {"DiagnosticStages", kMega,
       [](std::size_t octets) { return Field("Diagnostic-Code", "in reply to after ", octets); }},
      {"DiagnosticLostLines", kMega,
       [](std::size_t octets) { return Field("Diagnostic-Code", "550 no\n", octets); }},
      {"DiagnosticPhrases", kMega,
       [](std::size_t octets) {
         return Field("Diagnostic-Code", "user unknown mailbox full ", octets);
       }},
      {"ManyDiagnostics", 8 * kMega,
       [](std::size_t octets) {
         return std::string(kReport) + std::string(kStatusPart) +
                Repeat("Final-Recipient: a@b\nAction: failed\nDiagnostic-Code: 550 " +
                           Repeat("user unknown mailbox full ", 3000) + "\n\n",
                       octets);
       }},
      {"EmbeddedStarts", 8 * kMega,
       [](std::size_t octets) {
         return "From: MAILER-DAEMON@x\n\n" + Repeat("Action: x\n\nno\n\n", octets);
       }},
      {"EmbeddedGroups", 8 * kMega,
       [](std::size_t octets) {
         return "From: MAILER-DAEMON@x\n\n" + Repeat("Final-Recipient: a@b\n\n", octets);
       }},
      {"FailedRecipients", kMega,
       [](std::size_t octets) {
         return "X-Failed-Recipients: " + Repeat("a@b,", octets) + "\n\nbody\n";
       }},
      {"ExplanationHeads", 8 * kMega,
       [](std::size_t octets) {
         return std::string(kReport) + "--b\n\n" + Repeat("<a@b.example>:\n", octets) +
                std::string(kStatusPart) +
                Repeat("Final-Recipient: a@b.example\nAction: failed\n\n", octets / 16);
       }},
      {"ExplanationThatAllShare", kMega,
       [](std::size_t octets) {
         return std::string(kReport) + "--b\n\n<a@b.example>:\n " +
                Repeat("550 5.1.1 no ", octets) + "\n" + std::string(kStatusPart) +
                Repeat("Final-Recipient: a@b.example\nStatus: 5.0.0\nAction: failed\n\n", octets);
       }},
      {"ExplanationInLatin1", 8 * kMega,
       [](std::size_t octets) {
         return std::string(kReport) + "--b\nContent-Type: text/plain; charset=iso-8859-1\n\n" +
                Repeat("\xE4", octets) + "\n" + std::string(kStatusPart) +
                "Final-Recipient: a@b.example\nAction: failed\n\n--b--\n";
       }},
      {"Base64Status", 16 * kMega,
       [](std::size_t octets) {
         return std::string(kReport) +
                "--b\nContent-Type: message/delivery-status\n"
                "Content-Transfer-Encoding: base64\n\n" +
                Repeat("QUFB", octets);
       }},
      {"QuotedPrintableStatus", 8 * kMega,
       [](std::size_t octets) {
         return std::string(kReport) +
                "--b\nContent-Type: message/delivery-status\n"
                "Content-Transfer-Encoding: quoted-printable\n\n" +
                Repeat("=\n", octets);
       }},
      {"OneLongLine", 8 * kMega, [](std::size_t octets) { return Prose("x", octets); }},
      {"ProseAts", 8 * kMega, [](std::size_t octets) { return Prose("@", octets); }},
      {"ProseAddresses", 8 * kMega,
       [](std::size_t octets) { return Prose("<a@b.example>:\n", octets); }},
      {"ProseOfManyRecipients", kMega,
       [](std::size_t octets) {
         std::string message(kProse);
         for (int i = 0; message.size() < octets; ++i)
           message += std::to_string(i) + "@b.example\n";
         return message;
       }},
      {"ProsePhrases", 8 * kMega,
       [](std::size_t octets) { return Prose("user unknown mailbox full ", octets); }},
      {"ProseBeginningsOfPhrases", 8 * kMega,
       [](std::size_t octets) { return Prose("could not be deliver ", octets); }},
      {"ProseCodes", 8 * kMega, [](std::size_t octets) { return Prose("550 5.1.1 ", octets); }},
      {"ProseHtml", 8 * kMega,
       [](std::size_t octets) {
         return "From: MAILER-DAEMON@x\nContent-Type: text/html\n\n" +
                Repeat("<p>&lt;<script", octets);
       }},
  };
  return shapes;
}

}  // namespace bounced

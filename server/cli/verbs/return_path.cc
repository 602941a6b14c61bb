// bouncectl return-path mint, return-path verify
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bounced/v1/return_path.grpc.pb.h"
#include "server/cli/json.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

struct MintArguments {
  std::string recipient;
  std::string domain;
  std::string reference;
  std::string form;
};

absl::StatusOr<ExitCode> Mint(const MintArguments& arguments, Session& session) {
  v1::MintRequest request;
  request.set_domain(arguments.domain);
  request.set_recipient(arguments.recipient);
  request.set_stream(session.stream());
  request.set_reference(arguments.reference);
  request.set_tenant(session.tenant());
  if (!arguments.form.empty()) {
    std::optional<v1::ReturnPathForm> form = FromWord<v1::ReturnPathForm>(arguments.form);
    if (!form) return absl::InvalidArgumentError("--form is open or sealed");
    request.set_form(*form);
  }
  v1::MintResponse response;
  auto stub = session.client().Stub<v1::ReturnPathService>();
  absl::Status status = session.client().Unary(
      [&](grpc::ClientContext* context) { return stub->Mint(context, request, &response); });
  if (!status.ok()) return status;
  if (session.json()) {
    session.out().Json(response);
  } else {
    session.out().Line({response.return_path()});
  }
  return ExitCode::kDone;
}

struct VerifyArguments {
  std::string return_path;
  std::string recipient;
};

std::string RefusalText(const std::string& refusal) {
  if (refusal == "not_ours") return "it is not of a form or domain of this server";
  if (refusal == "forged")
    return "its MAC does not hold: it was not made with our key and for this domain, or changed";
  if (refusal == "foreign") return "it names a key that its domain does not have";
  if (refusal == "expired") return "it is too old";
  if (refusal == "unsigned") return "it is not signed, and its domain requires that";
  return Shown(refusal);
}

std::string AsText(const VerifyArguments& arguments, const v1::VerifyResponse& answer) {
  std::string text = absl::StrCat(Shown(arguments.return_path),
                                  answer.accepted() ? " is accepted\n" : " is refused: ");
  if (!answer.accepted()) absl::StrAppend(&text, RefusalText(answer.refusal()), "\n");
  auto fact = [&text](const char* label, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, "  ", label, ": ", Shown(value), "\n");
  };
  const std::string form = Word(answer.form());
  if (answer.accepted()) fact("form", form.empty() ? "not signed" : form);
  fact("tenant", answer.tenant());
  fact("stream", answer.stream());
  fact("recipient", answer.recipient());
  fact("reference", answer.reference());
  fact("key", answer.key_id());
  if (answer.has_issue_time()) fact("issued on", ShownTime(answer.issue_time()).substr(0, 10));
  fact("trust of a report to it", Word(answer.trust()));
  if (!arguments.recipient.empty()) {
    absl::StrAppend(&text, "  ", answer.covers_recipient() ? "vouches" : "does not vouch", " for ",
                    Shown(arguments.recipient), "\n");
  }
  return text;
}

absl::StatusOr<ExitCode> Verify(const VerifyArguments& arguments, Session& session) {
  v1::VerifyRequest request;
  request.set_return_path(arguments.return_path);
  request.set_recipient(arguments.recipient);
  v1::VerifyResponse answer;
  auto stub = session.client().Stub<v1::ReturnPathService>();
  absl::Status status = session.client().Unary(
      [&](grpc::ClientContext* context) { return stub->Verify(context, request, &answer); });
  if (!status.ok()) return status;
  if (session.json()) {
    session.out().Json(ToJson(answer, Unset::kPrinted));
  } else {
    session.out().Text(AsText(arguments, answer));
  }
  const bool good = answer.accepted() && (arguments.recipient.empty() || answer.covers_recipient());
  return good ? ExitCode::kDone : ExitCode::kFound;
}

}  // namespace

Action SetUpMint(CLI::App& command) {
  auto arguments = std::make_shared<MintArguments>();
  command.add_option("--recipient", arguments->recipient, "Whom the mail goes to")
      ->required()
      ->type_name("ADDRESS");
  command
      .add_option("--domain", arguments->domain,
                  "The return-path domain (default: the first of the server's configuration)")
      ->type_name("NAME");
  command
      .add_option("--reference", arguments->reference,
                  "The sender's own reference: at most 16 of a-z, 0-9 and _")
      ->type_name("WORD");
  command
      .add_option(
          "--form", arguments->form,
          "open: the recipient in the clear; sealed: a hash of it (default: open if it fits)")
      ->type_name("open|sealed");
  command.footer(
      "Prints the address for MAIL FROM, alone on its line.\n\n"
      "Exit codes: 0 done, 1 no such domain, or it has no key, 2 usage, or it does not fit, 3 the\n"
      "server could not be reached, did not allow it, or failed");
  return [arguments](Session& session) { return Mint(*arguments, session); };
}

Action SetUpVerify(CLI::App& command) {
  auto arguments = std::make_shared<VerifyArguments>();
  command.add_option("RETURN_PATH", arguments->return_path, "local@domain")
      ->required()
      ->type_name("");
  command.add_option("--recipient", arguments->recipient, "Does it vouch for this one?")
      ->type_name("ADDRESS");
  command.footer(
      "Exit codes: 0 it would be accepted now (and vouches for the recipient), 1 it would not, 2\n"
      "usage, 3 the server could not be reached, did not allow it, or failed");
  return [arguments](Session& session) { return Verify(*arguments, session); };
}

}  // namespace bounced::cli

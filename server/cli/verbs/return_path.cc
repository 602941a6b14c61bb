// bouncectl return-path mint, return-path verify, return-path keys, return-path revoke
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bounced/v1/return_path.grpc.pb.h"
#include "bounced/v1/suppression.grpc.pb.h"
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
  bool unsubscribe = false;
};

absl::StatusOr<ExitCode> Mint(const MintArguments& arguments, Session& session) {
  v1::MintRequest request;
  request.set_domain(arguments.domain);
  request.set_recipient(arguments.recipient);
  request.set_stream(session.stream());
  request.set_reference(arguments.reference);
  request.set_tenant(session.tenant());
  request.set_unsubscribe(arguments.unsubscribe);
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
    session.out().Line({arguments.unsubscribe ? response.mailto_uri() : response.return_path()});
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
  if (refusal == "revoked") return "the key that it names was revoked";
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

const char* StateOf(const v1::ReturnPathKey& key) {
  if (key.has_revoke_time()) return "revoked";
  if (key.signs()) return "signs";
  return key.verifies() ? "verifies" : "over";
}

absl::StatusOr<ExitCode> Keys(Session& session) {
  v1::ListKeysRequest request;
  request.set_tenant(session.tenant());
  v1::ListKeysResponse answer;
  auto stub = session.client().Stub<v1::ReturnPathService>();
  absl::Status status = session.client().Unary(
      [&](grpc::ClientContext* context) { return stub->ListKeys(context, request, &answer); });
  if (!status.ok()) return status;
  for (const v1::ReturnPathKey& key : answer.keys()) {
    if (session.json()) {
      session.out().Json(ToJson(key, Unset::kPrinted));
      continue;
    }
    session.out().Line({key.domain(), key.id(), key.unsubscribe() ? "unsubscribe" : "return_path",
                        StateOf(key), OrDash(key.last_day()), OrDash(LineTime(key.revoke_time())),
                        OrDash(key.revoke_author())});
  }
  return ExitCode::kDone;
}

struct RevokeArguments {
  std::string domain;
  std::string key_id;
};

// How many suppressions in force rest on `key`.
absl::StatusOr<std::int64_t> CountResting(const v1::ReturnPathKey& key, Session& session) {
  v1::ListSuppressionsRequest request;
  request.set_tenant(key.tenant());
  request.mutable_filter()->set_in_force(true);
  request.mutable_filter()->set_return_path_key(key.id());
  request.mutable_filter()->set_return_path_domain(key.domain());
  request.set_page_size(1'000);
  auto stub = session.client().Stub<v1::SuppressionService>();
  std::int64_t count = 0;
  do {
    v1::ListSuppressionsResponse page;
    absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
      return stub->ListSuppressions(context, request, &page);
    });
    if (!status.ok()) return status;
    count += page.suppressions_size();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return count;
}

std::string AsText(const v1::RevokeKeyResponse& answer) {
  const v1::ReturnPathKey& key = answer.key();
  std::string text =
      absl::StrCat("key ", Shown(key.id()), " of ", Shown(key.domain()), " is revoked since ",
                   ShownTime(key.revoke_time()), " UTC (by ", Shown(key.revoke_author()), ")\n");
  if (answer.signing_key_id().empty()) {
    absl::StrAppend(&text, "no key signs now: add one to the configuration, with another id\n");
  } else {
    absl::StrAppend(&text, "key ", Shown(answer.signing_key_id()), " signs now\n");
  }
  return text;
}

absl::StatusOr<ExitCode> Revoke(const RevokeArguments& arguments, Session& session) {
  v1::RevokeKeyRequest request;
  request.set_domain(arguments.domain);
  request.set_key_id(arguments.key_id);
  request.set_author(session.author());
  v1::RevokeKeyResponse answer;
  auto stub = session.client().Stub<v1::ReturnPathService>();
  absl::Status status = session.client().Unary(
      [&](grpc::ClientContext* context) { return stub->RevokeKey(context, request, &answer); });
  if (!status.ok()) return status;
  const v1::ReturnPathKey& key = answer.key();
  // What is done is told before what may take a while, or fail.
  if (!session.json()) session.out().Text(AsText(answer));
  session.out().Flush();
  absl::StatusOr<std::int64_t> resting = CountResting(key, session);
  if (!resting.ok()) return resting.status();
  if (session.json()) {
    JsonWriter json;
    json.BeginObject().Merge(ToJson(answer, Unset::kPrinted));
    json.Key("suppressions_in_force").Number(*resting).EndObject();
    session.out().Json(json.text());
    return ExitCode::kDone;
  }
  session.out().Text(absl::StrCat(
      *resting, *resting == 1 ? " suppression in force rests" : " suppressions in force rest",
      " on it:\n  bouncectl list --in-force --tenant ", Shown(key.tenant()),
      " --return-path-domain ", Shown(key.domain()), " --return-path-key ", Shown(key.id()), "\n"));
  return ExitCode::kDone;
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
  command.add_flag(
      "--unsubscribe", arguments->unsubscribe,
      "Makes the address to unsubscribe from --stream, at an [[unsubscribe]]'s domain");
  command.footer(
      "Prints the address for MAIL FROM, alone on its line; with --unsubscribe the mailto: URI\n"
      "that stands in angle brackets in the List-Unsubscribe field.\n\n"
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

Action SetUpKeys(CLI::App& command) {
  command.footer(
      "Prints a line for each, with tabs between: domain, id, what it is for (return_path or\n"
      "unsubscribe), state, the last day on which it signed, when it was revoked, by whom;\n"
      "- stands for none. The states: signs; verifies, which is of older ones; over, of what\n"
      "verifies nothing more; revoked.\n\n"
      "Exit codes: 0 done, 2 usage, 3 the server could not be reached, did not allow it, or "
      "failed");
  return [](Session& session) { return Keys(session); };
}

Action SetUpRevoke(CLI::App& command) {
  auto arguments = std::make_shared<RevokeArguments>();
  command.add_option("KEY_ID", arguments->key_id, "The key")->required()->type_name("");
  command.add_option("--domain", arguments->domain, "Its return-path domain")
      ->required()
      ->type_name("NAME");
  command.footer(
      "For good, and at once: what the key signed is refused, bounces of mail under way included, "
      "and\n"
      "the newest key that is left signs. A key that has been revoked stays so, and its id with "
      "it.\n"
      "To undo what rests on it:\n\n"
      "  bouncectl list --in-force --return-path-domain NAME --return-path-key ID --json |\n"
      "    jq -r .address | bouncectl remove --source bounce --cause 'key leaked' -\n\n"
      "Exit codes: 0 done, 1 there is no such key, 2 usage, 3 the server could not be reached, did "
      "not\n"
      "allow it, or failed");
  return [arguments](Session& session) { return Revoke(*arguments, session); };
}

}  // namespace bounced::cli

// bouncectl keys create, keys list, keys revoke, keys hash
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bounced/v1/admin.grpc.pb.h"
#include "parser/text.h"
#include "server/cli/json.h"
#include "server/cli/lines.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"
#include "server/login/access.h"
#include "server/login/api_token.h"

namespace bounced::cli {
namespace {

constexpr const char* kFailures = "3 the server could not be reached, did not allow it, or failed";

struct CreateArguments {
  std::string name;
  std::vector<std::string> roles;
  bool all_tenants = false;
  std::optional<std::string> expires;
};

std::string RoleNames(const v1::ApiKey& key) {
  std::vector<std::string> names;
  for (int role : key.roles()) names.emplace_back(ToString(static_cast<Role>(role)));
  return absl::StrJoin(names, ",");
}

absl::StatusOr<ExitCode> Create(const CreateArguments& arguments, Session& session) {
  v1::CreateApiKeyRequest request;
  request.set_name(arguments.name);
  request.set_tenant(session.tenant());
  request.set_all_tenants(arguments.all_tenants);
  request.set_author(session.author());
  for (const std::string& word : arguments.roles) {
    const std::optional<Role> role = RoleFromName(word);
    if (!role) {
      return absl::InvalidArgumentError(absl::StrCat("no role is called ", Shown(word)));
    }
    request.add_roles(static_cast<v1::Role>(*role));
  }
  if (arguments.expires) {
    absl::StatusOr<absl::Time> end =
        ParseTime(*arguments.expires, session.now(), Direction::kFuture);
    if (!end.ok()) return end.status();
    *request.mutable_expire_time() = ToTimestamp(*end);
  }
  v1::CreateApiKeyResponse answer;
  auto stub = session.client().Stub<v1::AdminService>();
  absl::Status status = session.client().Unary(
      [&](grpc::ClientContext* context) { return stub->CreateApiKey(context, request, &answer); });
  if (!status.ok()) return status;
  const auto finish = [&]() -> absl::StatusOr<ExitCode> {
    const absl::Status written = session.out().Finish();
    if (written.ok()) return ExitCode::kDone;
    return absl::Status(written.code(),
                        absl::StrCat(written.message(), "; the key ", Shown(answer.key().id()),
                                     " was made, and its token is lost: bouncectl keys revoke ",
                                     Shown(answer.key().id())));
  };
  if (session.json()) {
    session.out().Json(ToJson(answer));
    return finish();
  }
  // The token alone goes to standard output, so that it can be sent into a file.
  const v1::ApiKey& key = answer.key();
  session.err().Text(
      absl::StrCat("key ", Shown(key.id()), ", ", Shown(key.name()), ", of ",
                   key.all_tenants() ? "all tenants" : absl::StrCat("tenant ", Shown(key.tenant())),
                   ", may ", RoleNames(key), "; this is the only time that it is shown:\n"));
  session.out().Line({answer.token()});
  return finish();
}

const char* StateOf(const v1::ApiKey& key, absl::Time now) {
  if (key.has_revoke_time()) return "revoked";
  if (key.has_expire_time() && absl::FromUnixSeconds(key.expire_time().seconds()) <= now) {
    return "expired";
  }
  return key.configured() ? "configured" : "active";
}

absl::StatusOr<ExitCode> List(Session& session) {
  v1::ListApiKeysRequest request;
  request.set_tenant(session.tenant());
  request.set_page_size(1'000);
  auto stub = session.client().Stub<v1::AdminService>();
  do {
    v1::ListApiKeysResponse page;
    absl::Status status = session.client().Unary(
        [&](grpc::ClientContext* context) { return stub->ListApiKeys(context, request, &page); });
    if (!status.ok()) return status;
    for (const v1::ApiKey& key : page.keys()) {
      if (session.json()) {
        session.out().Json(ToJson(key, Unset::kPrinted));
        continue;
      }
      session.out().Line(
          {key.id(), key.name(), key.all_tenants() ? "*" : key.tenant(), RoleNames(key),
           StateOf(key, session.now()), OrDash(LineTime(key.create_time())),
           OrDash(LineTime(key.last_use_time())), OrDash(LineTime(key.expire_time()))});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> Revoke(const std::vector<std::string>& ids, Session& session) {
  auto stub = session.client().Stub<v1::AdminService>();
  for (const std::string& id : ids) {
    v1::RevokeApiKeyRequest request;
    request.set_key_id(id);
    request.set_author(session.author());
    v1::RevokeApiKeyResponse answer;
    absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
      return stub->RevokeApiKey(context, request, &answer);
    });
    if (!status.ok()) return status;
    if (session.json()) {
      session.out().Json(ToJson(answer, Unset::kPrinted));
      continue;
    }
    const v1::ApiKey& key = answer.key();
    session.out().Text(absl::StrCat("key ", Shown(key.id()), ", ", Shown(key.name()),
                                    ", is revoked since ", ShownTime(key.revoke_time()),
                                    " UTC (by ", Shown(key.revoke_author()), ")\n"));
    if (answer.everybody_may_call()) {
      session.err().Text("no key is left: everybody who reaches the server may do everything\n");
    }
  }
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> Hash(bool generate, Session& session) {
  std::string token;
  if (generate) {
    token = MakeApiToken();
  } else {
    LineReader lines(session.in());
    absl::StatusOr<std::vector<Line>> line = lines.Next(1);
    if (!line.ok()) return line.status();
    if (line->empty()) {
      return absl::InvalidArgumentError(
          "no token: write it, on a line of its own, to standard input, or say --generate");
    }
    token = line->front().text;
  }
  absl::StatusOr<ApiSecret> secret = ApiSecretOf(token);
  if (!secret.ok())
    return absl::InvalidArgumentError("the token is none: it would begin with bnc_");
  if (generate) session.err().Text(absl::StrCat("token: ", token, "\n"));
  session.out().Text(absl::StrCat(ToString(*secret), "\n"));
  return ExitCode::kDone;
}

}  // namespace

Action SetUpApiKeyCreate(CLI::App& command) {
  auto arguments = std::make_shared<CreateArguments>();
  command
      .add_option("NAME", arguments->name,
                  "What it is called: a-z, 0-9, _ and -; the author of what is changed with it")
      ->required()
      ->type_name("");
  command
      .add_option("--role", arguments->roles,
                  "What it allows: check, mint, write, read_events, evidence, admin; may be said "
                  "more than once (default: check)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("ROLE");
  command.add_flag("--all-tenants", arguments->all_tenants, "It is of all tenants");
  command
      .add_option("--expires", arguments->expires,
                  "From when on it does not count: 30d from now, 2026-01-31 (default: never)")
      ->type_name("TIME");
  command.footer(absl::StrCat(
      "Prints the key, alone, to standard output: whoever has it calls with it. The first one of a "
      "server closes it to all who have none, so it has to be made so:\n\n"
      "  (umask 077; bouncectl keys create ops --role admin --all-tenants >ops.key)\n\n"
      "Exit codes: 0 done, 1 there is one of this name, or it would be the first and could not "
      "make "
      "others, 2 usage, ",
      kFailures));
  return [arguments](Session& session) { return Create(*arguments, session); };
}

Action SetUpApiKeyList(CLI::App& command) {
  command.footer(absl::StrCat(
      "Prints a line for each, with tabs between: id, name, tenant (* for all), roles, state, when "
      "it was made, last used, when it expires; - stands for none. The states: active; configured, "
      "which stands in the configuration; expired; revoked.\n\nExit codes: 0 done, 2 usage, ",
      kFailures));
  return [](Session& session) { return List(session); };
}

Action SetUpApiKeyRevoke(CLI::App& command) {
  auto ids = std::make_shared<std::vector<std::string>>();
  command.add_option("KEY_ID", *ids, "The keys, as `keys list` shows them")
      ->required()
      ->type_name("");
  command.footer(absl::StrCat(
      "For good, and at once.\n\nExit codes: 0 done, 1 there is no such key, or it stands in the "
      "configuration, 2 usage, ",
      kFailures));
  return [ids](Session& session) { return Revoke(*ids, session); };
}

Action SetUpApiKeyHash(CLI::App& command) {
  auto generate = std::make_shared<bool>(false);
  command.add_flag("--generate", *generate, "Make a key, and show it on standard error");
  command.footer(
      "Reads a key from the first line of standard input, and writes the secret that [[grpc.key]] "
      "of the configuration takes.");
  return [generate](Session& session) { return Hash(*generate, session); };
}

}  // namespace bounced::cli

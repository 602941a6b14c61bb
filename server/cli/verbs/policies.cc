// bouncectl apply, policies
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "bounced/v1/admin.grpc.pb.h"
#include "parser/text.h"
#include "server/base/text_file.h"
#include "server/cli/json.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

constexpr std::size_t kMaxPolicyFileOctets = 1 << 20;
constexpr std::int32_t kRevisionPageRows = 100;
constexpr const char* kPolicyFailures =
    "3 the server could not be reached, did not allow it, or failed";

struct ApplyArguments {
  std::string file;
  bool dry_run = false;
  bool remove_all = false;
  std::optional<std::int64_t> onto;
  std::string cause;
};

std::string Whose(const std::string& tenant, const std::string& stream) {
  if (tenant.empty()) return "*";
  return stream.empty() ? tenant : absl::StrCat(tenant, "/", stream);
}

// Whether nothing but blanks and comments is in it.
bool IsEmpty(std::string_view document) {
  while (!document.empty()) {
    const std::string_view line = document.substr(0, document.find('\n'));
    document.remove_prefix(std::min(line.size() + 1, document.size()));
    const std::string_view text = StripBlanks(line);
    if (!text.empty() && text.front() != '#') return false;
  }
  return true;
}

// What does not go to the server.
absl::Status CheckDocument(const ApplyArguments& arguments, std::string_view document) {
  if (!IsValidUtf8(document)) {
    return absl::InvalidArgumentError(absl::StrCat(arguments.file, ": not UTF-8"));
  }
  // A pipe whose left side failed gives such a one, and so does a file that was cut.
  if (IsEmpty(document) && !arguments.remove_all) {
    return absl::InvalidArgumentError(
        absl::StrCat(arguments.file,
                     ": no policy is in it, which would take away all that were applied; if that "
                     "is meant, say --remove-all"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Apply(const ApplyArguments& arguments, Session& session) {
  // A pipe may be what wrote it.
  absl::StatusOr<std::string> document = ReadTextFile(
      arguments.file == "-" ? "/dev/stdin" : arguments.file, kMaxPolicyFileOctets, FileKind::kAny);
  if (!document.ok()) return absl::InvalidArgumentError(document.status().message());
  if (absl::Status s = CheckDocument(arguments, *document); !s.ok()) return s;
  v1::ApplyPoliciesRequest request;
  request.set_document(*std::move(document));
  request.set_dry_run(arguments.dry_run);
  if (arguments.onto) request.set_onto(*arguments.onto);
  request.set_author(session.author());
  request.set_cause(arguments.cause);
  auto stub = session.client().Stub<v1::AdminService>();
  v1::ApplyPoliciesResponse answer;
  absl::Status status = session.client().Unary(
      [&](grpc::ClientContext* context) { return stub->ApplyPolicies(context, request, &answer); });
  if (!status.ok()) {
    return absl::Status(status.code(), absl::StrCat(arguments.file, ": ", status.message()));
  }
  if (session.json()) {
    session.out().Json(ToJson(answer, Unset::kPrinted));
  } else {
    for (const v1::PolicyChange& change : answer.changes()) {
      session.out().Line({Whose(change.tenant(), change.stream()), change.key(), change.before(),
                          "->", change.after()});
    }
    session.err().Text(
        absl::StrCat(answer.changes_size() == 0 ? "nothing changes" : "",
                     answer.changes_size() > 0 && arguments.dry_run ? "this would change" : "",
                     answer.changes_size() > 0 && !arguments.dry_run ? "in force" : "",
                     "; revision ", answer.revision(), arguments.dry_run ? " stays\n" : "\n"));
  }
  return arguments.dry_run && answer.changes_size() > 0 ? ExitCode::kFound : ExitCode::kDone;
}

struct PoliciesArguments {
  bool document = false;
  bool revisions = false;
  std::int64_t revision = 0;
};

absl::StatusOr<ExitCode> ListRevisions(Session& session) {
  v1::ListPolicyRevisionsRequest request;
  request.set_page_size(kRevisionPageRows);
  auto stub = session.client().Stub<v1::AdminService>();
  do {
    v1::ListPolicyRevisionsResponse page;
    absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
      return stub->ListPolicyRevisions(context, request, &page);
    });
    if (!status.ok()) return status;
    for (const v1::PolicyRevision& revision : page.revisions()) {
      if (session.json()) {
        session.out().Json(ToJson(revision, Unset::kPrinted));
        continue;
      }
      session.out().Line({absl::StrCat(revision.revision()), LineTime(revision.apply_time()),
                          OrDash(revision.author()), OrDash(revision.cause())});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> Show(const PoliciesArguments& arguments, Session& session) {
  if (arguments.revisions) return ListRevisions(session);
  v1::GetPoliciesRequest request;
  request.set_revision(arguments.revision);
  auto stub = session.client().Stub<v1::AdminService>();
  v1::GetPoliciesResponse answer;
  absl::Status status = session.client().Unary(
      [&](grpc::ClientContext* context) { return stub->GetPolicies(context, request, &answer); });
  if (!status.ok()) return status;
  if (arguments.document) {
    session.out().Text(answer.document());
    return ExitCode::kDone;
  }
  for (const v1::PolicyInForce& policy : answer.policies()) {
    if (session.json()) {
      session.out().Json(ToJson(policy, Unset::kPrinted));
      continue;
    }
    std::string settings;
    for (const v1::PolicySetting& setting : policy.settings()) {
      absl::StrAppend(&settings, settings.empty() ? "" : " ", setting.key(), "=", setting.value());
    }
    session.out().Line({Whose(policy.tenant(), policy.stream()),
                        policy.configured() ? "configured" : "applied", settings});
  }
  return ExitCode::kDone;
}

}  // namespace

Action SetUpApply(CLI::App& command) {
  auto arguments = std::make_shared<ApplyArguments>();
  command.add_option("FILE", arguments->file, "The policies, as TOML; - is standard input")
      ->required()
      ->type_name("");
  command.add_flag("--dry-run", arguments->dry_run, "Only say what would change");
  command.add_flag("--remove-all", arguments->remove_all,
                   "Take also a file without any policy, which takes away all that were applied");
  command
      .add_option("--onto", arguments->onto,
                  "Only if this revision is in force, the one that the file was written from")
      ->type_name("REVISION")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  command.add_option("--cause", arguments->cause, "Why, for the history")->type_name("TEXT");
  command.footer(absl::StrCat(
      "The file has the [[tenant]]s and [[tenant.stream]]s that bounced.toml(5) describes, all of\n"
      "them: one that is not in it any more has the policy of all again. Prints a line for each\n"
      "setting that changes, with tabs between: whose, key, before, ->, after. Decisions that "
      "were\n"
      "made stay.\n\nExit codes: 0 done, or nothing would change; 1 with --dry-run: something "
      "would;"
      " or a\ntenant stands in the server's configuration, or another revision is in force; 2 "
      "usage,"
      " or\nthe file is not right; ",
      kPolicyFailures));
  return [arguments](Session& session) { return Apply(*arguments, session); };
}

Action SetUpPolicies(CLI::App& command) {
  auto arguments = std::make_shared<PoliciesArguments>();
  CLI::Option* document = command.add_flag("--document", arguments->document,
                                           "Write what was applied, as `apply` takes it");
  command.add_option("--revision", arguments->revision, "Not the newest, but this one")
      ->type_name("REVISION")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()))
      ->needs(document);
  command.add_flag("--revisions", arguments->revisions, "List who applied some, newest first")
      ->excludes(document);
  command.footer(absl::StrCat(
      "Prints a line for each policy in force, with tabs between: whose (* all, TENANT,\n"
      "TENANT/STREAM), whether it was configured or applied, its settings. With --revisions:\n"
      "revision, when, by whom, why.\n\nExit codes: 0 done, 1 that revision is not kept, 2 usage, ",
      kPolicyFailures));
  return [arguments](Session& session) { return Show(*arguments, session); };
}

}  // namespace bounced::cli

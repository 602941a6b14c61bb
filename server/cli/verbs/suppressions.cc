// bouncectl list, get, add, remove
#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "server/cli/each_address.h"
#include "server/cli/filter_arguments.h"
#include "server/cli/lists.h"
#include "server/cli/suppression_text.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

constexpr std::int64_t kSuppressionPageRows = 1'000;
constexpr const char* kLineHelp =
    "Prints a line for each, with tabs between: address, stream, source, reason, class, time "
    "made,\n"
    "time of its end; - stands for none (no stream: all of them; no end: until it is taken off).";

struct ListArguments {
  FilterArguments filter;
  std::int64_t limit = 0;
};

absl::StatusOr<ExitCode> List(const ListArguments& arguments, Session& session) {
  absl::StatusOr<v1::SuppressionFilter> filter = arguments.filter.ToFilter(session);
  if (!filter.ok()) return filter.status();
  auto stub = session.client().Stub<v1::SuppressionService>();
  v1::ListSuppressionsRequest request;
  request.set_tenant(session.tenant());
  *request.mutable_filter() = *std::move(filter);
  const absl::Status status = ReadPages(
      session, *stub, &v1::SuppressionService::Stub::ListSuppressions, request,
      kSuppressionPageRows, arguments.limit, [&](const v1::ListSuppressionsResponse& page) {
        for (const v1::Suppression& suppression : page.suppressions()) {
          PrintSuppression(session, suppression);
        }
        return page.suppressions_size();
      });
  if (!status.ok()) return status;
  return ExitCode::kDone;
}

struct KeyArguments {
  std::vector<std::string> addresses;
  std::string source;
};

absl::StatusOr<ExitCode> Get(const KeyArguments& arguments, Session& session) {
  absl::StatusOr<v1::Source> source = ParseSource(arguments.source);
  if (!source.ok()) return source.status();
  v1::GetSuppressionRequest request;
  request.set_tenant(session.tenant());
  request.set_stream(session.stream());
  request.set_address(arguments.addresses.front());
  request.set_source(*source);
  v1::GetSuppressionResponse response;
  auto stub = session.client().Stub<v1::SuppressionService>();
  absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
    return stub->GetSuppression(context, request, &response);
  });
  if (!status.ok()) return status;
  const v1::Suppression& found = response.suppression();
  PrintSuppression(session, found);
  if (!session.json() && !found.explanation().empty()) {
    session.out().Text(absl::StrCat("  ", Shown(found.explanation()), "\n"));
  }
  return ExitCode::kDone;
}

struct AddArguments {
  std::vector<std::string> addresses;
  std::string reason;
  std::string explanation;
  std::optional<std::string> expires;
  bool replace = false;
};

absl::StatusOr<ExitCode> Add(const AddArguments& arguments, Session& session) {
  v1::CreateSuppressionRequest request;
  request.set_replace(arguments.replace);
  request.set_author(session.author());
  v1::Suppression& wanted = *request.mutable_suppression();
  wanted.set_tenant(session.tenant());
  wanted.set_stream(session.stream());
  wanted.set_reason(arguments.reason);
  wanted.set_explanation(arguments.explanation);
  if (arguments.expires) {
    absl::StatusOr<absl::Time> end =
        ParseTime(*arguments.expires, session.now(), Direction::kFuture);
    if (!end.ok()) return end.status();
    *wanted.mutable_expire_time() = ToTimestamp(*end);
  }
  auto stub = session.client().Stub<v1::SuppressionService>();
  return ForEachAddress(session, arguments.addresses, [&](const std::string& address) {
    wanted.set_address(address);
    v1::CreateSuppressionResponse response;
    absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
      return stub->CreateSuppression(context, request, &response);
    });
    if (absl::IsAlreadyExists(status)) {
      return absl::AlreadyExistsError(absl::StrCat(
          Shown(address), " is suppressed by hand already; --replace puts this in its place"));
    }
    if (status.ok()) PrintSuppression(session, response.suppression());
    return status;
  });
}

struct RemoveArguments {
  KeyArguments key;
  std::string cause;
};

absl::StatusOr<ExitCode> Remove(const RemoveArguments& arguments, Session& session) {
  absl::StatusOr<v1::Source> source = ParseSource(arguments.key.source);
  if (!source.ok()) return source.status();
  v1::DeleteSuppressionRequest request;
  request.set_tenant(session.tenant());
  request.set_stream(session.stream());
  request.set_source(*source);
  request.set_cause(arguments.cause);
  request.set_author(session.author());
  auto stub = session.client().Stub<v1::SuppressionService>();
  const AddressAction remove = [&](const std::string& address) {
    request.set_address(address);
    v1::DeleteSuppressionResponse response;
    absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
      return stub->DeleteSuppression(context, request, &response);
    });
    if (absl::IsNotFound(status)) {
      return absl::NotFoundError(absl::StrCat(
          Shown(address),
          " is not suppressed here; `bouncectl explain` shows what stands in other streams"));
    }
    for (const v1::Suppression& removed : response.suppressions()) {
      PrintSuppression(session, removed);
    }
    return status;
  };
  const std::vector<std::string>& addresses = arguments.key.addresses;
  if (addresses.size() == 1 && addresses[0] == "-") return ForEachAddressOfInput(session, remove);
  return ForEachAddress(session, addresses, remove);
}

void AddSource(CLI::App& command, std::string& source) {
  command.add_option("--source", source, "Only the one that comes from this: " + SourceWords())
      ->type_name("WORD");
}

}  // namespace

Action SetUpList(CLI::App& command) {
  auto arguments = std::make_shared<ListArguments>();
  arguments->filter.AddTo(command);
  command.add_option("--limit", arguments->limit, "At most so many rows (default: all)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  command.footer(absl::StrCat(
      kLineHelp,
      "\n--stream '' lists only those for all streams. Expired ones are listed too.\n\n"
      "Exit codes: 0 done, 2 usage, 3 the server could not be reached, did not allow it,\n"
      "or failed"));
  return [arguments](Session& session) { return List(*arguments, session); };
}

Action SetUpGet(CLI::App& command) {
  auto arguments = std::make_shared<KeyArguments>();
  command.add_option("ADDRESS", arguments->addresses, "The address")
      ->required()
      ->expected(1)
      ->type_name("");
  AddSource(command, arguments->source);
  command.footer(absl::StrCat(
      kLineHelp,
      "\nOf several the one that lasts longest. It may have expired: `check` tells.\n\n"
      "Exit codes: 0 found, 1 there is none, 2 usage, 3 the server could not be reached,\n"
      "did not allow it, or failed"));
  return [arguments](Session& session) { return Get(*arguments, session); };
}

Action SetUpAdd(CLI::App& command) {
  auto arguments = std::make_shared<AddArguments>();
  command.add_option("ADDRESS", arguments->addresses, "The addresses")->required()->type_name("");
  command.add_option("--reason", arguments->reason, "A word for why (default: manual)")
      ->type_name("WORD");
  command.add_option("--explanation", arguments->explanation, "A sentence for people")
      ->type_name("TEXT");
  command
      .add_option("--expires", arguments->expires,
                  "When it ends: 30d from now, 2026-01-31, 2026-01-31T12:00:00Z (default: never)")
      ->type_name("TIME");
  command.add_flag("--replace", arguments->replace, "In place of one that was added before");
  command.footer(
      absl::StrCat(kLineHelp,
                   "\nThe others are added also where some are no addresses.\n\n"
                   "Exit codes: 0 done, 1 some were suppressed by hand already, 2 usage, or some "
                   "are no\n"
                   "addresses, 3 the server could not be reached, did not allow it, or failed"));
  return [arguments](Session& session) { return Add(*arguments, session); };
}

Action SetUpRemove(CLI::App& command) {
  auto arguments = std::make_shared<RemoveArguments>();
  command
      .add_option("ADDRESS", arguments->key.addresses,
                  "The addresses; - alone: a line each on standard input")
      ->required()
      ->type_name("");
  AddSource(command, arguments->key.source);
  command.add_option("--cause", arguments->cause, "Why, for the history")->type_name("TEXT");
  command.footer(absl::StrCat(
      kLineHelp,
      "\nWithout --stream it takes off what holds for all streams. Bounces of mail that went out\n"
      "before today no longer count; new ones do. The others are taken off also where some are no\n"
      "addresses.\n\n"
      "Exit codes: 0 done, 1 some were not suppressed, 2 usage, or some are no addresses, 3 the\n"
      "server could not be reached, did not allow it, or failed"));
  return [arguments](Session& session) { return Remove(*arguments, session); };
}

}  // namespace bounced::cli

// bouncectl allow, disallow, allowed
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "server/cli/each_address.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

constexpr std::int32_t kAllowancePageRows = 1'000;
constexpr const char* kAllowanceLineHelp =
    "Prints a line for each, with tabs between: address, time made, author, note; - stands for\n"
    "none. @example.com as an address is all of that domain, --tenant '*' all tenants.";

struct AllowanceArguments {
  std::vector<std::string> addresses;
  std::string why;
};

void Print(const v1::Allowance& allowance, Session& session) {
  if (session.json()) return session.out().Json(allowance);
  session.out().Line({allowance.address(), OrDash(LineTime(allowance.create_time())),
                      OrDash(allowance.author()), OrDash(allowance.note())});
}

absl::StatusOr<ExitCode> Allow(const AllowanceArguments& arguments, Session& session) {
  v1::CreateAllowanceRequest request;
  request.set_tenant(session.tenant());
  request.set_note(arguments.why);
  request.set_author(session.author());
  auto stub = session.client().Stub<v1::SuppressionService>();
  return ForEachAddress(session, arguments.addresses, [&](const std::string& address) {
    request.set_address(address);
    v1::CreateAllowanceResponse response;
    absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
      return stub->CreateAllowance(context, request, &response);
    });
    if (absl::IsAlreadyExists(status)) {
      return absl::AlreadyExistsError(absl::StrCat(Shown(address), " is allowed already"));
    }
    if (status.ok()) Print(response.allowance(), session);
    return status;
  });
}

absl::StatusOr<ExitCode> Disallow(const AllowanceArguments& arguments, Session& session) {
  v1::DeleteAllowanceRequest request;
  request.set_tenant(session.tenant());
  request.set_cause(arguments.why);
  request.set_author(session.author());
  auto stub = session.client().Stub<v1::SuppressionService>();
  return ForEachAddress(session, arguments.addresses, [&](const std::string& address) {
    request.set_address(address);
    v1::DeleteAllowanceResponse response;
    absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
      return stub->DeleteAllowance(context, request, &response);
    });
    if (absl::IsNotFound(status)) {
      return absl::NotFoundError(absl::StrCat(Shown(address), " is not allowed here"));
    }
    return status;
  });
}

absl::StatusOr<ExitCode> Allowed(Session& session) {
  v1::ListAllowancesRequest request;
  request.set_tenant(session.tenant());
  request.set_page_size(kAllowancePageRows);
  auto stub = session.client().Stub<v1::SuppressionService>();
  do {
    v1::ListAllowancesResponse page;
    const absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
      return stub->ListAllowances(context, request, &page);
    });
    if (!status.ok()) return status;
    for (const v1::Allowance& allowance : page.allowances()) Print(allowance, session);
    session.out().Flush();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return ExitCode::kDone;
}

std::shared_ptr<AllowanceArguments> AddAddresses(CLI::App& command) {
  auto arguments = std::make_shared<AllowanceArguments>();
  command.add_option("ADDRESS", arguments->addresses, "The addresses, or @domains")
      ->required()
      ->type_name("");
  return arguments;
}

}  // namespace

Action SetUpAllow(CLI::App& command) {
  auto arguments = AddAddresses(command);
  command.add_option("--note", arguments->why, "Why, for people")->type_name("TEXT");
  command.footer(absl::StrCat(
      kAllowanceLineHelp,
      "\nWhat bounces have done is overruled meanwhile. Complaints, mail to unsubscribe and what\n"
      "was suppressed by hand still hold.\n\n"
      "Exit codes: 0 done, 1 some were allowed already, 2 usage, or some are no addresses, 3 the\n"
      "server could not be reached, did not allow it, or failed"));
  return [arguments](Session& session) { return Allow(*arguments, session); };
}

Action SetUpDisallow(CLI::App& command) {
  auto arguments = AddAddresses(command);
  command.add_option("--cause", arguments->why, "Why, for the history")->type_name("TEXT");
  command.footer(
      "What stands against them holds again. Bounces that came meanwhile are not counted.\n\n"
      "Exit codes: 0 done, 1 some were not allowed, 2 usage, or some are no addresses, 3 the\n"
      "server could not be reached, did not allow it, or failed");
  return [arguments](Session& session) { return Disallow(*arguments, session); };
}

Action SetUpAllowed(CLI::App& command) {
  command.footer(absl::StrCat(
      kAllowanceLineHelp,
      "\n\nExit codes: 0 done, 2 usage, 3 the server could not be reached, did not allow it,\n"
      "or failed"));
  return [](Session& session) { return Allowed(session); };
}

}  // namespace bounced::cli

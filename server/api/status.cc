#include "server/api/status.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced::api {
namespace {

struct Row {
  absl::StatusCode code;
  grpc::StatusCode wire;
  // For the caller; null: the status's own message.
  const char* instead;
};

constexpr Row kRows[] = {
    {absl::StatusCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT, nullptr},
    {absl::StatusCode::kNotFound, grpc::StatusCode::NOT_FOUND, nullptr},
    {absl::StatusCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS, nullptr},
    {absl::StatusCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION, nullptr},
    {absl::StatusCode::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED, nullptr},
    {absl::StatusCode::kAborted, grpc::StatusCode::ABORTED, nullptr},
    {absl::StatusCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED, nullptr},
    {absl::StatusCode::kCancelled, grpc::StatusCode::CANCELLED, nullptr},
    {absl::StatusCode::kUnavailable, grpc::StatusCode::UNAVAILABLE,
     "the store cannot serve now; try again"},
    {absl::StatusCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED,
     "there is too much to do, or no space left; try again, slower"},
    {absl::StatusCode::kDataLoss, grpc::StatusCode::DATA_LOSS,
     "the store failed; its operator finds the cause in the daemon's log"},
};
constexpr Row kUnforeseen = {absl::StatusCode::kInternal, grpc::StatusCode::INTERNAL,
                             "a fault of the server; its operator finds it in the daemon's log"};

}  // namespace

grpc::Status ToGrpc(const absl::Status& status, const Log& log) {
  if (status.ok()) return grpc::Status::OK;
  Row row = kUnforeseen;
  for (const Row& each : kRows) {
    if (each.code == status.code()) row = each;
  }
  if (row.instead == nullptr) return grpc::Status(row.wire, std::string(status.message()));
  log.Warning("api.failed", {{"code", Std(absl::StatusCodeToString(status.code()))},
                             {"message", Std(status.message())}});
  return grpc::Status(row.wire, row.instead);
}

absl::Status Invalid(std::string_view field, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(Absl(field), ": ", Absl(what)));
}

}  // namespace bounced::api

#include "server/intake/secret_file.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/text_file.h"

namespace bounced {
namespace {

// What to do about a file that was not read.
const char* AdviceFor(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kNotFound:
      return ": make it";
    case absl::StatusCode::kPermissionDenied:
      return ": let the daemon's user read it, and nobody else";
    case absl::StatusCode::kInvalidArgument:
      return ": is it the right file?";
    default:
      return "";
  }
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  absl::StatusOr<std::string> content =
      ReadTextFile(path, kMaxSecretFileOctets, FileKind::kPrivate);
  if (!content.ok()) {
    const absl::Status& status = content.status();
    return absl::Status(status.code(),
                        absl::StrCat("key file ", status.message(), AdviceFor(status.code())));
  }
  content->erase(content->find_last_not_of(" \t\r\n") + 1);
  if (content->size() < kMinSecretFileOctets) {
    return absl::InvalidArgumentError(
        absl::StrCat("key file ", path, ": holds fewer than ", kMinSecretFileOctets,
                     " octets: fill it with, say, openssl rand -base64 32"));
  }
  return content;
}

}  // namespace bounced

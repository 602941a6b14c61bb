#include "storage/sqlite/file_identity.h"

#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/directory.h"

namespace bounced {

absl::Status FileIdentity::Check() {
  struct stat status {};
  const bool is_there = stat(file_.c_str(), &status) == 0;
  if (!is_there && errno != ENOENT) return FileStatus(errno, file_);
  if (!seen_) {
    if (is_there) seen_.emplace(status.st_dev, status.st_ino);
    return absl::OkStatus();
  }
  if (is_there && *seen_ == std::pair(status.st_dev, status.st_ino)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      file_, ": was ", is_there ? "replaced" : "removed",
      " while it was open; nothing more is written, and what was written since is lost with the "
      "file that was there; see who did it, put the right file in its place (bounced --restore "
      "FILE), and restart"));
}

}  // namespace bounced

#include "server/cli/resume_file.h"

#include <CLI/CLI.hpp>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/output.h"
#include "server/cli/streams.h"

namespace bounced::cli {
namespace {

constexpr std::size_t kMaxTokenOctets = 1'000;

}  // namespace

CLI::Option* AddResumeFile(CLI::App& command, std::string& path, const std::string& help) {
  return command.add_option("--resume-file", path, help)
      ->type_name("FILE")
      ->check([](const std::string& name) {
        return name.empty() ? "the name of the file is empty" : "";
      });
}

absl::StatusOr<std::optional<std::string>> ReadResumeFile(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return std::nullopt;
  absl::StatusOr<std::unique_ptr<Source>> source = OpenSource(path);
  if (!source.ok()) return source.status();
  absl::StatusOr<std::string> text = ReadAll(**source, kMaxTokenOctets);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        absl::StrCat(Shown(path), ": holds no token: ", text.status().message()));
  }
  return std::string(StripBlanks(*text));
}

absl::Status WriteResumeFile(const std::string& path, const std::string& token) {
  absl::StatusOr<std::unique_ptr<OutputFile>> file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->sink().Write(token + "\n");
  if (status.ok()) status = (*file)->Commit();
  return status;
}

}  // namespace bounced::cli

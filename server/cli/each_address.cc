#include "server/cli/each_address.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/lines.h"

namespace bounced::cli {
namespace {

// Of standard input that are read at once.
constexpr std::size_t kAddressLinesAtOnce = 1'000;

// What has become of one, once it is told; an error ends the list.
absl::StatusOr<ExitCode> Settle(Session& session, const std::string& place,
                                const std::string& address, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kDone;
    case absl::StatusCode::kInvalidArgument:
      session.err().Text(
          absl::StrCat("bouncectl: ", place, Shown(address), ": ", status.message(), "\n"));
      return ExitCode::kUsage;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kNotFound:
      session.err().Text(absl::StrCat("bouncectl: ", place, status.message(), "\n"));
      return ExitCode::kFound;
    default:
      return absl::Status(status.code(), absl::StrCat(place, status.message()));
  }
}

absl::StatusOr<ExitCode> ActOnLine(Session& session, const AddressAction& action, const Line& line,
                                   std::uint64_t number) {
  if (line.text.empty()) return ExitCode::kDone;
  const std::string place = absl::StrCat("line ", number, ": ");
  if (line.is_cut) {
    session.err().Text(
        absl::StrCat("bouncectl: ", place, "longer than ", kMaxLineOctets, " octets\n"));
    return ExitCode::kUsage;
  }
  return Settle(
      session, place, line.text,
      IsValidUtf8(line.text) ? action(line.text) : absl::InvalidArgumentError("not UTF-8"));
}

}  // namespace

absl::StatusOr<ExitCode> ForEachAddress(Session& session, const std::vector<std::string>& addresses,
                                        const AddressAction& action) {
  ExitCode worst = ExitCode::kDone;
  for (const std::string& address : addresses) {
    absl::StatusOr<ExitCode> code = Settle(session, "", address, action(address));
    if (!code.ok()) return code;
    worst = std::max(worst, *code);
  }
  return worst;
}

absl::StatusOr<ExitCode> ForEachAddressOfInput(Session& session, const AddressAction& action) {
  ExitCode worst = ExitCode::kDone;
  LineReader lines(session.in());
  for (std::uint64_t number = 1;;) {
    absl::StatusOr<std::vector<Line>> batch = lines.Next(kAddressLinesAtOnce);
    if (!batch.ok()) return batch.status();
    if (batch->empty()) return worst;
    for (const Line& line : *batch) {
      absl::StatusOr<ExitCode> code = ActOnLine(session, action, line, number++);
      if (!code.ok()) return code;
      worst = std::max(worst, *code);
    }
    session.out().Flush();
  }
}

}  // namespace bounced::cli

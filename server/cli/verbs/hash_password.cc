// bouncectl hash-password
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/cli/lines.h"
#include "server/cli/verb.h"
#include "server/login/scram.h"

namespace bounced::cli {
namespace {

// Of one that is made here: 24 characters.
constexpr std::size_t kPasswordOctets = 18;

struct HashPasswordOptions {
  bool generate = false;
  int iterations = kDefaultScramIterations;
};

absl::StatusOr<std::string> ReadPassword(Session& session) {
  LineReader lines(session.in());
  absl::StatusOr<std::vector<Line>> line = lines.Next(1);
  if (!line.ok()) return line.status();
  if (line->empty() || line->front().text.empty()) {
    return absl::InvalidArgumentError(
        "no password: write it, on a line of its own, to standard input, or say --generate");
  }
  if (line->front().text.size() > kMaxPasswordOctets) {
    return absl::InvalidArgumentError(
        absl::StrCat("the password has more than ", kMaxPasswordOctets, " octets"));
  }
  return line->front().text;
}

absl::StatusOr<ExitCode> HashPassword(Session& session, const HashPasswordOptions& options) {
  absl::StatusOr<std::string> password =
      options.generate ? absl::WebSafeBase64Escape(RandomOctets(kPasswordOctets))
                       : ReadPassword(session);
  if (!password.ok()) return password.status();
  // The secret alone goes to standard output, so that it can be sent into a file.
  if (options.generate) session.err().Text(absl::StrCat("password: ", *password, "\n"));
  session.out().Text(absl::StrCat(
      ToString(MakeScramSecret(*password, RandomOctets(kScramSaltOctets), options.iterations)),
      "\n"));
  return ExitCode::kDone;
}

}  // namespace

Action SetUpHashPassword(CLI::App& command) {
  auto options = std::make_shared<HashPasswordOptions>();
  command.add_flag("--generate", options->generate,
                   "Make a password, and show it on standard error");
  command
      .add_option("--iterations", options->iterations,
                  absl::StrCat("How much work a guess is (default: ", kDefaultScramIterations, ")"))
      ->type_name("N")
      ->check(CLI::Range(kMinScramIterations, kMaxScramIterations));
  command.footer(
      "Reads a password from the first line of standard input, blanks around it dropped, and "
      "writes the secret that [[smtp.user]] of the configuration takes.");
  return [options](Session& session) { return HashPassword(session, *options); };
}

}  // namespace bounced::cli

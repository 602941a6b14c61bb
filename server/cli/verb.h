// The verbs of bouncectl. A new one is a file in verbs/, its line in CMakeLists.txt, a declaration
// below and a row in verb.cc.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "server/cli/exit_code.h"
#include "server/cli/session.h"

namespace CLI {
class App;
}

namespace bounced::cli {

// Does what the command line said. An error is printed by the caller and becomes an exit code.
using Action = std::function<absl::StatusOr<ExitCode>(Session&)>;

// Verbs that share a word in front of their names.
struct VerbGroup {
  const char* name;  // `return-path`
  const char* help;  // a line for the list of verbs
};

// The options that verbs share, as a set: a verb has no use for those that are not in its own.
using Shared = unsigned;
inline constexpr Shared kServer = 1;  // --server, --timeout
inline constexpr Shared kTenant = 2;
inline constexpr Shared kStream = 4;
inline constexpr Shared kJson = 8;
inline constexpr Shared kAllShared = kServer | kTenant | kStream | kJson;

// What the options of a verb's own take, but for names of files.
enum class Values {
  kText,    // UTF-8, as the API does
  kOctets,  // also what stands in files of other encodings, and what the verb itself tells from
            // text
};

// What --stream is to a verb, as its help says it.
inline constexpr const char* kStreamOfEntry =
    "The kind of mail (default: what holds for all kinds of mail)";
// Who asks whether to mail would take "all" for the list of any stream.
inline constexpr const char* kStreamOfVerdict =
    "The kind of mail that is to be sent; without it only what holds for all kinds counts, not who "
    "unsubscribed from one";
inline constexpr const char* kStreamOfRows = "Only those of this kind of mail (default: all)";
inline constexpr const char* kStreamOfMail =
    "The kind of mail, where a return path does not say it (default: none)";
inline constexpr const char* kStreamOfReturnPath = "The kind of mail (default: the domain's own)";

// For the check() of an option: empty, or what is wrong with a value that is to be text.
std::string NotUtf8(const std::string& value);

struct Verb {
  const VerbGroup* group;  // nullptr: none
  const char* name;
  const char* help;  // a line for the list of verbs
  // Adds the verb's own options and arguments to its command; the action that it returns owns what
  // they are read into.
  Action (*set_up)(CLI::App& command);
  Shared shared = kAllShared;
  Values values = Values::kText;             // of a verb that calls the server
  const char* stream_help = kStreamOfEntry;  // of a verb with kStream
};

// In the order of --help.
std::span<const Verb> Verbs();

Action SetUpCheck(CLI::App& command);
Action SetUpClean(CLI::App& command);
Action SetUpList(CLI::App& command);
Action SetUpGet(CLI::App& command);
Action SetUpAdd(CLI::App& command);
Action SetUpRemove(CLI::App& command);
Action SetUpAllow(CLI::App& command);
Action SetUpDisallow(CLI::App& command);
Action SetUpAllowed(CLI::App& command);
Action SetUpIncidents(CLI::App& command);
Action SetUpResolve(CLI::App& command);
Action SetUpImport(CLI::App& command);
Action SetUpExport(CLI::App& command);
Action SetUpWatch(CLI::App& command);
Action SetUpHistory(CLI::App& command);
Action SetUpUndo(CLI::App& command);
Action SetUpEvents(CLI::App& command);
Action SetUpEvidence(CLI::App& command);
Action SetUpClassify(CLI::App& command);
Action SetUpExplain(CLI::App& command);
Action SetUpForget(CLI::App& command);
Action SetUpReclassify(CLI::App& command);
Action SetUpIngest(CLI::App& command);
Action SetUpHashPassword(CLI::App& command);
Action SetUpMint(CLI::App& command);
Action SetUpVerify(CLI::App& command);
Action SetUpKeys(CLI::App& command);
Action SetUpRevoke(CLI::App& command);
Action SetUpApiKeyCreate(CLI::App& command);
Action SetUpApiKeyList(CLI::App& command);
Action SetUpApiKeyRevoke(CLI::App& command);
Action SetUpApiKeyHash(CLI::App& command);
Action SetUpApply(CLI::App& command);
Action SetUpPolicies(CLI::App& command);
Action SetUpRulesLint(CLI::App& command);
Action SetUpRulesTest(CLI::App& command);
Action SetUpRulesStats(CLI::App& command);
Action SetUpBackup(CLI::App& command);
Action SetUpIntegrity(CLI::App& command);

}  // namespace bounced::cli

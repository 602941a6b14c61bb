#include "server/cli/verb.h"

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/output.h"

namespace bounced::cli {
namespace {

constexpr VerbGroup kReturnPath = {"return-path", "Return paths: mint, verify, keys, revoke"};
constexpr VerbGroup kKeys = {"keys", "Keys of the API: create, list, revoke, hash"};
constexpr VerbGroup kRules = {"rules", "What diagnostics mean: lint, test, stats"};

constexpr Verb kVerbs[] = {
    {nullptr, "check", "Say of addresses whether they may be mailed", SetUpCheck, kAllShared,
     Values::kOctets, kStreamOfVerdict},
    {nullptr, "clean", "Take the addresses that must not be mailed out of a list", SetUpClean,
     kAllShared, Values::kOctets, kStreamOfVerdict},
    {nullptr, "explain", "Tell why an address has its verdict, and what would change it",
     SetUpExplain, kAllShared, Values::kText, kStreamOfVerdict},
    {nullptr, "list", "List suppressions, newest first", SetUpList, kAllShared, Values::kText,
     kStreamOfRows},
    {nullptr, "get", "Show the suppression of an address", SetUpGet},
    {nullptr, "add", "Suppress addresses by hand", SetUpAdd},
    {nullptr, "remove", "Take addresses off", SetUpRemove},
    {nullptr, "allow", "Have no bounce suppress an address or a domain", SetUpAllow,
     kServer | kTenant | kJson},
    {nullptr, "disallow", "Take that back", SetUpDisallow, kServer | kTenant | kJson},
    {nullptr, "allowed", "List what no bounce suppresses", SetUpAllowed, kServer | kTenant | kJson},
    {nullptr, "incidents", "List what a person is to look at", SetUpIncidents,
     kServer | kTenant | kJson},
    {nullptr, "resolve", "Say what becomes of an incident", SetUpResolve,
     kServer | kTenant | kJson},
    {nullptr, "import", "Take over a list of suppressed addresses", SetUpImport, kAllShared,
     Values::kOctets},
    {nullptr, "export", "Write all suppressions as CSV, or all that is known of one address",
     SetUpExport, kAllShared, Values::kText, kStreamOfRows},
    {nullptr, "forget", "Take the text of an address out of all that is stored", SetUpForget,
     kServer | kTenant | kJson},
    {nullptr, "watch", "Print each change of a suppression as it comes", SetUpWatch,
     kServer | kTenant | kJson},
    {nullptr, "history", "List what was done to suppressions, newest first", SetUpHistory,
     kServer | kTenant | kJson},
    {nullptr, "undo", "Put back what stood before changes", SetUpUndo, kServer | kTenant | kJson},
    {nullptr, "events", "List what came back, newest first", SetUpEvents,
     kServer | kTenant | kJson},
    {nullptr, "evidence", "Write the message that an event rests on", SetUpEvidence,
     kServer | kTenant},
    {nullptr, "classify", "Say what messages mean; needs no server", SetUpClassify, kJson},
    {nullptr, "reclassify", "Run today's rules over what came back, and say what changes",
     SetUpReclassify, kServer | kTenant | kJson},
    {nullptr, "ingest", "Hand in messages as if they had come by SMTP, or a mail server's log",
     SetUpIngest, kAllShared, Values::kText, kStreamOfMail},
    {nullptr, "hash-password", "Make the secret of a user who logs in to SMTP; needs no server",
     SetUpHashPassword, 0},
    {&kReturnPath, "mint", "Make the return path for a mail to a recipient", SetUpMint, kAllShared,
     Values::kText, kStreamOfReturnPath},
    {&kReturnPath, "verify", "Say what a return path vouches for", SetUpVerify, kServer | kJson},
    {&kReturnPath, "keys", "List the keys of return paths", SetUpKeys, kServer | kTenant | kJson},
    {&kReturnPath, "revoke", "Let a key that leaked count no more, and say what rests on it",
     SetUpRevoke, kServer | kJson},
    {&kKeys, "create", "Make a key that calls the API, and show it once", SetUpApiKeyCreate,
     kServer | kTenant | kJson},
    {&kKeys, "list", "List the keys of the API", SetUpApiKeyList, kServer | kTenant | kJson},
    {&kKeys, "revoke", "Let keys of the API count no more", SetUpApiKeyRevoke, kServer | kJson},
    {&kKeys, "hash", "Make what a configuration takes of a key; needs no server", SetUpApiKeyHash,
     0},
    {nullptr, "apply", "Put policies of tenants and streams in force", SetUpApply, kServer | kJson},
    {nullptr, "policies", "Show the policies in force", SetUpPolicies, kServer | kJson},
    {&kRules, "lint", "Say what is wrong with files of rules; needs no server", SetUpRulesLint,
     kJson},
    {&kRules, "test", "Try the examples of all rules; needs no server", SetUpRulesTest, kJson},
    {&kRules, "stats", "Say how often each rule has decided", SetUpRulesStats, kServer | kJson},
    {nullptr, "backup", "Write a copy of the whole database while it serves", SetUpBackup,
     kServer | kJson},
    {nullptr, "integrity", "Say what is wrong with the database", SetUpIntegrity, kServer | kJson},
};

}  // namespace

std::string NotUtf8(const std::string& value) {
  return IsValidUtf8(value) ? "" : absl::StrCat("not UTF-8: ", Shown(value));
}

std::span<const Verb> Verbs() { return kVerbs; }

}  // namespace bounced::cli

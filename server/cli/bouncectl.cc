#include "server/cli/bouncectl.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/cli/help_text.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

constexpr const char* kVersion = BOUNCED_VERSION;

constexpr const char* kExitCodes =
    "Exit codes:\n"
    "  0  done\n"
    "  1  found something, as grep does: an address not to be mailed, a row that was refused;\n"
    "     or there is nothing of that name, or something stands in the way\n"
    "  2  the command line, a file, or a value in one is not as it has to be\n"
    "  3  the server could not be reached, did not allow it, or failed";

// Those that are in `shared`.
void AddSharedOptions(CLI::App& command, Shared shared, const char* stream_help,
                      SharedOptions& options) {
  constexpr const char* kGroup = "Options that verbs share";
  if ((shared & kServer) != 0) {
    command
        .add_option("--server", options.connection.server,
                    absl::StrCat("Where bounced listens (default: BOUNCED_SERVER, else ",
                                 std::string(kDefaultServer), ")"))
        ->type_name("HOST:PORT|unix:PATH")
        ->group(kGroup);
    ConnectionWords& words = options.connection;
    const auto file = [&](const char* name, std::string& place, const char* help) {
      command.add_option(name, place, help)->type_name("FILE")->group(kGroup);
    };
    file("--token-file", words.token_file,
         "Where the key of the API lies; else it is what BOUNCED_TOKEN holds");
    file("--ca-file", words.ca_file,
         "Who signs the server's certificate (default: as the machine)");
    file("--cert-file", words.cert_file, "Our own certificate, for servers that ask for one");
    file("--key-file", words.key_file, "The key of --cert-file");
    command
        .add_flag("--tls", words.tls, "Under TLS (default: unless the server is on this machine)")
        ->group(kGroup);
    command.add_flag("--plaintext", words.plaintext, "Without TLS, and then without a key")
        ->group(kGroup);
  }
  if ((shared & kTenant) != 0) {
    command.add_option("--tenant", options.tenant, "Whose list (default: default)")
        ->type_name("NAME")
        ->check(NotUtf8)
        // A variable of a script that was not set.
        ->check([](const std::string& name) { return name.empty() ? "must not be empty" : ""; })
        ->group(kGroup);
  }
  if ((shared & kStream) != 0) {
    command.add_option("--stream", options.stream, stream_help)
        ->type_name("NAME")
        ->check(NotUtf8)
        ->group(kGroup);
  }
  if ((shared & kServer) != 0) {
    command
        .add_option("--timeout", options.timeout_seconds,
                    "Wait so long for an answer (default: 30)")
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 86'400))
        ->group(kGroup);
  }
  if ((shared & kJson) != 0) {
    command.add_flag("--json", options.json, "Answer in JSON, one object a line")->group(kGroup);
  }
}

// What is not UTF-8 could not be sent, and the server could only say that it makes no sense of it.
void CheckValues(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    const bool is_file = option->get_type_name() == "FILE" || option->get_single_name() == "FILE";
    if (option->get_items_expected_max() > 0 && !is_file) option->check(NotUtf8);
  }
}

// One command line as CLI11 reads it; the verb that it names leaves its action here.
class CommandLine {
 public:
  explicit CommandLine(SharedOptions& options)
      : app_("Asks the bounce daemon, and tells it.", "bouncectl") {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", std::string("bouncectl ") + kVersion);
    AddSharedOptions(app_, kAllShared, "The kind of mail; without it, see the verb's help",
                     options);
    app_.footer(kExitCodes);
    for (const Verb& verb : Verbs()) AddVerb(verb, options);
  }

  void Parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app_.parse(std::move(arguments));
  }
  const Action& action() const { return action_; }
  bool NeedsServer() const { return (shared_ & kServer) != 0; }
  bool HasVerb(const std::string& word) const {
    return std::any_of(Verbs().begin(), Verbs().end(), [&word](const Verb& verb) {
      return word == (verb.group != nullptr ? verb.group->name : verb.name);
    });
  }
  // Help, or what is wrong with the command line.
  ExitCode Tell(const CLI::ParseError& error, Output& out, Output& err) const {
    std::ostringstream help;
    std::ostringstream complaint;
    const int code = app_.exit(error, help, complaint);
    out.Text(help.str());
    if (code != 0) err.Text("bouncectl: ");
    err.Text(complaint.str());
    return code == 0 ? ExitCode::kDone : ExitCode::kUsage;
  }

 private:
  void AddVerb(const Verb& verb, SharedOptions& options) {
    CLI::App* parent = &app_;
    if (verb.group != nullptr) {
      CLI::App*& group = groups_[verb.group->name];
      if (group == nullptr) {
        group = app_.add_subcommand(verb.group->name, verb.group->help);
        group->require_subcommand(1);
      }
      parent = group;
    }
    CLI::App* command = parent->add_subcommand(verb.name, verb.help);
    Action action = verb.set_up(*command);
    if ((verb.shared & kServer) != 0 && verb.values == Values::kText) CheckValues(*command);
    AddSharedOptions(*command, verb.shared, verb.stream_help, options);
    const std::string footer = command->get_footer();
    command->footer(Wrapped(footer.empty() ? kExitCodes : footer));
    command->callback([this, action = std::move(action), shared = verb.shared] {
      action_ = action;
      shared_ = shared;
    });
  }

  CLI::App app_;
  std::map<std::string, CLI::App*> groups_;
  Action action_;
  Shared shared_ = 0;  // what the verb takes
};

ExitCode RunVerb(const Action& action, Session& session) {
  absl::StatusOr<ExitCode> code = action(session);
  absl::Status status = code.status();
  status.Update(session.out().Finish());
  if (!status.ok()) {
    session.err().Text(absl::StrCat("bouncectl: ", status.message(), "\n"));
    code = ToExitCode(status);
  }
  session.err().Flush();
  return *code;
}

}  // namespace

ExitCode RunBouncectl(std::vector<std::string> arguments, Environment environment) {
  SharedOptions options;
  options.connection.server = environment.server;
  options.connection.token = environment.token;
  CommandLine command_line(options);
  Output out(environment.out, environment.out_is_terminal);
  Output err(environment.err, environment.err_is_terminal);
  if (!arguments.empty() && !arguments[0].starts_with('-') && !command_line.HasVerb(arguments[0])) {
    err.Text(absl::StrCat("bouncectl: no verb is called ", Shown(arguments[0]),
                          "; bouncectl --help lists them\n"));
    err.Flush();
    return ExitCode::kUsage;
  }
  try {
    command_line.Parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    const ExitCode code = command_line.Tell(error, out, err);
    const bool written = out.Finish().ok();
    err.Flush();
    return written ? code : ExitCode::kUnreachable;
  }
  absl::StatusOr<ClientOptions> connection =
      command_line.NeedsServer() ? ReadConnection(options.connection) : ClientOptions();
  if (!connection.ok()) {
    err.Text(absl::StrCat("bouncectl: ", connection.status().message(), "\n"));
    err.Flush();
    return ExitCode::kUsage;
  }
  Session session(std::move(environment), std::move(options), *std::move(connection));
  return RunVerb(command_line.action(), session);
}

}  // namespace bounced::cli

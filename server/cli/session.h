// What a verb works with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/cli/client.h"
#include "server/cli/exit_code.h"
#include "server/cli/output.h"
#include "server/cli/streams.h"

namespace bounced::cli {

inline constexpr std::string_view kDefaultServer = "127.0.0.1:7025";

// The world as the program finds it.
struct Environment {
  Source& in;
  Sink& out;
  Sink& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::string server = std::string(kDefaultServer);  // BOUNCED_SERVER
  std::string token = "";                            // BOUNCED_TOKEN
  std::string author = "bouncectl";                  // who asks, for the history of changes
  const Clock& clock;
};

// The options that verbs share (verb.h).
struct SharedOptions {
  ConnectionWords connection;
  std::string tenant;
  std::optional<std::string> stream;
  int timeout_seconds = 30;
  bool json = false;
};

// One run of a verb. Belongs to its thread.
class Session {
 public:
  // `connection`: none for a verb that needs no server.
  Session(Environment environment, SharedOptions options, ClientOptions connection)
      : environment_(std::move(environment)),
        options_(std::move(options)),
        connection_(std::move(connection)),
        out_(environment_.out, environment_.out_is_terminal),
        err_(environment_.err, environment_.err_is_terminal) {}

  Source& in() { return environment_.in; }
  Output& out() { return out_; }
  Output& err() { return err_; }
  const Clock& clock() const { return environment_.clock; }
  absl::Time now() const { return environment_.clock.Now(); }

  const std::string& tenant() const { return options_.tenant; }
  // Empty when it was not given; stream_was_given() tells.
  std::string stream() const { return options_.stream.value_or(""); }
  bool stream_was_given() const { return options_.stream.has_value(); }
  bool json() const { return options_.json; }
  const std::string& author() const { return environment_.author; }

  // Made when first asked for: some verbs need no server.
  Client& client() {
    if (!client_) client_.emplace(connection_, absl::Seconds(options_.timeout_seconds), clock());
    return *client_;
  }

 private:
  Environment environment_;
  SharedOptions options_;
  const ClientOptions connection_;
  Output out_;
  Output err_;
  std::optional<Client> client_;
};

}  // namespace bounced::cli

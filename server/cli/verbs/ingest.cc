// bouncectl ingest
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bounced/v1/bounce.grpc.pb.h"
#include "bounced/v1/return_path.grpc.pb.h"
#include "parser/text.h"
#include "server/cli/delivered_to.h"
#include "server/cli/json.h"
#include "server/cli/message_files.h"
#include "server/cli/verb.h"
#include "server/cli/verbs/ingest_log.h"

namespace bounced::cli {
namespace {

constexpr std::size_t kChunkOctets = 256 << 10;

struct IngestArguments {
  std::vector<std::string> paths;
  std::string return_path;
  std::optional<std::string> reverse_path;
  LogArguments log;
};

class Ingester {
 public:
  Ingester(const IngestArguments& arguments, Session& session)
      : arguments_(arguments),
        session_(session),
        bounces_(session.client().Stub<v1::BounceService>()),
        return_paths_(session.client().Stub<v1::ReturnPathService>()) {}

  absl::StatusOr<ExitCode> Run() {
    for (const std::string& path : arguments_.paths) {
      absl::Status status = path == "-" ? TakeSource(session_.in(), "-") : TakePath(path);
      if (!status.ok()) return status;
    }
    return refused_ ? ExitCode::kFound : ExitCode::kDone;
  }

 private:
  absl::Status TakePath(const std::string& path) {
    absl::StatusOr<std::vector<std::string>> files = ListMessageFiles(path);
    if (!files.ok()) return files.status();
    for (const std::string& file : *files) {
      absl::StatusOr<std::unique_ptr<Source>> source = OpenSource(file);
      if (!source.ok()) return source.status();
      if (absl::Status status = TakeSource(**source, file); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status TakeSource(Source& source, const std::string& name) {
    return ForEachMessage(source, name,
                          [this](const MessageInFile& message) { return Take(message); });
  }

  // One message that the server does not want does not keep it from the others.
  absl::Status Take(const MessageInFile& message) {
    absl::StatusOr<std::string> return_path = ReturnPathOf(message.octets);
    if (return_path.status().code() == absl::StatusCode::kNotFound) {
      Refuse(message.name, return_path.status());
      return absl::OkStatus();
    }
    if (!return_path.ok()) return return_path.status();
    v1::IngestResponse response;
    absl::Status status = Ingest(message.octets, *return_path, response);
    if (status.code() == absl::StatusCode::kInvalidArgument) {
      Refuse(message.name, status);
      return absl::OkStatus();
    }
    if (status.ok()) Tell(message.name, response);
    return status;
  }

  // NOT_FOUND: none of the addresses that it may have come to is one.
  absl::StatusOr<std::string> ReturnPathOf(std::string_view message) {
    if (!arguments_.return_path.empty()) return arguments_.return_path;
    const std::vector<std::string> candidates = DeliveredTo(message);
    for (const std::string& candidate : candidates) {
      if (!IsValidUtf8(candidate)) continue;
      v1::VerifyRequest request;
      request.set_return_path(candidate);
      v1::VerifyResponse response;
      absl::Status status = session_.client().Unary([&](grpc::ClientContext* context) {
        return return_paths_->Verify(context, request, &response);
      });
      if (status.ok() && response.accepted()) return candidate;
      const bool is_no_address = status.code() == absl::StatusCode::kInvalidArgument;
      if (!status.ok() && !is_no_address) return status;
    }
    return absl::NotFoundError(
        candidates.empty() ? "it names no address that it came to; give --return-path"
                           : absl::StrCat("no return path of the server is among the addresses "
                                          "that it came to: ",
                                          absl::StrJoin(candidates, ", ")));
  }

  absl::Status Ingest(std::string_view message, const std::string& return_path,
                      v1::IngestResponse& response) {
    grpc::ClientContext context;
    Watchdog watchdog(context, session_.client().patience());
    auto stream = bounces_->Ingest(&context, &response);
    v1::IngestRequest request;
    request.set_return_path(return_path);
    request.set_reverse_path(arguments_.reverse_path.value_or(WrittenReversePath(message)));
    Watchdog::Wait wait(watchdog);
    for (bool more = true; more;) {
      const std::size_t octets = std::min(kChunkOctets, message.size());
      request.set_chunk(message.data(), octets);
      message.remove_prefix(octets);
      more = stream->Write(request) && !message.empty();
      request.Clear();
    }
    stream->WritesDone();
    return session_.client().FromGrpc(stream->Finish(), watchdog);
  }

  void Tell(const std::string& name, const v1::IngestResponse& response) {
    if (session_.json()) {
      JsonWriter json;
      json.BeginObject().Key("file").String(name).Merge(ToJson(response)).EndObject();
      session_.out().Json(json.text());
      return;
    }
    const std::string events =
        response.event_ids_size() == 0
            ? "no events"
            : absl::StrCat("events ", absl::StrJoin(response.event_ids(), " "));
    session_.out().Line({name, absl::StrCat("message ", response.message_id()), events,
                         response.duplicate() ? "came before" : "new"});
  }

  void Refuse(const std::string& name, const absl::Status& status) {
    refused_ = true;
    session_.err().Text(
        absl::StrCat("bouncectl: ", Shown(name), ": ", Shown(Std(status.message())), "\n"));
  }

  const IngestArguments& arguments_;
  Session& session_;
  const std::unique_ptr<v1::BounceService::Stub> bounces_;
  const std::unique_ptr<v1::ReturnPathService::Stub> return_paths_;
  bool refused_ = false;
};

// The options of the log are for the log, and the others for messages.
absl::Status CheckArguments(const IngestArguments& arguments, const Session& session) {
  const LogArguments& log = arguments.log;
  if (log.file.empty()) {
    const bool has_log_option =
        log.follow || !log.state.empty() || log.private_hosts || !session.tenant().empty();
    if (has_log_option || session.stream_was_given()) {
      return absl::InvalidArgumentError(
          "--follow, --state, --private-hosts, --tenant and --stream are for --postfix-log");
    }
    return absl::OkStatus();
  }
  if (!arguments.return_path.empty() || arguments.reverse_path) {
    return absl::InvalidArgumentError("--return-path and --reverse-path are for messages");
  }
  if (log.file == "-" && (log.follow || !log.state.empty())) {
    return absl::InvalidArgumentError(
        "standard input is read until it ends, and has no place to go on from: "
        "--follow and --state want a file");
  }
  return absl::OkStatus();
}

}  // namespace

Action SetUpIngest(CLI::App& command) {
  auto arguments = std::make_shared<IngestArguments>();
  CLI::Option* log = command
                         .add_option("--postfix-log", arguments->log.file,
                                     "In place of messages, a log of Postfix; - is standard input")
                         ->type_name("FILE");
  CLI::Option* messages =
      command
          .add_option("FILE", arguments->paths,
                      "Messages, mboxes, Maildirs or other folders of messages; - is standard "
                      "input")
          ->type_name("");
  messages->excludes(log);
  command.add_flag("--follow", arguments->log.follow,
                   "Go on with what the log gets, and with the file that takes its name");
  command
      .add_option("--state", arguments->log.state,
                  "Keep in this file how far the log has been read, and go on from there")
      ->type_name("FILE");
  command.add_flag("--private-hosts", arguments->log.private_hosts,
                   "Hosts at loopback and private addresses receive mail, too, and do not pass it "
                   "on");
  command
      .add_option("--return-path", arguments->return_path,
                  "The return path that all of them came back to (default: see below)")
      ->type_name("ADDRESS");
  command
      .add_option("--reverse-path", arguments->reverse_path,
                  "MAIL FROM of the messages, '' for null (default: their Return-Path field)")
      ->type_name("ADDRESS");
  command.footer(
      "What it prints is committed. The same message handed in twice is counted once. Without\n"
      "--return-path it is, of the addresses in the message's X-Original-To, Delivered-To,\n"
      "Envelope-To and To, the first that is a return path of the server.\n\n"
      "Of a log it reports what became of each mail to each recipient: a refusal is an event, a\n"
      "delivery empties the bucket of soft bounces. Read it twice, and nothing is counted twice.\n"
      "Whose mail it is, its return path says; of other mail, --tenant and --stream do. Passed "
      "over\n"
      "are deliveries within the own system and those of reports. It prints one line of counts.\n\n"
      "Prints a line for each message, with tabs between: file (and line of an mbox), its number,\n"
      "its events, and whether it is new.\n\n"
      "Exit codes: 0 done, 1 some messages were not taken, 2 usage or a file that cannot be read, "
      "3\n"
      "the server could not be reached, did not allow it (as a return path that does not verify),\n"
      "or failed; those before it are in, and all may be handed in again");
  return [arguments](Session& session) -> absl::StatusOr<ExitCode> {
    if (arguments->paths.empty() && arguments->log.file.empty()) {
      return absl::InvalidArgumentError("FILE is required, or --postfix-log");
    }
    if (absl::Status status = CheckArguments(*arguments, session); !status.ok()) return status;
    if (!arguments->log.file.empty()) return IngestLog(arguments->log, session);
    return Ingester(*arguments, session).Run();
  };
}

}  // namespace bounced::cli

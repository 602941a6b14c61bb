#include "server/api/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/api/acceptor.h"
#include "server/api/admin_service.h"
#include "server/api/bounce_service.h"
#include "server/api/limits.h"
#include "server/api/maintenance_service.h"
#include "server/api/report_service.h"
#include "server/api/return_path_service.h"
#include "server/api/services.h"
#include "server/api/suppression_service.h"
#include "server/api/tls.h"
#include "server/base/host_port.h"

namespace bounced::api {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

void SetBounds(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxMessageOctets);
  // Nothing that comes in is unpacked: a compressed request is UNIMPLEMENTED.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetResourceQuota(grpc::ResourceQuota("api").Resize(kMaxGrpcOctets));
  // A second daemon on the same port must fail to start.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataOctets);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(kMinPingInterval));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, kMaxPingStrikes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(kKeepaliveTime));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(kKeepaliveTimeout));
}

// In the order of Impl's.
std::vector<const google::protobuf::ServiceDescriptor*> ServiceDescriptors() {
  return {v1::CheckRequest::descriptor()->file()->FindServiceByName("SuppressionService"),
          v1::GetEventRequest::descriptor()->file()->FindServiceByName("BounceService"),
          v1::MintRequest::descriptor()->file()->FindServiceByName("ReturnPathService"),
          v1::Incident::descriptor()->file()->FindServiceByName("ReportService"),
          v1::ApiKey::descriptor()->file()->FindServiceByName("AdminService"),
          v1::BackupRequest::descriptor()->file()->FindServiceByName("MaintenanceService")};
}

}  // namespace

struct Server::Impl {
  explicit Impl(const Parts& parts)
      : watch_reads(workers, kMaxWatchReads),
        workers(kWorkers, kMaxWaitingCalls),
        budget(kMaxHeldOctets),
        watchers(parts.store.change_feed(),
                 {.all = kMaxWatchers, .of_tenant = kMaxWatchersOfTenant}, parts.watch_heartbeat),
        services{parts, workers, watch_reads, budget, watchers},
        suppressions(services),
        bounces(services),
        return_paths(services),
        reports(services),
        admin(services),
        maintenance(services),
        credentials(parts.tls == nullptr ? grpc::InsecureServerCredentials()
                                         : NewTlsCredentials(*parts.tls)) {}

  // In this order: the server goes first, then nothing is left that calls the others.
  WorkerShare watch_reads;
  Workers workers;
  OctetBudget budget;
  Watchers watchers;
  Services services;
  SuppressionService suppressions;
  BounceService bounces;
  ReturnPathService return_paths;
  ReportService reports;
  AdminService admin;
  MaintenanceService maintenance;
  std::atomic<bool> stops = false;                    // set for good: calls are refused
  std::vector<std::unique_ptr<grpc::Service>> gated;  // those above, as they are served
  std::string address;
  std::shared_ptr<grpc::ServerCredentials> credentials;  // asked by the server as long as it lives
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<Acceptor> acceptor;  // of a socket that was handed over

  absl::Status Serve(absl::FunctionRef<void(grpc::ServerBuilder&)> listen);
  absl::Status PutBehindGate();
};

absl::Status CheckListen(std::string_view listen, const Protection& protection) {
  if (absl::StartsWith(Absl(listen), Absl(kUnixPrefix))) {
    if (listen.size() > kUnixPrefix.size()) return absl::OkStatus();
    return absl::InvalidArgumentError("unix: needs a path");
  }
  if (!ParseHostPort(listen)) {
    return absl::InvalidArgumentError("not HOST:PORT, [ADDRESS]:PORT or unix:PATH");
  }
  if (IsLocal(listen)) return absl::OkStatus();
  if (!protection.has_tls) {
    return absl::FailedPreconditionError(absl::StrCat(
        "gRPC may not listen on ", Absl(listen),
        " without TLS, as other machines reach it: name grpc.chain_file and grpc.key_file, and say "
        "who may call; or use 127.0.0.1:7025 and, from other machines, a tunnel"));
  }
  if (!protection.has_logins) {
    return absl::FailedPreconditionError(absl::StrCat(
        "gRPC may not listen on ", Absl(listen),
        ", where other machines reach it, while nobody could log in: add a [[grpc.key]], or a "
        "[[grpc.client]] and grpc.client_ca_file; or make keys while it listens on 127.0.0.1:7025 "
        "(bouncectl keys create), and then say grpc.require_keys = true"));
  }
  return absl::OkStatus();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Stop(absl::ZeroDuration()); }

// What is registered is what has been put here, so no service is served without the gate.
absl::Status Server::Impl::PutBehindGate() {
  grpc::Service* const services_of[] = {&suppressions, &bounces, &return_paths,
                                        &reports,      &admin,   &maintenance};
  const std::vector<const google::protobuf::ServiceDescriptor*> descriptors = ServiceDescriptors();
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    absl::StatusOr<std::unique_ptr<grpc::Service>> behind =
        NewGatedService(*services_of[i], *descriptors[i], services.parts.callers, stops);
    if (!behind.ok()) return behind.status();
    gated.push_back(*std::move(behind));
  }
  return absl::OkStatus();
}

// Serves on what `listen` adds to the builder.
absl::Status Server::Impl::Serve(absl::FunctionRef<void(grpc::ServerBuilder&)> listen) {
  const Parts& parts = services.parts;
  const Protection protection = {.has_tls = parts.tls != nullptr,
                                 .has_logins = parts.callers.anybody()};
  if (absl::Status s = CheckListen(address, protection); !s.ok()) return s;
  if (!IsLocal(address)) parts.callers.RequireLogin();
  if (absl::Status s = PutBehindGate(); !s.ok()) return s;
  // Both are switches of the process, read when a builder is made.
  grpc::EnableDefaultHealthCheckService(true);
  // It asks nobody who he is, so it is for this machine alone.
  if (IsLocal(address)) grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  grpc::ServerBuilder builder;
  SetBounds(builder);
  listen(builder);
  builder.SetContextAllocator(NewContextAllocator());
  for (const std::unique_ptr<grpc::Service>& service : gated) {
    builder.RegisterService(service.get());
  }
  server = builder.BuildAndStart();
  if (server == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen for gRPC on ", address, ": it is in use, or not allowed"));
  }
  for (const google::protobuf::ServiceDescriptor* service : ServiceDescriptors()) {
    server->GetHealthCheckService()->SetServingStatus(service->full_name(), true);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(std::string_view listen, const Parts& parts) {
  auto impl = std::make_unique<Impl>(parts);
  impl->address = listen;
  int port = 0;
  absl::Status status = impl->Serve([&](grpc::ServerBuilder& builder) {
    builder.AddListeningPort(impl->address, impl->credentials, &port);
  });
  if (!status.ok()) return status;
  if (!absl::StartsWith(Absl(listen), Absl(kUnixPrefix))) {
    impl->address = absl::StrCat(Absl(listen.substr(0, listen.rfind(':'))), ":", port);
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<Server>> Server::Adopt(int descriptor, const Parts& parts) {
  absl::StatusOr<std::string> address = AddressOfListening(descriptor);
  if (!address.ok()) return address.status();
  auto impl = std::make_unique<Impl>(parts);
  impl->address = *std::move(address);
  std::unique_ptr<Acceptor::Taker> taker;
  absl::Status status = impl->Serve([&](grpc::ServerBuilder& builder) {
    taker = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, impl->credentials);
  });
  if (!status.ok()) return status;
  impl->acceptor = std::make_unique<Acceptor>(descriptor, std::move(taker));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::address() const { return impl_->address; }

void Server::Stop(absl::Duration grace) {
  if (impl_->server == nullptr) return;
  impl_->acceptor.reset();
  impl_->server->GetHealthCheckService()->Shutdown();
  // Before the first call that goes on for long ends: it may be made anew at once.
  impl_->stops = true;
  impl_->watchers.Stop();
  impl_->server->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace));
  impl_->server->Wait();
  impl_->server.reset();
}

}  // namespace bounced::api

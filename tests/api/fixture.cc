#include "tests/api/fixture.h"

#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>

namespace bounced::api {
namespace {

std::filesystem::path MakeDir() {
  std::string name = testing::TempDir() + "api-XXXXXX";
  return ::mkdtemp(name.data());
}

// The rules take a while to compile; they are the same for all tests.
std::shared_ptr<const RuleSet> Rules() {
  static const std::shared_ptr<const RuleSet> rules = RuleSet::BuiltIn();
  return rules;
}

ReturnPaths MakeReturnPaths() {
  ReturnPathDomain required;
  required.domain = std::string(kDomain);
  required.keys = {{"z", std::string(32, 'z')}, {"a", std::string(32, 'k')}};
  ReturnPathDomain off;
  off.domain = std::string(kUnsigned);
  off.signing = Signing::kOff;
  ReturnPathDomain unsubscribe = required;
  unsubscribe.domain = "lists.example";
  unsubscribe.use = Use::kUnsubscribe;
  unsubscribe.address = "unsubscribe@lists.example";
  return *ReturnPaths::Create({required, off, unsubscribe});
}

}  // namespace

void WatchedStore::OnCall(std::function<absl::Status()> hook) {
  MutexLock lock(mutex_);
  hook_ = std::move(hook);
}

absl::Status WatchedStore::Ask() const {
  std::function<absl::Status()> hook;
  {
    MutexLock lock(mutex_);
    hook = hook_;
  }
  return hook ? hook() : absl::OkStatus();
}

absl::Status WatchedStore::Apply(std::span<Work* const> batch, Decide decide, absl::Time now) {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->Apply(batch, decide, now);
}

absl::StatusOr<std::vector<Suppression>> WatchedStore::FindSuppressions(
    std::string_view tenant, const Address& address) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->FindSuppressions(tenant, address);
}

absl::StatusOr<StandingOfAddress> WatchedStore::FindStanding(std::string_view tenant,
                                                             const Address& address) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->FindStanding(tenant, address);
}

absl::StatusOr<Page<Allowance>> WatchedStore::ListAllowances(std::string_view tenant, int page_size,
                                                             Cursor from) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListAllowances(tenant, page_size, from);
}

absl::StatusOr<Page<Incident>> WatchedStore::ListIncidents(const IncidentFilter& filter,
                                                           int page_size, Cursor from) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListIncidents(filter, page_size, from);
}

absl::StatusOr<Page<Suppression>> WatchedStore::ListSuppressions(const SuppressionFilter& filter,
                                                                 int page_size, Cursor from) const {
  ++pages_;
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListSuppressions(filter, page_size, from);
}

absl::StatusOr<Page<StoredEvent>> WatchedStore::ListEvents(const EventFilter& filter, int page_size,
                                                           Cursor from) const {
  ++pages_;
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListEvents(filter, page_size, from);
}

absl::StatusOr<StoredEvent> WatchedStore::GetEvent(std::string_view tenant, std::int64_t id) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->GetEvent(tenant, id);
}

absl::StatusOr<std::string> WatchedStore::GetEvidence(std::string_view tenant,
                                                      std::int64_t event_id) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->GetEvidence(tenant, event_id);
}

absl::StatusOr<AddressDossier> WatchedStore::GetDossier(std::string_view tenant,
                                                        const Address& address, int max_events,
                                                        int max_changes) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->GetDossier(tenant, address, max_events, max_changes);
}

absl::StatusOr<std::vector<Revocation>> WatchedStore::ListRevocations() const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListRevocations();
}

absl::StatusOr<std::vector<ApiKey>> WatchedStore::ListApiKeys() const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListApiKeys();
}

absl::StatusOr<PolicyDocument> WatchedStore::GetPolicies(std::int64_t revision) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->GetPolicies(revision);
}

absl::StatusOr<Page<PolicyDocument>> WatchedStore::ListPolicies(int page_size, Cursor from) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListPolicies(page_size, from);
}

absl::StatusOr<std::unique_ptr<Backup>> WatchedStore::MakeBackup(std::int64_t min_free,
                                                                 OnProgress progress) {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->MakeBackup(min_free, progress);
}

absl::StatusOr<Findings> WatchedStore::CheckIntegrity(const CheckOptions& options,
                                                      std::int64_t min_free, absl::Time now,
                                                      OnProgress progress) {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->CheckIntegrity(options, min_free, now, progress);
}

absl::StatusOr<Page<ListedAddress>> WatchedStore::ListAddresses(std::string_view tenant,
                                                                std::string_view domain,
                                                                int page_size, Cursor from) const {
  ++pages_;
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListAddresses(tenant, domain, page_size, from);
}

absl::StatusOr<AddressFacts> WatchedStore::GetFacts(std::string_view tenant,
                                                    const Address& address) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->GetFacts(tenant, address);
}

absl::StatusOr<Reclassification> WatchedStore::GetReclassification(std::string_view tenant,
                                                                   std::int64_t id) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->GetReclassification(tenant, id);
}

absl::StatusOr<Page<Change>> WatchedStore::ListChanges(const ChangeFilter& filter, int page_size,
                                                       Cursor from) const {
  ++pages_;
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListChanges(filter, page_size, from);
}

absl::StatusOr<ChangesAfter> WatchedStore::ListChangesAfter(std::string_view tenant,
                                                            std::optional<FeedPosition> from,
                                                            int most) const {
  ++pages_;
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListChangesAfter(tenant, from, most);
}

absl::StatusOr<Page<std::int64_t>> WatchedStore::ListOld(Aged what, absl::Time before,
                                                         int page_size, Cursor from) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->ListOld(what, before, page_size, from);
}

absl::StatusOr<Page<MentionedRow>> WatchedStore::FindMentions(
    std::string_view tenant, std::span<const std::string> spellings, Cursor from) const {
  if (absl::Status s = Ask(); !s.ok()) return s;
  return store_->FindMentions(tenant, spellings, from);
}

ApiTest::ApiTest(absl::Duration watch_heartbeat)
    : dir_(MakeDir()),
      watch_heartbeat_(watch_heartbeat),
      clock_(absl::FromCivil(absl::CivilSecond(2026, 3, 2, 12), absl::UTCTimeZone())),
      rules_(Rules(), clock_.Now()),
      return_paths_(MakeReturnPaths()) {
  log_fd_ = ::open((dir_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  log_ = std::make_unique<Log>(LogLevel::kDebug, false, log_fd_);
  Start();
}

Config ApiTest::Configuration() const {
  Config config;
  config.policy = policy_;
  config.tenants = tenants_;
  return config;
}

void ApiTest::Start() {
  StoreOptions options;
  options.directory = dir_ / "data";
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(options, clock_.Now());
  EXPECT_TRUE(store.ok()) << store.status();
  store_ = std::make_unique<WatchedStore>(*std::move(store));
  committer_ = std::make_unique<Committer>(*store_, Policies(), clock_, counters_);
  absl::StatusOr<PolicyDocument> applied = store_->GetPolicies(0);
  EXPECT_TRUE(applied.ok()) << applied.status();
  policies_ = std::make_unique<bounced::PolicyBook>(Configuration(), *std::move(applied),
                                                    *committer_, *log_);
  keys_ = std::make_unique<KeyRevoker>(return_paths_, *committer_, std::vector<Revocation>());
  callers_ = std::make_unique<Callers>(*committer_, clock_, std::vector<ApiKey>());
  intake_ = std::make_unique<Intake>(rules_, return_paths_, *committer_, clock_, counters_);
  commit_thread_ = std::thread([this] { committer_->Run(); });
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start("127.0.0.1:0", Parts{.store = *store_,
                                         .committer = *committer_,
                                         .intake = *intake_,
                                         .rules = rules_,
                                         .return_paths = return_paths_,
                                         .keys = *keys_,
                                         .callers = *callers_,
                                         .policies = *policies_,
                                         .clock = clock_,
                                         .log = *log_,
                                         .max_message_size = kTestMaxMessage,
                                         .watch_heartbeat = watch_heartbeat_});
  EXPECT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  suppressions_ = v1::SuppressionService::NewStub(channel_);
  bounces_ = v1::BounceService::NewStub(channel_);
  paths_ = v1::ReturnPathService::NewStub(channel_);
  reports_ = v1::ReportService::NewStub(channel_);
  admin_ = v1::AdminService::NewStub(channel_);
  maintenance_ = v1::MaintenanceService::NewStub(channel_);
}

void ApiTest::Stop() {
  server_.reset();
  committer_->Stop();
  commit_thread_.join();
  callers_.reset();
  policies_.reset();
  committer_.reset();
  store_.reset();
}

void ApiTest::Restart() {
  Stop();
  Start();
}

ApiTest::~ApiTest() {
  Stop();
  ::close(log_fd_);
  std::filesystem::remove_all(dir_);
}

std::string ApiTest::log() const {
  std::ostringstream text;
  text << std::ifstream(dir_ / "log").rdbuf();
  return text.str();
}

std::string ApiTest::Mint(const std::string& recipient, const std::string& stream) {
  grpc::ClientContext context;
  v1::MintRequest request;
  request.set_domain(std::string(kDomain));
  request.set_recipient(recipient);
  request.set_stream(stream);
  v1::MintResponse response;
  grpc::Status status = paths_->Mint(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.return_path();
}

std::string ApiTest::Bounce(const std::string& recipient, const std::string& status,
                            const std::string& reply) {
  return "From: <>\r\nTo: <x@bounces.example>\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n"
         "--b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n"
         "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
         "Reporting-MTA: dns; mta.example\r\n\r\n"
         "Final-Recipient: rfc822; " +
         recipient + "\r\nAction: failed\r\nStatus: " + status +
         "\r\nRemote-MTA: dns; mx.example\r\nDiagnostic-Code: smtp; " + reply + "\r\n\r\n--b--\r\n";
}

grpc::Status ApiTest::Ingest(const std::string& return_path, const std::string& message,
                             v1::IngestResponse* response) {
  grpc::ClientContext context;
  v1::IngestResponse unused;
  auto writer = bounces_->Ingest(&context, response == nullptr ? &unused : response);
  v1::IngestRequest request;
  request.set_return_path(return_path);
  request.set_chunk(message);
  writer->Write(request);
  writer->WritesDone();
  return writer->Finish();
}

v1::IngestResponse ApiTest::IngestNoSuchUser(const std::string& recipient) {
  v1::IngestResponse response;
  grpc::Status status =
      Ingest(Mint(recipient),
             Bounce(recipient, "5.1.1", "550 5.1.1 <" + recipient + ">: User unknown"), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

v1::IngestResponse ApiTest::IngestMailboxFull(const std::string& recipient) {
  v1::IngestResponse response;
  grpc::Status status =
      Ingest(Mint(recipient),
             Bounce(recipient, "5.2.2", "552 5.2.2 <" + recipient + ">: Mailbox full"), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

v1::Verdict ApiTest::Check(const std::string& address, const std::string& stream,
                           const std::string& tenant) {
  grpc::ClientContext context;
  v1::CheckRequest request;
  request.set_tenant(tenant);
  request.set_stream(stream);
  request.set_address(address);
  v1::CheckResponse response;
  grpc::Status status = suppressions_->Check(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.verdict();
}

v1::ExplainResponse ApiTest::Explain(const std::string& address, const std::string& stream,
                                     const std::string& tenant) {
  grpc::ClientContext context;
  v1::ExplainRequest request;
  request.set_tenant(tenant);
  request.set_stream(stream);
  request.set_address(address);
  v1::ExplainResponse response;
  const grpc::Status status = suppressions_->Explain(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

grpc::Status ApiTest::Create(const std::string& address, const std::string& stream) {
  grpc::ClientContext context;
  v1::CreateSuppressionRequest request;
  request.mutable_suppression()->set_address(address);
  request.mutable_suppression()->set_stream(stream);
  v1::CreateSuppressionResponse response;
  return suppressions_->CreateSuppression(&context, request, &response);
}

grpc::Status ApiTest::Delete(const std::string& address) {
  grpc::ClientContext context;
  v1::DeleteSuppressionRequest request;
  request.set_address(address);
  v1::DeleteSuppressionResponse response;
  return suppressions_->DeleteSuppression(&context, request, &response);
}

void ApiTest::AwaitRest(const std::function<int()>& progress) {
  int seen = progress();
  auto since = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - since < std::chrono::milliseconds(500)) {
    std::this_thread::yield();
    if (int now = progress(); now != seen) {
      seen = now;
      since = std::chrono::steady_clock::now();
    }
  }
}

bool ApiTest::Eventually(const std::function<bool()>& condition) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace bounced::api

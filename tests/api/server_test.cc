#include "server/api/server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/sync_stream.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <future>

#include "server/api/acceptor.h"
#include "server/api/limits.h"
#include "server/api/workers.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::StartsWith;

// --- Where it may listen

struct Listen {
  std::string_view name;
  std::string_view listen;
  absl::StatusCode want;
};
class CheckListenTest : public testing::TestWithParam<Listen> {};

TEST_P(CheckListenTest, T29T35OffLoopbackBothProtectionsAreNeeded) {
  const bool is_off = GetParam().want == absl::StatusCode::kFailedPrecondition;
  for (const Protection& half : {Protection{.has_tls = true}, Protection{.has_logins = true}}) {
    EXPECT_EQ(CheckListen(GetParam().listen, half).code(), GetParam().want);
  }
  EXPECT_EQ(CheckListen(GetParam().listen, {.has_tls = true, .has_logins = true}).code(),
            is_off ? absl::StatusCode::kOk : GetParam().want);
  EXPECT_EQ(CheckListen(GetParam().listen, {}).code(), GetParam().want) << GetParam().listen;
}

constexpr auto kOk = absl::StatusCode::kOk;
constexpr auto kOff = absl::StatusCode::kFailedPrecondition;
constexpr auto kBad = absl::StatusCode::kInvalidArgument;
INSTANTIATE_TEST_SUITE_P(, CheckListenTest,
                         testing::ValuesIn<Listen>({
                             {"Loopback", "127.0.0.1:7025", kOk},
                             {"LastOfTheNet", "127.255.255.255:1", kOk},
                             {"PortZero", "127.0.0.1:0", kOk},
                             {"LastPort", "127.0.0.1:65535", kOk},
                             {"Ipv6", "[::1]:7025", kOk},
                             {"Name", "localhost:7025", kOk},
                             {"NameInCapitals", "LOCALHOST:7025", kOk},
                             {"Unix", "unix:/run/bounced.sock", kOk},
                             {"All", "0.0.0.0:7025", kOff},
                             {"AllIpv6", "[::]:7025", kOff},
                             {"BeforeTheNet", "126.0.0.1:7025", kOff},
                             {"AfterTheNet", "128.0.0.1:7025", kOff},
                             {"ANameThatBeginsSo", "127.0.0.1.example:7025", kOff},
                             {"ANameThatBeginsLikeTheName", "localhost.example:7025", kOff},
                             {"TooManyOctets", "127.0.0.1.1:7025", kOff},
                             {"TooFewOctets", "127.1:7025", kOff},
                             {"OctetBeyond", "127.0.0.256:7025", kOff},
                             {"Mapped", "[::ffff:127.0.0.1]:7025", kOff},
                             {"PortBeyond", "127.0.0.1:65536", kBad},
                             {"NoPort", "127.0.0.1", kBad},
                             {"EmptyPort", "127.0.0.1:", kBad},
                             {"SignedPort", "127.0.0.1:+1", kBad},
                             {"NoHost", ":7025", kBad},
                             {"Ipv6WithoutBrackets", "::1:7025", kBad},
                             {"UnixWithoutPath", "unix:", kBad},
                             {"Empty", "", kBad},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(ListenRefusalTest, SaysWhatToDo) {
  EXPECT_THAT(std::string(CheckListen("0.0.0.0:7025", {.has_logins = true}).message()),
              HasSubstr("name grpc.chain_file and grpc.key_file"));
  EXPECT_THAT(std::string(CheckListen("0.0.0.0:7025", {.has_tls = true}).message()),
              HasSubstr("add a [[grpc.key]]"));
}

class HandedSocketTest : public testing::Test {
 protected:
  // A socket at `address` of this family.
  template <typename Sockaddr>
  absl::StatusOr<std::string> Address(const Sockaddr& address, bool listens = true) {
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    const int fd = ::socket(generic->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd, generic, sizeof(address)), 0);
    if (listens && ::listen(fd, 1) != 0) ADD_FAILURE() << "cannot listen";
    absl::StatusOr<std::string> result = AddressOfListening(fd);
    ::close(fd);
    return result;
  }
  static sockaddr_in V4(std::uint32_t host) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(host);
    return address;
  }
};

TEST_F(HandedSocketTest, S144ASocketTellsItsAddress) {
  EXPECT_THAT(*Address(V4(INADDR_LOOPBACK)), StartsWith("127.0.0.1:"));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  EXPECT_THAT(*Address(v6), StartsWith("[::1]:"));
  EXPECT_THAT(*Address(V4(INADDR_ANY)), StartsWith("0.0.0.0:"));
  EXPECT_EQ(Address(V4(INADDR_LOOPBACK), /*listens=*/false).status().code(), kBad);
  EXPECT_EQ(AddressOfListening(-1).status().code(), kBad);
}

// --- The server

class ServerTest : public ApiTest {
 protected:
  Parts parts() {
    return Parts{.store = *store_,
                 .committer = *committer_,
                 .intake = *intake_,
                 .rules = rules_,
                 .return_paths = return_paths_,
                 .keys = *keys_,
                 .callers = *callers_,
                 .policies = *policies_,
                 .clock = clock_,
                 .log = *log_,
                 .max_message_size = kTestMaxMessage};
  }

  static grpc::ByteBuffer Bytes(const std::string& octets) {
    grpc::Slice slice(octets);
    return grpc::ByteBuffer(&slice, 1);
  }
  static std::string Text(const grpc::ByteBuffer& buffer) {
    std::vector<grpc::Slice> slices;
    EXPECT_TRUE(buffer.Dump(&slices).ok());
    std::string text;
    for (const grpc::Slice& slice : slices) {
      text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    return text;
  }

  // grpc.health.v1.HealthCheckRequest and -Response have one field each, of number 1.
  grpc::Status Health(const std::string& service, std::string& answer) {
    grpc::ClientContext context;
    grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check",
                                     grpc::internal::RpcMethod::NORMAL_RPC);
    std::string request;
    if (!service.empty())
      request = "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
    grpc::ByteBuffer response;
    grpc::Status status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
        channel_.get(), method, &context, Bytes(request), &response);
    if (status.ok()) answer = Text(response);
    return status;
  }
};

TEST_F(ServerTest, T39HealthSaysOfEachServiceThatItServesAndNoMore) {
  for (const char* service : {"", "bounced.v1.SuppressionService", "bounced.v1.BounceService",
                              "bounced.v1.ReturnPathService"}) {
    std::string answer;
    EXPECT_TRUE(Health(service, answer).ok()) << service;
    EXPECT_EQ(answer, "\x08\x01") << service << ": SERVING";
  }
  std::string answer;
  EXPECT_THAT(Health("bounced.v1.Other", answer), Fails(StatusCode::NOT_FOUND, ""));
}

TEST_F(ServerTest, T39ReflectionListsTheServicesOnLoopback) {
  grpc::ClientContext context;
  grpc::internal::RpcMethod method("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                   grpc::internal::RpcMethod::BIDI_STREAMING);
  std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
          channel_.get(), method, &context));
  // list_services, field 7, with any text.
  ASSERT_TRUE(stream->Write(Bytes("\x3a\x01*")));
  grpc::ByteBuffer response;
  ASSERT_TRUE(stream->Read(&response));
  for (const char* service : {"bounced.v1.SuppressionService", "bounced.v1.BounceService",
                              "bounced.v1.ReturnPathService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(Text(response), HasSubstr(service));
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ServerTest, ASecondOneOnThePortFailsToStart) {
  absl::StatusOr<std::unique_ptr<Server>> second = Server::Start(server_->address(), parts());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(server_->address()));
  EXPECT_EQ(Server::Start("0.0.0.0:0", parts()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(ServerTest, S144T35ASocketThatIsHandedOverIsJudgedByItsAddress) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in any{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {INADDR_ANY}, .sin_zero = {}};
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof(any)), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  EXPECT_EQ(Server::Adopt(fd, parts()).status().code(), absl::StatusCode::kFailedPrecondition);
  ::close(fd);
  EXPECT_TRUE(callers_->is_open()) << "the one on loopback is as it was";
}

TEST_F(ServerTest, ServesAUnixSocket) {
  const std::string address = "unix:" + (dir_ / "api.sock").string();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(address, parts());
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->address(), address);
  auto stub = v1::SuppressionService::NewStub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  v1::CheckRequest request;
  v1::CheckResponse response;
  EXPECT_TRUE(stub->Check(&context, request, &response).ok());
}

TEST_F(ServerTest, T28ARequestIsAsLargeAsTheBoundAndNoLarger) {
  // The frame of `address`: its tag and a length of 4 octets.
  const std::size_t fits = kMaxMessageOctets - 5;
  for (std::size_t octets : {fits, fits + 1}) {
    grpc::ClientContext context;
    v1::CheckRequest request;
    request.set_address(std::string(octets, 'x'));
    v1::CheckResponse response;
    grpc::Status status = suppressions_->Check(&context, request, &response);
    if (octets == fits) {
      EXPECT_EQ(request.ByteSizeLong(), static_cast<std::size_t>(kMaxMessageOctets));
      EXPECT_TRUE(status.ok()) << status.error_message();
    } else {
      EXPECT_THAT(status, Fails(StatusCode::RESOURCE_EXHAUSTED, ""));
    }
  }
}

TEST_F(ServerTest, T28MetadataHasABound) {
  for (int octets : {kMaxMetadataOctets / 2, kMaxMetadataOctets}) {
    grpc::ClientContext context;
    context.AddMetadata("x", std::string(static_cast<std::size_t>(octets), 'x'));
    v1::CheckRequest request;
    v1::CheckResponse response;
    const grpc::Status status = suppressions_->Check(&context, request, &response);
    if (octets < kMaxMetadataOctets) {
      EXPECT_TRUE(status.ok()) << status.error_message();
    } else {
      EXPECT_THAT(status, Fails(StatusCode::RESOURCE_EXHAUSTED, ""));
    }
  }
}

TEST_F(ServerTest, T25NothingThatComesInIsUnpacked) {
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  v1::CheckRequest request;
  request.set_address(std::string(1 << 20, 'x'));
  v1::CheckResponse response;
  EXPECT_THAT(suppressions_->Check(&context, request, &response),
              Fails(StatusCode::UNIMPLEMENTED, ""));
}

TEST_F(ServerTest, StopCancelsStreamsThatGoOnForEver) {
  grpc::ClientContext context;
  auto stream = suppressions_->CheckStream(&context);
  ASSERT_TRUE(stream->Write({}));
  v1::BatchCheckResponse response;
  ASSERT_TRUE(stream->Read(&response));
  server_->Stop(absl::ZeroDuration());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
  grpc::ClientContext after;
  v1::CheckResponse unused;
  EXPECT_THAT(suppressions_->Check(&after, {}, &unused), Fails(StatusCode::UNAVAILABLE, ""));
  server_->Stop(absl::ZeroDuration());
}

TEST_F(ServerTest, StopLetsACommitEnd) {
  std::promise<void> entered, go;
  std::shared_future<void> gone = go.get_future().share();
  store_->OnCall([&entered, gone, first = std::make_shared<std::atomic<bool>>(true)] {
    if (first->exchange(false)) entered.set_value();
    gone.wait();
    return absl::OkStatus();
  });
  std::future<grpc::Status> created =
      std::async(std::launch::async, [this] { return Create("a@b.example"); });
  entered.get_future().wait();
  std::thread stop([this] { server_->Stop(absl::Seconds(60)); });
  go.set_value();
  EXPECT_TRUE(created.get().ok());
  stop.join();
}

// --- Workers

TEST(WorkersTest, TakesAsManyJobsAsMayWaitAndDoesThemAll) {
  constexpr std::size_t kMaxWaiting = 3;
  std::atomic<int> done{0};
  std::promise<void> entered, go;
  std::shared_future<void> gone = go.get_future().share();
  {
    Workers workers(1, kMaxWaiting);
    ASSERT_TRUE(workers.Submit([&entered, gone] {
      entered.set_value();
      gone.wait();
    }));
    entered.get_future().wait();
    for (std::size_t i = 0; i < kMaxWaiting; ++i) EXPECT_TRUE(workers.Submit([&done] { ++done; }));
    EXPECT_FALSE(workers.Submit([&done] { done += 100; }));
    go.set_value();
  }
  EXPECT_EQ(done, static_cast<int>(kMaxWaiting));
}

// The first of `workers` is held up until `go`.
void HoldUp(Workers& workers, std::shared_future<void> go) {
  std::promise<void> entered;
  ASSERT_TRUE(workers.Submit([&entered, go] {
    entered.set_value();
    go.wait();
  }));
  entered.get_future().wait();
}

// A call of another kind goes before all of a share but the few that it may have with the workers.
TEST(WorkersTest, AShareLeavesRoomToOthersAndIsDoneInOrder) {
  std::vector<int> done;  // of the one thread
  std::promise<void> go;
  {
    struct Both {
      WorkerShare share;
      Workers workers;
      Both() : share(workers, 2), workers(1, 3) {}
    } both;
    HoldUp(both.workers, go.get_future().share());
    for (int i = 1; i <= 5; ++i) both.share.Submit([&done, i] { done.push_back(i); });
    EXPECT_TRUE(both.workers.Submit([&done] { done.push_back(100); }));
    EXPECT_FALSE(both.workers.Submit([] {})) << "three wait";
    go.set_value();
  }
  EXPECT_THAT(done, testing::ElementsAre(1, 2, 100, 3, 4, 5));
}

// Nothing of a share is lost where the workers have no room.
TEST(WorkersTest, AShareWaitsForRoom) {
  int done = 0;  // of the one thread
  std::promise<void> go, other;
  {
    struct Both {
      WorkerShare share;
      Workers workers;
      Both() : share(workers, 2), workers(1, 1) {}
    } both;
    HoldUp(both.workers, go.get_future().share());
    ASSERT_TRUE(both.workers.Submit([&other] { other.set_value(); }));
    for (int i = 0; i < 3; ++i) both.share.Submit([&done] { ++done; });
    go.set_value();
    other.get_future().wait();
    both.share.HandOver();
  }
  EXPECT_EQ(done, 3);
}

TEST(OctetBudgetTest, GivesWhatIsLeftAndTakesItBack) {
  OctetBudget budget(10);
  OctetBudget::Share first(budget);
  EXPECT_TRUE(first.Take(9));
  {
    OctetBudget::Share second(budget);
    EXPECT_FALSE(second.Take(2));
    EXPECT_TRUE(second.Take(1));
    EXPECT_FALSE(first.Take(1));
  }
  EXPECT_TRUE(first.Take(1));
  EXPECT_FALSE(first.Take(1));
}

}  // namespace
}  // namespace bounced::api

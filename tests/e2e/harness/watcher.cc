#include "tests/e2e/harness/watcher.h"

#include "bounced/v1/suppression.grpc.pb.h"

namespace bounced::e2e {

Watcher::~Watcher() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    if (call_) call_->TryCancel();
  }
  if (thread_.joinable()) thread_.join();
}

void Watcher::Follow(const std::string& server) {
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread([this, server] { Read(server); });
}

std::vector<std::int64_t> Watcher::numbers() const {
  MutexLock lock(mutex_);
  return numbers_;
}

void Watcher::Read(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto stub = v1::SuppressionService::NewStub(
      grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments));
  // Who is too slow is ended and comes again; a daemon that is gone does not answer.
  for (bool was_answered = true; was_answered;) {
    was_answered = false;
    v1::WatchSuppressionsRequest request;
    grpc::ClientContext* call = nullptr;
    {
      MutexLock lock(mutex_);
      if (stopped_) return;
      call_ = std::make_unique<grpc::ClientContext>();
      call = call_.get();
      request.set_token(token_);
      request.set_from_start(token_.empty());
    }
    const auto reader = stub->WatchSuppressions(call, request);
    for (v1::WatchSuppressionsResponse response; reader->Read(&response);) {
      was_answered = true;
      MutexLock lock(mutex_);
      for (const v1::SuppressionChange& change : response.changes()) {
        numbers_.push_back(change.number());
      }
      token_ = response.token();
    }
    reader->Finish();
  }
}

}  // namespace bounced::e2e

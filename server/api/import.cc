#include "server/api/import.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/api/from_proto.h"
#include "server/api/stand_ins.h"
#include "storage/mutex.h"
#include "storage/stand_in.h"

namespace bounced::api {
namespace {

constexpr std::string_view kCause = "import";

v1::ImportOutcome OutcomeToProto(PutSuppressions::Outcome outcome) {
  switch (outcome) {
    case PutSuppressions::Outcome::kCreated:
      return v1::IMPORT_OUTCOME_CREATED;
    case PutSuppressions::Outcome::kReplaced:
      return v1::IMPORT_OUTCOME_REPLACED;
    case PutSuppressions::Outcome::kExists:
      return v1::IMPORT_OUTCOME_EXISTING;
    case PutSuppressions::Outcome::kUnchanged:
      break;
  }
  return v1::IMPORT_OUTCOME_UNCHANGED;
}

// Makes work of requests and answers of what became of it. Not thread-safe, but for Complete().
class ImportReader {
 public:
  // One request on its way.
  struct Batch {
    PutSuppressions put;
    // An outcome for each row; those that are REJECTED already are not in `put`.
    v1::ImportStreamResponse answer;
  };

  ImportReader(const Services& services, const Caller& caller)
      : services_(services), caller_(caller) {}

  absl::StatusOr<Batch> Read(const v1::ImportSuppressionsRequest& request) {
    if (absl::Status s = Begin(request); !s.ok()) return s;
    Batch batch;
    batch.put.author = author_;
    batch.put.cause = cause_;
    batch.put.replace = replace_;
    batch.put.lengthen = true;
    batch.put.dry_run = dry_run_;
    batch.put.batch = batch_;
    batch.put.suppressions.reserve(static_cast<std::size_t>(request.suppressions_size()));
    batch.answer.mutable_outcomes()->Reserve(request.suppressions_size());
    const absl::Time now = services_.parts.clock.Now();
    for (const v1::Suppression& row : request.suppressions()) {
      absl::StatusOr<Suppression> suppression = ImportedSuppressionOf(tenant_, row, now);
      if (suppression.ok()) {
        const absl::Status means = CheckStandIn(services_.parts.store, "", *suppression);
        if (!means.ok() && !absl::IsInvalidArgument(means)) return means;
        if (!means.ok()) suppression = means;
      }
      if (suppression.ok()) {
        batch.put.suppressions.push_back(*std::move(suppression));
        batch.answer.add_outcomes(v1::IMPORT_OUTCOME_UNSPECIFIED);
      } else {
        batch.answer.add_outcomes(v1::IMPORT_OUTCOME_REJECTED);
        v1::ImportError* error = batch.answer.add_errors();
        error->set_index(rows_);
        error->set_message(std::string(suppression.status().message()));
      }
      ++rows_;
    }
    return batch;
  }

  // Fills in what became of the rows that were committed.
  static void Complete(const PutSuppressions& put, v1::ImportStreamResponse& answer) {
    answer.set_batch(put.batch->id);
    std::size_t done = 0;
    for (int i = 0; i < answer.outcomes_size(); ++i) {
      if (answer.outcomes(i) == v1::IMPORT_OUTCOME_REJECTED) continue;
      answer.set_outcomes(i, OutcomeToProto(put.outcomes[done++]));
    }
  }

 private:
  // What the first request says counts for all; what each must keep to.
  absl::Status Begin(const v1::ImportSuppressionsRequest& request) {
    if (request.suppressions_size() > kMaxImportRows) {
      return Invalid("suppressions", absl::StrCat("more than ", kMaxImportRows));
    }
    if (begun_) return absl::OkStatus();
    begun_ = true;
    absl::StatusOr<std::string_view> tenant = TenantOf(caller_, request.tenant());
    if (!tenant.ok()) return tenant.status();
    tenant_ = std::string(*tenant);
    replace_ = request.replace();
    dry_run_ = request.dry_run();
    author_ = AuthorOf(caller_, request.author());
    cause_ = std::string(kCause);
    if (!request.cause().empty()) absl::StrAppend(&cause_, ": ", request.cause());
    absl::Status status = CheckOctets("author", request.author(), kMaxAuthorOctets);
    status.Update(CheckOctets("cause", request.cause(), kMaxImportCauseOctets));
    return status;
  }

  const Services& services_;
  const Caller& caller_;
  bool begun_ = false;
  std::string tenant_;
  std::string author_;
  std::string cause_;
  bool replace_ = false;
  bool dry_run_ = false;
  const std::shared_ptr<bounced::Batch> batch_ = std::make_shared<bounced::Batch>();
  std::int64_t rows_ = 0;  // of the whole stream so far
};

// Whether rows are of stand-ins, each of which is looked up.
bool AsksTheStore(const v1::ImportSuppressionsRequest& request) {
  return std::any_of(request.suppressions().begin(), request.suppressions().end(),
                     [](const v1::Suppression& row) {
                       return absl::EndsWithIgnoreCase(row.address(), Absl(kStandInDomain));
                     });
}

// One call, whichever way it answers. gRPC's threads read while the committer's thread is at what
// was read before; answers come in the order of the requests, as commits do.
//
// `Reactor` is the base of gRPC's. `Call` derives from this and says how an answer is given: by
// Give(), called for one at a time, after which it calls Given().
template <typename Reactor, typename Call>
class ImportCall : public Reactor {
 public:
  ImportCall(const Services& services, const grpc::CallbackServerContext& context)
      : services_(services), context_(context), reader_(services, CallerOf(context)) {}

  void OnReadDone(bool ok) override {
    if (!ok) return Leave([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { ended_ = true; });
    if (!AsksTheStore(request_)) return Take();
    // The call waits for the worker, as for whoever is in Leave().
    Enter();
    const auto take = [this] {
      Take();
      Leave([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { --inside_; });
    };
    if (!services_.workers.Submit(take)) take();
  }

  void OnDone() override { delete this; }

 protected:
  void Begin() { this->StartRead(&request_); }
  // What Give() began is done; false: nobody takes answers any more.
  void Given(bool ok) {
    Leave([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      giving_ = false;
      --ahead_;
      octets_ahead_ -= answers_.front().octets;
      answers_.pop_front();
      if (!ok) Fail(absl::CancelledError("the client is gone"));
    });
  }

 private:
  struct Answer {
    v1::ImportStreamResponse response;
    std::size_t octets;  // of the request
  };

  // Takes up what was read, and reads on.
  void Take() {
    const absl::Status may = MayGoOn(context_, services_.parts.clock.Now());
    absl::StatusOr<ImportReader::Batch> batch = may.ok() ? reader_.Read(request_) : may;
    if (!batch.ok()) {
      return Leave([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { Fail(batch.status()); });
    }
    const std::size_t octets = request_.ByteSizeLong();
    auto answer = std::make_shared<v1::ImportStreamResponse>(std::move(batch->answer));
    bool go_on = false;
    {
      MutexLock lock(mutex_);
      ++ahead_;
      octets_ahead_ += octets;
      ++committing_;
      go_on = MayRead();
      reading_ = go_on;
    }
    // Work is handed in before the next is read, so that it stays in order.
    services_.parts.committer.Submit(
        std::move(batch->put), [this, answer, octets](absl::Status status, Work work) {
          if (status.ok()) ImportReader::Complete(std::get<PutSuppressions>(work), *answer);
          Leave([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
            --committing_;
            if (status.ok()) {
              answers_.push_back({std::move(*answer), octets});
            } else {
              Fail(status);
            }
          });
        });
    if (go_on) this->StartRead(&request_);
  }

  void Fail(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (failure_.ok()) failure_ = status;
  }
  bool MayRead() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return failure_.ok() && !ended_ && ahead_ < kImportRequestsAhead &&
           (ahead_ == 0 || octets_ahead_ < kImportOctetsAhead);
  }

  void Enter() {
    MutexLock lock(mutex_);
    ++inside_;
  }

  // Notes by `change` what has happened, and begins what follows from it. Whoever leaves last ends
  // the call, after which it may be gone.
  template <typename Change>
  void Leave(Change change) {
    {
      MutexLock lock(mutex_);
      change();
      ++inside_;
    }
    absl::Status end;
    for (;;) {
      const v1::ImportStreamResponse* give = nullptr;
      {
        MutexLock lock(mutex_);
        const bool read = !reading_ && MayRead();
        if (!giving_ && !answers_.empty()) {
          giving_ = true;
          give = &answers_.front().response;
        } else if (read) {
          reading_ = true;
        } else {
          --inside_;
          // What was committed is answered first, also before a failure.
          const bool over = (ended_ || !failure_.ok()) && committing_ == 0 && !giving_;
          if (!over || inside_ > 0 || finished_) return;
          finished_ = true;
          end = failure_;
          break;
        }
      }
      if (give != nullptr) {
        static_cast<Call*>(this)->Give(*give);
      } else {
        this->StartRead(&request_);
      }
    }
    this->Finish(end.ok() ? grpc::Status::OK : services_.ToGrpc(end));
  }

  const Services& services_;
  const grpc::CallbackServerContext& context_;
  ImportReader reader_;                    // of whoever reads
  v1::ImportSuppressionsRequest request_;  // the same

  Mutex mutex_;
  std::deque<Answer> answers_ ABSL_GUARDED_BY(mutex_);  // committed, and not given yet
  int committing_ ABSL_GUARDED_BY(mutex_) = 0;
  int ahead_ ABSL_GUARDED_BY(mutex_) = 0;  // requests read and not answered
  std::size_t octets_ahead_ ABSL_GUARDED_BY(mutex_) = 0;
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;
  bool giving_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // the client sends no more
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;      // threads in Leave(), and a worker
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

class Import final
    : public ImportCall<grpc::ServerReadReactor<v1::ImportSuppressionsRequest>, Import> {
 public:
  Import(const Services& services, const grpc::CallbackServerContext& context,
         v1::ImportSuppressionsResponse* response)
      : ImportCall(services, context), response_(response) {
    Begin();
  }

  void Give(const v1::ImportStreamResponse& answer) {
    v1::ImportSuppressionsResponse& sum = *response_;
    sum.set_batch(answer.batch());
    for (const int outcome : answer.outcomes()) {
      switch (outcome) {
        case v1::IMPORT_OUTCOME_CREATED:
          sum.set_created(sum.created() + 1);
          break;
        case v1::IMPORT_OUTCOME_REPLACED:
          sum.set_replaced(sum.replaced() + 1);
          break;
        case v1::IMPORT_OUTCOME_EXISTING:
          sum.set_existing(sum.existing() + 1);
          break;
        case v1::IMPORT_OUTCOME_UNCHANGED:
          sum.set_unchanged(sum.unchanged() + 1);
          break;
        default:
          sum.set_rejected(sum.rejected() + 1);
      }
    }
    for (const v1::ImportError& error : answer.errors()) {
      if (sum.errors_size() < kMaxImportErrors) *sum.add_errors() = error;
    }
    Given(true);
  }

 private:
  v1::ImportSuppressionsResponse* const response_;
};

class ImportStream final
    : public ImportCall<
          grpc::ServerBidiReactor<v1::ImportSuppressionsRequest, v1::ImportStreamResponse>,
          ImportStream> {
 public:
  ImportStream(const Services& services, const grpc::CallbackServerContext& context)
      : ImportCall(services, context) {
    Begin();
  }

  void Give(const v1::ImportStreamResponse& answer) { StartWrite(&answer); }
  void OnWriteDone(bool ok) override { Given(ok); }
};

}  // namespace

grpc::ServerReadReactor<v1::ImportSuppressionsRequest>* NewImport(
    const Services& services, const grpc::CallbackServerContext& context,
    v1::ImportSuppressionsResponse* response) {
  return new Import(services, context, response);
}

grpc::ServerBidiReactor<v1::ImportSuppressionsRequest, v1::ImportStreamResponse>* NewImportStream(
    const Services& services, const grpc::CallbackServerContext& context) {
  return new ImportStream(services, context);
}

}  // namespace bounced::api

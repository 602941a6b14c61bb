#include "server/cli/clean.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server/base/clock.h"
#include "server/cli/clean_batch.h"
#include "tests/cli/fake_server.h"
#include "tests/cli/strings.h"

namespace bounced::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Cleaned {
  absl::Status status;
  CleanCounts counts;
  std::string kept;
  std::string rejected;
};

class CleanTest : public testing::Test {
 protected:
  Cleaned Run(Source& in, absl::Duration patience = absl::Seconds(30)) {
    Client client(ClientOptions{.server = server_.address(), .token = ""}, patience, SystemClock());
    StringSink kept;
    StringSink rejected;
    Cleaned cleaned;
    cleaned.status = Clean(client, options_, in, {kept, &rejected}, cleaned.counts,
                           [this](const CleanCounts& counts) { progress_ = counts.rows; });
    cleaned.kept = kept.text;
    cleaned.rejected = rejected.text;
    return cleaned;
  }
  Cleaned Run(const std::string& text) {
    StringSource in(text);
    return Run(in);
  }

  FakeServer server_;
  CleanOptions options_;
  std::uint64_t progress_ = 0;
};

TEST_F(CleanTest, SortsRowsByteForByteAndInOrder) {
  const Cleaned cleaned =
      Run("id,Email,note\r\n"
          "1,a@x.example,\"two\r\nlines, \"\"quoted\"\"\"\r\n"
          "2,bad@x.example,\xFF\n"
          "3,,nobody\n"
          "4,no address,\n"
          "5,risky@x.example,\n"
          "6,\" c@x.example\t\",\"\"\n"
          "7");
  EXPECT_TRUE(cleaned.status.ok()) << cleaned.status;
  EXPECT_EQ(cleaned.kept,
            "id,Email,note\r\n"
            "1,a@x.example,\"two\r\nlines, \"\"quoted\"\"\"\r\n"
            "5,risky@x.example,\n"
            "6,\" c@x.example\t\",\"\"\n");
  EXPECT_EQ(cleaned.rejected,
            "id,Email,note\r\n"
            "2,bad@x.example,\xFF\n"
            "3,,nobody\n"
            "4,no address,\n"
            "7");
  EXPECT_EQ(cleaned.counts.rows, 7u);
  EXPECT_EQ(cleaned.counts.kept, 3u);
  EXPECT_EQ(cleaned.counts.suppressed, 1u);
  EXPECT_EQ(cleaned.counts.invalid, 1u);
  EXPECT_EQ(cleaned.counts.empty, 2u);
  EXPECT_EQ(cleaned.counts.risky, 1u);
  EXPECT_EQ(progress_, 7u);
}

TEST_F(CleanTest, AsksForAddressesWithoutBlanksInTheTenantAndStream) {
  options_.tenant = "acme";
  options_.stream = "news";
  Run("x;email\n1;\" c@x.example \"\n2;\"d@x.example\"\n3;\n");
  ASSERT_EQ(server_.suppressions.checked.size(), 1u);
  EXPECT_EQ(server_.suppressions.checked[0].tenant(), "acme");
  EXPECT_EQ(server_.suppressions.checked[0].stream(), "news");
  EXPECT_THAT(server_.suppressions.checked[0].addresses(),
              ElementsAre("c@x.example", "d@x.example"));
}

TEST_F(CleanTest, DropsRiskyRowsWhenTold) {
  options_.drop_risky = true;
  const Cleaned cleaned = Run("risky@x.example\na@x.example\n");
  EXPECT_EQ(cleaned.kept, "a@x.example\n");
  EXPECT_EQ(cleaned.rejected, "risky@x.example\n");
  EXPECT_EQ(cleaned.counts.kept, 1u);
  EXPECT_EQ(cleaned.counts.risky, 1u);
}

TEST_F(CleanTest, SaysWhyBehindTheRejectedRows) {
  options_.reasons = true;
  options_.drop_risky = true;
  EXPECT_EQ(Run("id;email\r\n1;bad@x.example\r\n2;\n3;x\n4;risky@x.example").rejected,
            "id;email;verdict\r\n1;bad@x.example;suppressed\r\n2;;empty\n3;x;invalid\n"
            "4;risky@x.example;risky");
  EXPECT_EQ(Run("bad@x.example\n").rejected, "bad@x.example,suppressed\n");
}

TEST_F(CleanTest, TakesAnyShapeOfAList) {
  EXPECT_EQ(Run("").kept, "");
  EXPECT_THAT(server_.suppressions.checked, IsEmpty());
  EXPECT_EQ(Run("id,email\n").kept, "id,email\n");
  EXPECT_EQ(Run("id,email\n").rejected, "id,email\n");
  EXPECT_EQ(Run("a@x.example").kept, "a@x.example");
  EXPECT_EQ(Run("bad@x.example").rejected, "bad@x.example");
  EXPECT_EQ(Run("1,a@x.example\n2,bad@x.example\n").kept, "1,a@x.example\n");
  const Cleaned marked = Run("\xEF\xBB\xBFid,email\r\n1,a@x.example\r\n2,bad@x.example\r\n");
  EXPECT_EQ(marked.kept, "\xEF\xBB\xBFid,email\r\n1,a@x.example\r\n");
  EXPECT_EQ(marked.rejected, "\xEF\xBB\xBFid,email\r\n2,bad@x.example\r\n");
  EXPECT_EQ(Run("\"bad@x.example\"\n").rejected, "\"bad@x.example\"\n");
}

TEST_F(CleanTest, AsksOnlyForWhatCanBeAnAddress) {
  options_.limits.max_address_octets = 20;
  const std::string fits = std::string(18, 'a') + "@x";
  const Cleaned cleaned = Run(fits + "\n" + "a" + fits + "\n" + "b" + fits.substr(1) + "\n" +
                              "\xFF@x.example\n" + "\xC3\xA4@x.example\n");
  ASSERT_EQ(server_.suppressions.checked.size(), 1u);
  EXPECT_THAT(server_.suppressions.checked[0].addresses(),
              ElementsAre(fits, "b" + fits.substr(1), "\xC3\xA4@x.example"));
  EXPECT_EQ(cleaned.rejected, "a" + fits + "\n\xFF@x.example\n");
  EXPECT_EQ(cleaned.counts.invalid, 2u);
}

TEST_F(CleanTest, BatchesHaveAtMostSoManyRowsAndOctets) {
  options_.limits.batch_rows = 3;
  std::string list;
  for (int i = 0; i < 7; ++i) list += "a@x.example\n";
  Run(list);
  std::vector<int> sizes;
  for (const auto& request : server_.suppressions.checked)
    sizes.push_back(request.addresses_size());
  EXPECT_THAT(sizes, ElementsAre(3, 3, 1));

  server_.suppressions.checked.clear();
  options_.limits.batch_rows = 100;
  options_.limits.batch_octets = 25;  // two rows of 12 octets do not fill it, a third does
  Run(list);
  sizes.clear();
  for (const auto& request : server_.suppressions.checked)
    sizes.push_back(request.addresses_size());
  EXPECT_THAT(sizes, ElementsAre(3, 3, 1));
}

TEST_F(CleanTest, GivesTheSameHoweverItIsBatched) {
  std::mt19937 random(5);
  const std::vector<std::string> cells = {"a@x.example", "bad@x.example", "risky@x.example", "",
                                          "none",        "\"bad,@x\"",    "\"a\"\"\n@x\""};
  std::string list = "n,email\n";
  std::string kept = list;
  std::string rejected = list;
  for (int i = 0; i < 500; ++i) {
    const std::size_t cell = random() % cells.size();
    const std::string row = std::to_string(i) + "," + cells[cell] + (i % 3 == 0 ? "\r\n" : "\n");
    list += row;
    (cell == 0 || cell == 2 || cell == 6 ? kept : rejected) += row;
  }
  for (std::size_t rows : {1U, 2U, 7U, 499U, 500U, 501U}) {
    for (std::size_t in_flight : {1U, 2U, 8U}) {
      options_.limits.batch_rows = rows;
      options_.limits.batches_in_flight = in_flight;
      StringSource in(list, 1 + random() % 100);
      const Cleaned cleaned = Run(in);
      EXPECT_TRUE(cleaned.status.ok()) << cleaned.status;
      ASSERT_EQ(cleaned.kept, kept) << rows << " rows, " << in_flight << " in flight";
      ASSERT_EQ(cleaned.rejected, rejected);
    }
  }
}

// A source that tells another thread how far it has been read, a row at a time.
class CountedSource : public StringSource {
 public:
  CountedSource(const std::string& row, std::size_t rows)
      : StringSource(Repeat(row, rows), row.size()) {}
  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    ++rows_;
    return StringSource::Read(buffer, size);
  }
  std::size_t rows() const { return rows_; }

 private:
  static std::string Repeat(const std::string& row, std::size_t rows) {
    std::string text;
    for (std::size_t i = 0; i < rows; ++i) text += row;
    return text;
  }
  std::atomic<std::size_t> rows_ = 0;
};

TEST_F(CleanTest, HoldsABoundedNumberOfRowsWhileTheServerIsSlow) {
  constexpr std::size_t kRows = 10;
  constexpr std::size_t kInFlight = 4;
  options_.limits.batch_rows = kRows;
  options_.limits.batches_in_flight = kInFlight;
  CountedSource in("a@x.example\n", 1'000);
  std::size_t most = 0;
  server_.suppressions.before_answer = [&](int answered, grpc::ServerContext&) {
    // Those that were answered, and as many batches as there are.
    const std::size_t bound = (static_cast<std::size_t>(answered) + kInFlight + 1) * kRows;
    // The first answer waits until the reader has all that it may hold.
    while (answered == 0 && in.rows() < bound) std::this_thread::yield();
    if (in.rows() > bound) most = std::max(most, in.rows() - bound);
    return grpc::Status::OK;
  };
  EXPECT_TRUE(Run(in).status.ok());
  EXPECT_EQ(most, 0u);
}

TEST_F(CleanTest, AServerThatFailsMidwayIsAnErrorAndTheCountsAreRight) {
  options_.limits.batch_rows = 2;
  server_.suppressions.before_answer = [](int answered, grpc::ServerContext&) {
    return answered < 3 ? grpc::Status::OK
                        : grpc::Status(grpc::StatusCode::UNAVAILABLE, "the store is gone");
  };
  std::string list;
  for (int i = 0; i < 100; ++i) list += (i % 2 == 0 ? "a" : "bad") + std::to_string(i) + "@x\n";
  const Cleaned cleaned = Run(list);
  EXPECT_EQ(cleaned.status.code(), absl::StatusCode::kUnavailable) << cleaned.status;
  EXPECT_THAT(std::string(cleaned.status.message()), HasSubstr("the store is gone"));
  EXPECT_EQ(cleaned.counts.rows, 6u);
  EXPECT_EQ(cleaned.counts.kept, 3u);
  EXPECT_EQ(cleaned.kept, "a0@x\na2@x\na4@x\n");
  EXPECT_EQ(cleaned.rejected, "bad1@x\nbad3@x\nbad5@x\n");
}

TEST_F(CleanTest, AServerThatDiesWhileTheReaderWaitsForInputIsNoticed) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  FdSource in(pipe[0], Ownership::kOwned, "pipe");
  options_.limits.batch_rows = 1;
  const std::string row = "a@x.example\n";
  ASSERT_EQ(::write(pipe[1], row.data(), row.size()), static_cast<ssize_t>(row.size()));
  server_.suppressions.before_answer = [](int, grpc::ServerContext& context) {
    while (!context.IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  };
  // The pipe stays open, so nothing but the server's end can end the run.
  std::thread killer([this] {
    while (server_.suppressions.checked.empty()) std::this_thread::yield();
    server_.Stop();
  });
  const Cleaned cleaned = Run(in);
  killer.join();
  ::close(pipe[1]);
  EXPECT_FALSE(cleaned.status.ok());
  EXPECT_EQ(cleaned.counts.rows, 0u);
  EXPECT_EQ(cleaned.kept, "");
}

TEST_F(CleanTest, AServerThatIsSilentIsGivenUp) {
  server_.suppressions.before_answer = [](int, grpc::ServerContext& context) {
    while (!context.IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  };
  StringSource in("a@x.example\n");
  const Cleaned cleaned = Run(in, absl::Milliseconds(50));
  EXPECT_EQ(cleaned.status.code(), absl::StatusCode::kDeadlineExceeded) << cleaned.status;
}

TEST_F(CleanTest, AnswersThatDoNotFitAreErrors) {
  server_.suppressions.change_answer = [](v1::BatchCheckResponse& answer) {
    answer.add_verdicts(v1::VERDICT_SEND);
  };
  EXPECT_EQ(Run("a@x.example\n").status.code(), absl::StatusCode::kInternal);
  server_.suppressions.change_answer = [](v1::BatchCheckResponse& answer) {
    answer.clear_verdicts();
  };
  EXPECT_EQ(Run("a@x.example\n").status.code(), absl::StatusCode::kInternal);
}

TEST_F(CleanTest, AVerdictThatItDoesNotKnowIsNoneToSend) {
  server_.suppressions.change_answer = [](v1::BatchCheckResponse& answer) {
    answer.set_verdicts(0, static_cast<v1::Verdict>(17));
  };
  EXPECT_EQ(Run("a@x.example\n").rejected, "a@x.example\n");
}

TEST_F(CleanTest, AStreamThatEndsEarlyIsAnError) {
  server_.suppressions.most_answers = 1;
  options_.limits.batch_rows = 1;
  const Cleaned cleaned = Run("a@x.example\nb@x.example\nc@x.example\n");
  EXPECT_EQ(cleaned.status.code(), absl::StatusCode::kInternal) << cleaned.status;
  EXPECT_EQ(cleaned.kept, "a@x.example\n");
}

TEST_F(CleanTest, AListThatCannotBeReadOnIsWrittenUpToThere) {
  const Cleaned cleaned = Run("id,email\n1,a@x.example\n2,\"bad@x.example\n");
  EXPECT_EQ(cleaned.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(cleaned.status.message()), HasSubstr("line 3"));
  EXPECT_EQ(cleaned.kept, "id,email\n1,a@x.example\n");
  EXPECT_EQ(cleaned.counts.rows, 1u);
}

class FullDisk : public Sink {
 public:
  absl::Status Write(std::string_view octets) override {
    return octets.empty() ? absl::OkStatus() : absl::InternalError("disk full");
  }
  absl::Status Flush() override { return absl::OkStatus(); }
};

TEST_F(CleanTest, ASinkThatFailsEndsIt) {
  Client client(ClientOptions{.server = server_.address(), .token = ""}, absl::Seconds(30),
                SystemClock());
  CountedSource in("bad@x.example\n", 100'000);
  StringSink kept;
  FullDisk full;
  CleanCounts counts;
  options_.table.header = Header::kNone;
  absl::Status status =
      Clean(client, options_, in, {kept, &full}, counts, [](const CleanCounts&) {});
  EXPECT_EQ(status.message(), "disk full");
  EXPECT_LT(in.rows(), 100'000u);
}

TEST(CleanQueue, HandsOutAsManyBatchesAsThereAre) {
  CleanQueue queue(2);
  auto first = queue.TakeEmpty();
  auto second = queue.TakeEmpty();
  first->Add("x\n", Fate::kAsked);
  queue.PutFull(std::move(first));
  std::unique_ptr<CleanBatch> third;
  std::thread reader([&] { third = queue.TakeEmpty(); });
  auto full = queue.TakeFull();
  ASSERT_NE(full, nullptr);
  EXPECT_EQ(full->octets, "x\n");
  queue.PutEmpty(std::move(full));
  reader.join();
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(third->octets, "");
  EXPECT_EQ(third->asked, 0u);
}

TEST(CleanQueue, EndsAndStops) {
  CleanQueue queue(1);
  std::thread reader([&] { EXPECT_EQ(queue.TakeFull(), nullptr); });
  queue.End(absl::InvalidArgumentError("why"));
  reader.join();
  EXPECT_EQ(queue.status().message(), "why");

  CleanQueue stopped(1);
  auto only = stopped.TakeEmpty();
  std::thread writer([&] { EXPECT_EQ(stopped.TakeEmpty(), nullptr); });
  stopped.Stop();
  writer.join();
}

}  // namespace
}  // namespace bounced::cli

// Commits of the store, one after the other without a pause: records a second, how long each takes,
// and how long the WAL grows.
//
//   store_bench [--stored=5000000 [--lean]] [--directory=DIR] [benchmark's own flags]
//
// A record is the dearest there is: a message with evidence of 1.5 KB, an event, a new address, its
// suppression and the change. `--stored` events, addresses, messages, suppressions and changes are
// there before, under hashes that fall anywhere, one in 25 of them with evidence; with `--lean`
// without their texts, for more of them than a disk holds with. An empty store flatters: read the
// two together. With them the same commits beside backups, and a restore; and lists of the events
// of an hour, and of one that has none, beside one that looks at all events.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "filled_store.h"
#include "sqlite3.h"
#include "storage/sqlite/messages.h"
#include "storage/store.h"

namespace bounced {
namespace {

using bench::Execute;
using bench::Must;

std::int64_t stored = 0;
bool lean = false;
std::string directory;

const absl::Time kNow = absl::Now();
// Over which the rows that are there before are spread: a daemon drops none yet for their age.
constexpr absl::Duration kFilledTime = absl::Hours(30 * 24);

std::unique_ptr<Store> Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore({.directory = path}, kNow);
  Must(store.ok(), store.status().ToString());
  return *std::move(store);
}

// --- What is there before

std::int64_t Ask(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* stmt = nullptr;
  Must(sqlite3_prepare_v2(db, sql.c_str(), -1, &stmt, nullptr) == SQLITE_OK, sql);
  Must(sqlite3_step(stmt) == SQLITE_ROW, sql);
  const std::int64_t value = sqlite3_column_int64(stmt, 0);
  sqlite3_finalize(stmt);
  return value;
}

std::vector<std::shared_ptr<const Evidence>> MakeEvidence(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::shared_ptr<const Evidence>> pool;
  for (int i = 0; i < 512; ++i) {
    std::string text(1'500, '\0');  // does not pack, so it is its own size
    for (char& c : text) c = static_cast<char>(random());
    pool.push_back(Evidence::Pack(text));
  }
  return pool;
}

// Rows in order, then the trees: far faster than one commit after the other, and the same trees.
void Fill(const std::string& path, std::int64_t rows) {
  // Tables only grow at their ends, so texts cost room alone.
  const auto quoted = [](const char* of_a_bounce) {
    return absl::StrCat("'", lean ? "" : of_a_bounce, "'");
  };
  const std::string time = absl::StrCat(absl::ToUnixMicros(kNow - kFilledTime), " + i * ",
                                        absl::ToInt64Microseconds(kFilledTime) / rows);
  const std::string return_path =
      absl::StrCat("'b-' || i || ", quoted("-of-thirty-two-octets-or-so@bounces.example.net"));
  const std::string explanation = quoted(
      "The remote server says that the mailbox does not exist (550 5.1.1, rule no-such-user).");
  bench::StoreFilling filling(path);
  sqlite3* const db = filling.db();
  // As the store makes them, so that a check finds nothing.
  const auto secret = static_cast<std::uint64_t>(Ask(db,
                                                     "SELECT value FROM meta"
                                                     " WHERE name = 'index_secret'"));
  const SuppressionIndex hashes(secret);
  sqlite3_create_function_v2(
      db, "hash_of", 2, SQLITE_UTF8, const_cast<SuppressionIndex*>(&hashes),
      [](sqlite3_context* context, int, sqlite3_value** values) {
        const auto text = [](sqlite3_value* value) {
          const auto* octets = reinterpret_cast<const char*>(sqlite3_value_text(value));
          return std::string_view(octets, static_cast<std::size_t>(sqlite3_value_bytes(value)));
        };
        const auto& index = *static_cast<const SuppressionIndex*>(sqlite3_user_data(context));
        sqlite3_result_int64(
            context, static_cast<std::int64_t>(index.Hash(text(values[0]), "", text(values[1]))));
      },
      nullptr, nullptr, nullptr);
  const std::vector<std::shared_ptr<const Evidence>> evidence = MakeEvidence(1);
  sqlite3_create_function_v2(
      db, "evidence_of", 1, SQLITE_UTF8,
      const_cast<std::vector<std::shared_ptr<const Evidence>>*>(&evidence),
      [](sqlite3_context* context, int, sqlite3_value** values) {
        const auto& pool = *static_cast<const std::vector<std::shared_ptr<const Evidence>>*>(
            sqlite3_user_data(context));
        const auto id = static_cast<std::size_t>(sqlite3_value_int64(values[0]));
        const std::string& packed = pool[id % pool.size()]->packed();
        sqlite3_result_blob64(context, packed.data(), packed.size(), SQLITE_STATIC);
      },
      nullptr, nullptr, nullptr);
  const std::string count = absl::StrCat(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ", rows, ") ");
  Execute(db,
          count +
              "INSERT INTO address SELECT i, hash_of('default', mailbox), 0, 'default', mailbox,"
              " NULL, NULL FROM (SELECT i, 'recipient' || i || '@mail' || (i % 997) ||"
              " '.example' AS mailbox FROM n)");
  Execute(db, count +
                  "INSERT INTO evidence SELECT i, 1500, 1, 0, evidence_of(i / 25) FROM n"
                  " WHERE i % 25 = 0");
  Execute(db, absl::StrCat(count,
                           "INSERT INTO message (id, first_event_id, events, evidence_id, octets,"
                           " receive_time, day, trust, return_path_hash, digest, tenant, stream,"
                           " return_path, reverse_path, client_address, client_helo, reporting_mta,"
                           " report_form, envelope_id, return_path_key, message_reference)"
                           " SELECT i, i, 1, iif(i % 25 = 0, i, NULL), 1500, ",
                           time, ", ", DayOf(kNow - kFilledTime), ", 4, hash_of('default', ",
                           return_path,
                           "), randomblob(16), 'default',"
                           " 'news', ",
                           return_path, ", '', '192.0.2.1', ", quoted("mx.example.net"), ", ",
                           quoted("mx.example.net"), ", 'rfc3464', '', 'a', '' FROM n"));
  Execute(
      db,
      absl::StrCat(
          count,
          "INSERT INTO event (id, message_id, address_id, " BOUNCED_EVENT_FIELDS
          ") SELECT i, i, i, 1, 101, 1, 1, 1, 4, 550, 0, 1, 95, 3, 3, '5.1.1', 'no-such-user', ",
          quoted("recipient of some number@mail.example"), ", '', '', 'smtp', ",
          quoted("mx.example.net"), ", ", quoted("enhanced_status=reported"), ", ",
          quoted("user unknown"), ", ",
          quoted("550 5.1.1 the mailbox does not exist here, see https://example.net/help"),
          " FROM n"));
  Execute(db,
          absl::StrCat(count,
                       "INSERT INTO suppression (id, hash, expire_time, address_id, stream,"
                       " source, bounce_class, create_time, event_id, reason, explanation)"
                       " SELECT i, (SELECT hash FROM address WHERE id = i), NULL, i, '', 1, 1, ",
                       time, ", i, 'no_such_user', ", explanation, " FROM n"));
  Execute(db, absl::StrCat(count,
                           "INSERT INTO change (number, time, what, address_id, author, cause,"
                           " stream, source, bounce_class, create_time, expire_time, event_id,"
                           " reason, explanation) SELECT i, ",
                           time, ", 1, i, 'policy', 'hard_certain', '', 1, 1, ", time,
                           ", NULL, i,"
                           " 'no_such_user', ",
                           explanation, " FROM n"));
  filling.Finish();
}

// --- What is measured

NewMessage MakeRecord(std::mt19937_64& random, std::shared_ptr<const Evidence> evidence) {
  NewMessage made;
  Message& m = made.message;
  m.tenant = "default";
  m.stream = "news";
  m.return_path = absl::StrCat("b-", absl::Hex(random(), absl::kZeroPad16),
                               absl::Hex(random(), absl::kZeroPad16), "@bounces.example.net");
  m.client_address = "192.0.2.1";
  m.client_helo = "mx.example.net";
  m.reporting_mta = "mx.example.net";
  m.report_form = "rfc3464";
  m.return_path_key = "a";
  m.trust = Trust::kSigned;
  m.receive_time = kNow;
  m.day = DayOf(kNow);
  for (std::uint8_t& octet : m.digest) octet = static_cast<std::uint8_t>(random());
  Event event;
  event.kind = Kind::kBounce;
  event.address = *Address::Parse(absl::StrCat("r", random(), "@mail.example"));
  event.trust = Trust::kSigned;
  event.final_recipient = event.address->canonical();
  event.enhanced_status = "5.1.1";
  event.reply_code = 550;
  event.reason = Reason::kNoSuchUser;
  event.bounce_class = BounceClass::kHard;
  event.confidence = 95;
  event.rule = "no-such-user";
  event.matched_text = "user unknown";
  event.diagnostic = "550 5.1.1 the mailbox does not exist here, see https://example.net/help";
  event.diagnostic_type = "smtp";
  event.remote_mta = "mx.example.net";
  event.provenance = "enhanced_status=reported reply_code=reported";
  made.events.push_back(std::move(event));
  made.evidence = std::move(evidence);
  return made;
}

Decision SuppressForGood(const AddressHistory& history, const Message& message,
                         const Event& event) {
  Decision decision{
      .effect = Effect::kSuppressed, .rule = PolicyRule::kHardCertain, .next = history.record};
  decision.next.counted_mails.push_back(static_cast<std::uint64_t>(event.id));
  decision.suppress = Suppression{
      .tenant = message.tenant,
      .stream = "",
      .address = *event.address,
      .source = Source::kBounce,
      .reason = "no_such_user",
      .bounce_class = BounceClass::kHard,
      .create_time = kNow,
      .expire_time = absl::InfiniteFuture(),
      .event_id = event.id,
      .explanation =
          "The remote server says that the mailbox does not exist (550 5.1.1, rule no-such-user)."};
  return decision;
}

double Percentile(std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

// `state.range(0)`: records a commit; `state.range(1)`: commits.
void Commits(benchmark::State& state, Store& store, const std::string& path) {
  const auto records = static_cast<std::size_t>(state.range(0));
  const auto commits = static_cast<std::size_t>(state.range(1));
  std::mt19937_64 random(std::random_device{}());
  std::vector<std::shared_ptr<const Evidence>> evidence = MakeEvidence(random());
  std::vector<Work> works(commits);
  std::size_t made = 0;
  for (Work& work : works) {
    std::vector<NewMessage>& messages = std::get<StoreMessages>(work).messages;
    for (std::size_t i = 0; i < records; ++i) {
      messages.push_back(MakeRecord(random, evidence[made++ % evidence.size()]));
    }
  }
  std::vector<double> millis;
  std::uintmax_t wal = 0;
  for (auto iteration : state) {
    static_cast<void>(iteration);
    for (Work& work : works) {
      Work* batch[] = {&work};
      auto begin = std::chrono::steady_clock::now();
      absl::Status status = store.Apply(batch, SuppressForGood, kNow);
      std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
      Must(status.ok(), status.ToString());
      millis.push_back(took.count());
      if (millis.size() % 64 == 0) {
        wal = std::max(wal, std::filesystem::file_size(path + "/bounced.db-wal"));
      }
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(records * commits));
  std::sort(millis.begin(), millis.end());
  state.counters["p50_ms"] = Percentile(millis, 0.5);
  state.counters["p99_ms"] = Percentile(millis, 0.99);
  state.counters["worst_ms"] = millis.back();
  state.counters["wal_MB"] = static_cast<double>(wal) / 1e6;
}

void BM_Empty(benchmark::State& state) {
  std::string path = directory + "/empty";
  std::filesystem::remove_all(path);
  {
    std::unique_ptr<Store> store = Open(path);
    Commits(state, *store, path);
  }
  std::filesystem::remove_all(path);
}

void BM_Stored(benchmark::State& state) {
  std::string path = directory + "/stored";
  std::unique_ptr<Store> store = Open(path);
  Commits(state, *store, path);
}

// The same while one backup after the other is made.
void BM_BesideBackups(benchmark::State& state) {
  std::string path = directory + "/stored";
  std::unique_ptr<Store> store = Open(path);
  std::atomic<bool> stop = false;
  double backups = 0;
  double longest = 0;
  std::thread thread([&] {
    while (!stop) {
      const auto begin = std::chrono::steady_clock::now();
      absl::Status status =
          store->MakeBackup(0, [&stop](const WorkProgress&) { return !stop.load(); }).status();
      Must(status.ok() || stop, status.ToString());
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      if (stop) break;
      ++backups;
      longest = std::max(longest, took.count());
    }
  });
  Commits(state, *store, path);
  stop = true;
  thread.join();
  state.counters["backups"] = backups;
  state.counters["backup_s"] = longest;
}

// A restore of the stored database, checks and all.
void BM_Restore(benchmark::State& state) {
  const std::string copy = directory + "/copy";
  {
    std::unique_ptr<Store> store = Open(directory + "/stored");
    absl::StatusOr<std::unique_ptr<Backup>> backup =
        store->MakeBackup(0, [](const WorkProgress&) { return true; });
    Must(backup.ok(), backup.status().ToString());
    std::ofstream file(copy, std::ios::binary | std::ios::trunc);
    for (std::int64_t at = 0; at < (*backup)->octets();) {
      absl::StatusOr<std::string> octets = (*backup)->Read(at, 1 << 20);
      Must(octets.ok() && !octets->empty(), "read");
      file << *octets;
      at += static_cast<std::int64_t>(octets->size());
    }
  }
  for (auto iteration : state) {
    static_cast<void>(iteration);
    absl::StatusOr<Restored> restored = RestoreDatabase(directory + "/restored", copy, kNow,
                                                        [](const WorkProgress&) { return true; });
    Must(restored.ok(), restored.status().ToString());
    state.counters["MB"] = static_cast<double>(restored->octets) / 1e6;
  }
  std::filesystem::remove_all(directory + "/restored");
  std::filesystem::remove(copy);
}

// All pages of a list of events.
void List(benchmark::State& state, const EventFilter& filter) {
  std::unique_ptr<Store> store = Open(directory + "/stored");
  std::size_t rows = 0;
  for (auto iteration : state) {
    static_cast<void>(iteration);
    rows = 0;
    Cursor cursor = 0;
    do {
      absl::StatusOr<Page<StoredEvent>> page = store->ListEvents(filter, 1'000, cursor);
      Must(page.ok(), page.status().ToString());
      rows += page->rows.size();
      cursor = page->next;
    } while (cursor != 0);
  }
  state.counters["rows"] = static_cast<double>(rows);
}

void RegisterLists() {
  EventFilter all;
  all.tenant = "default";
  all.reason = Reason::kMailboxFull;
  EventFilter hour;
  hour.tenant = "default";
  hour.received_from = kNow - kFilledTime / 2;
  hour.received_before = hour.received_from + absl::Hours(1);
  EventFilter hour_of_none = hour;
  hour_of_none.received_from = kNow - kFilledTime - absl::Hours(24);
  hour_of_none.received_before = hour_of_none.received_from + absl::Hours(1);
  const std::pair<const char*, EventFilter> lists[] = {
      {"list/all", all}, {"list/hour", hour}, {"list/hour_of_none", hour_of_none}};
  for (const auto& [name, filter] : lists) {
    benchmark::RegisterBenchmark(name, List, filter)->UseRealTime()->Unit(benchmark::kMillisecond);
  }
}

void Register(const char* name, void (*run)(benchmark::State&)) {
  benchmark::RegisterBenchmark(name, run)
      ->ArgNames({"B", "commits"})
      ->Args({1, 40'000})
      ->Args({20, 8'000})
      ->Args({200, 1'000})
      ->Iterations(1)
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    std::string_view flag(argv[i]);
    if (flag.starts_with("--stored=")) {
      Must(absl::SimpleAtoi(argv[i] + 9, &stored) && stored >= 0, "--stored takes a number");
    } else if (flag == "--lean") {
      lean = true;
    } else if (flag.starts_with("--directory=")) {
      directory = flag.substr(12);
    } else {
      Must(false, absl::StrCat("unknown flag ", argv[i]));
    }
  }
  const bool is_ours = directory.empty();
  if (is_ours) {
    directory = (std::filesystem::temp_directory_path() / "store-bench-XXXXXX").string();
    Must(mkdtemp(directory.data()) != nullptr, "mkdtemp");
  }
  Register("commit/empty", BM_Empty);
  if (stored > 0) {
    if (!std::filesystem::exists(directory + "/stored")) Fill(directory + "/stored", stored);
    RegisterLists();
    Register("commit/stored", BM_Stored);
    Register("commit/beside_backups", BM_BesideBackups);
    benchmark::RegisterBenchmark("restore/stored", BM_Restore)
        ->Iterations(1)
        ->UseRealTime()
        ->Unit(benchmark::kSecond);
  }
  benchmark::RunSpecifiedBenchmarks();
  if (is_ours) std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace bounced

int main(int argc, char** argv) { return bounced::Main(argc, argv); }

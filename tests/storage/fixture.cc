#include "fixture.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "sqlite3.h"

namespace bounced {

TemporaryDirectory::TemporaryDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "bounced-store-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

void WriteFile(const std::string& path, std::string_view octets) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << octets;
}

void Execute(const std::string& file, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
}

absl::Time Noon(Day day) { return StartOf(day) + absl::Hours(12); }

Address ParseAddress(std::string_view mailbox) {
  absl::StatusOr<Address> address = Address::Parse(mailbox);
  EXPECT_TRUE(address.ok()) << address.status();
  return *std::move(address);
}

NewMessage Bounce(std::string_view mailbox, int number) {
  NewMessage message;
  Message& m = message.message;
  m.tenant = "t";
  m.stream = "news";
  m.return_path = absl::StrCat("b-", number, "@bounces.example.net");
  m.client_address = "192.0.2.1";
  m.report_form = "rfc3464";
  m.return_path_key = "a";
  m.trust = Trust::kSigned;
  m.receive_time = Noon();
  m.day = kToday;
  std::memcpy(m.digest.data(), &number, sizeof number);
  Event event;
  event.kind = Kind::kBounce;
  event.reason = Reason::kNoSuchUser;
  event.bounce_class = BounceClass::kHard;
  event.fault = Fault::kRecipient;
  event.confidence = 95;
  event.reply_code = 550;
  event.enhanced_status = "5.1.1";
  event.rule = "no-such-user";
  event.diagnostic = "5.1.1 no such user";
  if (!mailbox.empty()) event.address = ParseAddress(mailbox);
  event.trust = Trust::kSigned;
  message.events.push_back(std::move(event));
  message.evidence = Evidence::Pack(absl::StrCat("Subject: ", number, "\r\n\r\nIt bounced.\r\n"));
  return message;
}

Decision SimplePolicy(const AddressHistory& history, const Message& message, const Event& event) {
  Decision decision;
  decision.next = history.record;
  if (event.kind == Kind::kDelivery) {
    decision = {.effect = Effect::kCleared, .rule = PolicyRule::kDelivery, .next = history.record};
    decision.next.soft_days.clear();
  } else if (event.bounce_class == BounceClass::kSoft) {
    decision.effect = Effect::kCounted;
    decision.rule = PolicyRule::kSoftCounted;
    std::vector<Day>& days = decision.next.soft_days;
    if (std::find(days.begin(), days.end(), message.day) == days.end()) days.push_back(message.day);
    decision.risky_until = message.day + 30;
  } else if (event.bounce_class == BounceClass::kHard) {
    decision.effect = Effect::kSuppressed;
    decision.rule = PolicyRule::kHardCertain;
    decision.suppress = Suppression{.tenant = message.tenant,
                                    .stream = "",
                                    .address = *event.address,
                                    .source = Source::kBounce,
                                    .reason = std::string(ToString(event.reason)),
                                    .bounce_class = event.bounce_class,
                                    .create_time = message.receive_time,
                                    .expire_time = absl::InfiniteFuture(),
                                    .event_id = event.id,
                                    .explanation = "There is no such mailbox."};
  }
  return decision;
}

std::unique_ptr<Store> Open(const std::string& directory, absl::Time now) {
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore({.directory = directory}, now);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

absl::Status Apply(Store& store, std::initializer_list<Work*> batch, absl::Time now) {
  std::vector<Work*> works(batch);
  return store.Apply(works, SimplePolicy, now);
}

std::vector<MessageReceipt> Put(Store& store, std::vector<NewMessage> messages, absl::Time now) {
  Work work = StoreMessages{.messages = std::move(messages)};
  absl::Status status = Apply(store, {&work}, now);
  EXPECT_TRUE(status.ok()) << status;
  return std::get<StoreMessages>(work).receipts;
}

Suppression Manual(std::string_view mailbox, std::string_view stream, Source source,
                   absl::Time expire_time) {
  return {.tenant = "t",
          .stream = std::string(stream),
          .address = ParseAddress(mailbox),
          .source = source,
          .reason = "manual",
          .bounce_class = BounceClass::kNone,
          .create_time = Noon(),
          .expire_time = expire_time,
          .event_id = 0,
          .explanation = "By hand."};
}

std::vector<Change> ChangesOf(const Store& store, std::string_view mailbox) {
  absl::StatusOr<AddressDossier> dossier = store.GetDossier("t", ParseAddress(mailbox), 0, 1'000);
  EXPECT_TRUE(dossier.ok()) << dossier.status();
  std::reverse(dossier->changes.begin(), dossier->changes.end());
  return dossier->changes;
}

IndexAnswer CheckIndex(const Store& store, std::string_view mailbox, std::string_view stream,
                       absl::Time now) {
  return store.index().Check("t", stream, ParseAddress(mailbox).canonical(), now);
}

}  // namespace bounced

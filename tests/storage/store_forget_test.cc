// What is forgotten, what has had its time, and what neither may leave behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fixture.h"
#include "storage/maintenance.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

bool GoOn(const WorkProgress&) { return true; }

// Octets of the database, its WAL and its shared memory, without case.
std::string RawOf(const std::string& database) {
  std::string raw;
  for (const char* suffix : {"", "-wal", "-shm"}) raw += ReadFile(database + suffix);
  absl::AsciiStrToLower(&raw);
  return raw;
}

struct ForgetResult {
  std::int64_t events = 0;
  std::int64_t evidence = 0;
  std::int64_t mentions = 0;
  std::int64_t suppressions = 0;
  bool was_forgotten = false;
  bool is_log_empty = false;
};

// As the API does it.
ForgetResult Forget(Store& store, std::string_view mailbox, const std::string& tenant = "t") {
  ForgetResult result;
  std::vector<std::string> spellings;
  std::int64_t from = 0;
  do {
    Work work =
        ForgetAddress{.tenant = tenant, .address = ParseAddress(mailbox), .from_event = from};
    EXPECT_TRUE(Apply(store, {&work}).ok());
    const auto& done = std::get<ForgetAddress>(work);
    if (from == 0) {
      spellings = done.spellings;
      result.was_forgotten = done.was_forgotten;
      result.suppressions = done.suppressions;
    }
    result.events += done.events;
    result.evidence += static_cast<std::int64_t>(done.evidence_ids.size());
    from = done.next_event;
  } while (from != 0);
  Cursor cursor = 0;
  do {
    absl::StatusOr<Page<MentionedRow>> page = store.FindMentions(tenant, spellings, cursor);
    EXPECT_TRUE(page.ok()) << page.status();
    cursor = page->next;
    for (const MentionedRow& mention : page->rows) {
      ++(mention.what == MentionedRow::What::kEvidence ? result.evidence : result.mentions);
    }
    Work work = MaskMentions{.tenant = tenant, .spellings = spellings, .mentions = page->rows};
    EXPECT_TRUE(Apply(store, {&work}).ok());
  } while (cursor != 0);
  Work work = EmptyLog{};
  EXPECT_TRUE(Apply(store, {&work}).ok());
  result.is_log_empty = std::get<EmptyLog>(work).is_empty;
  return result;
}

// A bounce that names `mailbox` wherever one can.
NewMessage Naming(std::string_view mailbox, int number) {
  NewMessage message = Bounce(mailbox, number);
  const std::string name(mailbox);
  Message& m = message.message;
  m.return_path = absl::StrCat("bo-a-", number, "-",
                               absl::StrReplaceAll(ParseAddress(mailbox).canonical(), {{"@", "="}}),
                               "@bounces.example");
  m.reverse_path = name;
  m.envelope_id = "envelope-of-" + name;
  m.message_reference = absl::StrCat("customer-17", number);
  m.original_return_path = "list+" + name;
  m.authentication = "spf=pass smtp.mailfrom=" + name;
  Event& event = message.events.front();
  event.final_recipient = name;
  event.original_recipient = "rfc822;" + name;
  event.forwarded_to = name;
  event.matched_text = name + " unknown";
  event.diagnostic = absl::StrCat("550 5.1.1 <", name, ">: user unknown");
  message.evidence =
      Evidence::Pack(absl::StrCat("To: ", name, "\r\n\r\n", name, " is unknown\r\n"));
  return message;
}

class ForgetTest : public testing::Test {
 protected:
  ForgetTest() : store_(Open(directory_.path())) {}

  void Reopen() {
    store_.reset();
    store_ = Open(directory_.path());
  }
  std::string Raw() const { return RawOf(directory_.database()); }
  Findings Check() {
    store_.reset();
    absl::StatusOr<Findings> findings = CheckDatabase(directory_.path(), {.full = true}, GoOn);
    EXPECT_TRUE(findings.ok()) << findings.status();
    store_ = Open(directory_.path());
    return findings.value_or(Findings{});
  }
  AddressDossier Dossier(std::string_view mailbox) {
    absl::StatusOr<AddressDossier> dossier =
        store_->GetDossier("t", ParseAddress(mailbox), 100, 100);
    EXPECT_TRUE(dossier.ok()) << dossier.status();
    return dossier.value_or(AddressDossier{});
  }
  PutSuppressions::Outcome Add(Suppression suppression) {
    Work work = PutSuppressions{
        .suppressions = {std::move(suppression)}, .author = "ann", .cause = "asked"};
    EXPECT_TRUE(Apply(*store_, {&work}).ok());
    return std::get<PutSuppressions>(work).outcomes.front();
  }
  void Drop(Aged what, absl::Time before, Day last_day) {
    Cursor cursor = 0;
    do {
      absl::StatusOr<Page<std::int64_t>> page = store_->ListOld(what, before, 2, cursor);
      ASSERT_TRUE(page.ok()) << page.status();
      cursor = page->next;
      Work work = DropOld{.what = what, .ids = page->rows, .last_day = last_day};
      ASSERT_TRUE(Apply(*store_, {&work}).ok());
    } while (cursor != 0);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

constexpr std::string_view kMarked = "Marked.One@Example.NET";

TEST_F(ForgetTest, T48NoOctetOfTheAddressIsLeftAndItStaysSuppressed) {
  Put(*store_, {Naming(kMarked, 1), Naming(kMarked, 2), Naming("other@example.net", 3)});
  Suppression by_hand = Manual(kMarked, "news");
  by_hand.explanation = "marked.one@example.net wrote to us";
  Add(by_hand);
  Work allow = PutAllowance{.allowance = {.tenant = "t",
                                          .address = ParseAddress(kMarked),
                                          .create_time = Noon(),
                                          .author = "marked.one@example.net",
                                          .note = "it is MARKED.ONE@example.net"}};
  ASSERT_TRUE(Apply(*store_, {&allow}).ok());
  // One about another that names it.
  NewMessage alias = Naming("alias@example.org", 4);
  alias.events.front().forwarded_to = kMarked;
  alias.events.front().diagnostic = "<marked.one@example.net>: user unknown";
  alias.evidence = Evidence::Pack("Final-Recipient: rfc822; marked.one@example.net\r\n");
  Put(*store_, {alias});
  ASSERT_THAT(Raw(), HasSubstr("marked.one@example.net"));

  const ForgetResult result = Forget(*store_, kMarked);
  EXPECT_EQ(result.events, 2);
  EXPECT_EQ(result.evidence, 3);
  EXPECT_EQ(result.suppressions, 2);
  EXPECT_FALSE(result.was_forgotten);
  EXPECT_TRUE(result.is_log_empty);
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one")));
  EXPECT_THAT(Raw(), Not(HasSubstr("customer-171")));

  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(CheckIndex(*store_, kMarked), IndexAnswer::kSuppressed);
    absl::StatusOr<std::vector<Suppression>> found =
        store_->FindSuppressions("t", ParseAddress("MARKED.one@example.net"));
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(found->size(), 2u);
    EXPECT_EQ(found->front().reason, "no_such_user");
    EXPECT_EQ(found->front().event_id, 2);
    EXPECT_EQ(found->back().explanation, "[forgotten] wrote to us");
    EXPECT_THAT(found->front().address.canonical(), EndsWith("@forgotten.invalid"));
    // Whoever asks in the canonical spelling is told no more.
    const AddressDossier dossier = Dossier("marked.one@example.net");
    EXPECT_THAT(dossier.standing.suppressions.front().address.canonical(),
                EndsWith("@forgotten.invalid"));
    EXPECT_TRUE(dossier.forgotten);
    EXPECT_TRUE(dossier.standing.allowed);
    ASSERT_EQ(dossier.events.size(), 2u);
    EXPECT_EQ(dossier.events.front().event.rule, "no-such-user");
    EXPECT_EQ(dossier.events.front().event.diagnostic, "");
    EXPECT_EQ(dossier.events.front().message.return_path, "@bounces.example");
    EXPECT_FALSE(dossier.events.front().has_evidence);
    EXPECT_EQ(dossier.changes.size(), 5u);
    Reopen();
  }
  // The others' rows stay, but for the name.
  EXPECT_TRUE(Dossier("other@example.net").events.front().has_evidence);
  const StoredEvent of_alias = Dossier("alias@example.org").events.front();
  EXPECT_EQ(of_alias.event.diagnostic, "<[forgotten]>: user unknown");
  EXPECT_EQ(of_alias.event.final_recipient, "alias@example.org");
  EXPECT_FALSE(of_alias.has_evidence);
  EXPECT_THAT(Check().shown, IsEmpty());

  const ForgetResult again = Forget(*store_, kMarked);
  EXPECT_TRUE(again.was_forgotten);
  EXPECT_EQ(again.events + again.evidence + again.mentions, 0);
}

// One message, to return paths of two tenants.
TEST_F(ForgetTest, T48WhatAnotherTenantHasOfTheSameMessageStaysUntilThatForgets) {
  NewMessage own = Naming(kMarked, 1);
  NewMessage others = own;
  others.message.tenant = "u";
  const std::vector<MessageReceipt> receipts = Put(*store_, {own, others});
  ASSERT_EQ(receipts.size(), 2u);
  const std::int64_t own_event = receipts[0].event_ids.front();
  const std::int64_t others_event = receipts[1].event_ids.front();
  EXPECT_EQ(Forget(*store_, kMarked).evidence, 1);
  EXPECT_TRUE(absl::IsNotFound(store_->GetEvidence("t", own_event).status()));
  const absl::StatusOr<std::string> kept = store_->GetEvidence("u", others_event);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_THAT(*kept, HasSubstr(kMarked));
  EXPECT_EQ(Check().count, 0);
  EXPECT_EQ(Forget(*store_, kMarked, "u").evidence, 1);
  EXPECT_TRUE(absl::IsNotFound(store_->GetEvidence("u", others_event).status()));
  Reopen();
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one@example.net")));
}

TEST_F(ForgetTest, T48WhatComesLaterHasNoTextEither) {
  Put(*store_, {Naming(kMarked, 1)});
  Forget(*store_, kMarked);
  const std::vector<MessageReceipt> late = Put(*store_, {Naming(kMarked, 2)});
  EXPECT_FALSE(late.front().duplicate);
  EXPECT_TRUE(Put(*store_, {Naming(kMarked, 2)}).front().duplicate);
  EXPECT_TRUE(Put(*store_, {Naming(kMarked, 1)}).front().duplicate);
  Suppression by_hand = Manual(kMarked);
  by_hand.explanation = absl::StrCat(kMarked.data(), " again");
  EXPECT_EQ(Add(by_hand), PutSuppressions::Outcome::kCreated);
  EXPECT_EQ(Add(Manual(kMarked, "news")), PutSuppressions::Outcome::kCreated);
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one")));
  EXPECT_EQ(Dossier(kMarked).events.size(), 2u);
  EXPECT_EQ(Dossier(kMarked).standing.suppressions.size(), 3u);
  EXPECT_EQ(CheckIndex(*store_, kMarked, "news"), IndexAnswer::kSuppressed);
  // Taken off, by its name and by what a list shows of it.
  for (const std::string& name :
       {std::string(kMarked), Dossier(kMarked).standing.suppressions.front().address.canonical()}) {
    Work remove = RemoveSuppressions{.tenant = "t",
                                     .stream = name == kMarked ? "news" : "",
                                     .address = ParseAddress(name),
                                     .source = std::nullopt,
                                     .author = "ann",
                                     .cause = absl::StrCat("not ", name)};
    ASSERT_TRUE(Apply(*store_, {&remove}).ok());
    EXPECT_THAT(std::get<RemoveSuppressions>(remove).removed, Not(IsEmpty())) << name;
  }
  EXPECT_EQ(CheckIndex(*store_, kMarked, "news"), IndexAnswer::kSend);
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one")));
  EXPECT_THAT(Check().shown, IsEmpty());
  EXPECT_EQ(CheckIndex(*store_, kMarked, "news"), IndexAnswer::kSend);
}

// Whoever keeps a copy of the list learns by which name an entry of theirs goes from now on.
TEST_F(ForgetTest, T48TheChangesTellOfIt) {
  Put(*store_, {Naming(kMarked, 1), Bounce("other@example.net", 2)});
  const auto changes = [&](std::int64_t behind) {
    absl::StatusOr<ChangesAfter> after =
        store_->ListChangesAfter("t", FeedPosition{.number = behind}, 100);
    EXPECT_TRUE(after.ok()) << after.status();
    return after.ok() ? after->changes : std::vector<Change>();
  };
  const std::vector<Change> before = changes(0);
  ASSERT_EQ(before.size(), 2u);
  Work dry = ForgetAddress{
      .tenant = "t", .address = ParseAddress(kMarked), .dry_run = true, .author = "ann"};
  ASSERT_TRUE(Apply(*store_, {&dry}).ok());
  EXPECT_TRUE(std::get<ForgetAddress>(dry).is_known);
  EXPECT_THAT(changes(2), IsEmpty());

  Work forget = ForgetAddress{.tenant = "t",
                              .address = ParseAddress(kMarked),
                              .author = absl::StrCat("ann for ", kMarked.data())};
  ASSERT_TRUE(Apply(*store_, {&forget}).ok());
  ASSERT_EQ(changes(2).size(), 1u);
  const Change told = changes(2).front();
  EXPECT_EQ(told.what, Change::What::kForgotten);
  EXPECT_EQ(told.author, "ann for [forgotten]");
  EXPECT_THAT(told.suppression.address.canonical(), EndsWith("@forgotten.invalid"));
  EXPECT_NE(told.suppression.address_id, 0);
  EXPECT_EQ(told.suppression.address_id, before[0].suppression.address_id);
  EXPECT_NE(told.suppression.address_id, before[1].suppression.address_id);
  SuppressionFilter all;
  all.tenant = "t";
  absl::StatusOr<Page<Suppression>> listed = store_->ListSuppressions(all, 10, 0);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->rows.size(), 2u);
  EXPECT_EQ(listed->rows[1].address_id, told.suppression.address_id);
  EXPECT_EQ(listed->rows[1].address, told.suppression.address);

  // Once; and nobody takes it back.
  ASSERT_TRUE(Apply(*store_, {&forget}).ok());
  EXPECT_EQ(changes(2).size(), 1u);
  UndoChanges one;
  one.selection = {.tenant = "t", .number = told.number};
  one.numbers = {told.number};
  one.author = "ann";
  one.batch = std::make_shared<Batch>();
  Work undo = one;
  ASSERT_TRUE(Apply(*store_, {&undo}).ok());
  EXPECT_THAT(std::get<UndoChanges>(undo).outcomes, ElementsAre(UndoChanges::Outcome::kGone));
  EXPECT_THAT(Check().shown, IsEmpty());
}

// What events were taken for stays for an undo, of the address's own and of others.
TEST_F(ForgetTest, T48WhatEventsWereTakenForLosesItsTextToo) {
  NewMessage alias = Naming("alias@example.org", 2);
  alias.events.front().matched_text = "marked.one@example.net is unknown";
  NewMessage mute = Naming(kMarked, 1);
  mute.events.front().diagnostic = "";
  Put(*store_, {mute, alias});
  Work begin = BeginReclassification{
      .run = {.tenant = "t", .selection = "all", .author = "ann", .cause = "reclassify"}};
  ASSERT_TRUE(Apply(*store_, {&begin}).ok());
  const auto reclassify = [&](std::int64_t from, const std::string& rule) {
    const auto without_words = [&](const AddressFacts& facts, std::span<const Event>, absl::Time) {
      Replayed replayed{.record = facts.record};
      for (const StoredEvent& stored : facts.events) {
        replayed.events.push_back(stored.event);
        replayed.events.back().rule = rule;
        replayed.events.back().matched_text = "";
        replayed.events.back().diagnostic = "";
      }
      return replayed;
    };
    Work step = ReclassifyAddresses{.run_id = std::get<BeginReclassification>(begin).run.id,
                                    .from = from,
                                    .next = from + 1,
                                    .addresses = {{.address = ParseAddress(kMarked)},
                                                  {.address = ParseAddress("alias@example.org")}},
                                    .replay = without_words};
    ASSERT_TRUE(Apply(*store_, {&step}).ok());
    ASSERT_TRUE(std::get<ReclassifyAddresses>(step).run.has_value());
  };
  reclassify(0, "today");
  EXPECT_THAT(Raw(), HasSubstr("marked.one@example.net is unknown"));

  Forget(*store_, kMarked);
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one")));
  // Without texts nothing is read again, so that it stays as it is.
  EXPECT_TRUE(store_->GetFacts("t", *Dossier(kMarked).address)->is_forgotten);
  reclassify(1, "tomorrow");
  EXPECT_EQ(Dossier(kMarked).events.front().event.rule, "today");
  EXPECT_EQ(Dossier("alias@example.org").events.front().event.rule, "tomorrow");
  EXPECT_THAT(Check().shown, IsEmpty());
}

TEST_F(ForgetTest, T48ManyEventsGoInStepsAndADryRunChangesNothing) {
  constexpr int kEvents = 2 * ForgetAddress::kForgetStepEvents + 1;
  std::vector<NewMessage> messages;
  for (int i = 0; i < kEvents; ++i) messages.push_back(Naming(kMarked, i));
  Put(*store_, std::move(messages));
  Work dry = ForgetAddress{.tenant = "t", .address = ParseAddress(kMarked), .dry_run = true};
  ASSERT_TRUE(Apply(*store_, {&dry}).ok());
  EXPECT_EQ(std::get<ForgetAddress>(dry).events, ForgetAddress::kForgetStepEvents);
  EXPECT_EQ(std::get<ForgetAddress>(dry).evidence_ids.size(), 200u);
  EXPECT_FALSE(Dossier(kMarked).forgotten);
  EXPECT_THAT(Raw(), HasSubstr("marked.one"));
  EXPECT_EQ(Forget(*store_, kMarked).events, kEvents);
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one")));
}

// Rows move between pages when their records grow: SQLite leaves copies of them behind then.
TEST_F(ForgetTest, T48RowsThatMovedLeaveNoTraces) {
  constexpr int kAddresses = 8'000;
  const auto name = [](int i) {
    return absl::StrCat(i % 2 == 0 ? "marked" : "kept", i, "@a-long-name-of-a-domain.example.net");
  };
  std::mt19937 random(1);
  const auto grow = [&random](const AddressHistory&, const Message&, const Event&) {
    Decision decision;
    decision.next.counted_mails.resize(random() % AddressRecord::kMaxCountedMails);
    return decision;
  };
  int number = 0;
  for (int round = 0; round < 2; ++round) {
    Work work = StoreMessages{};
    for (int i = 0; i < kAddresses; ++i) {
      const int of = round == 0 ? i : static_cast<int>(random() % kAddresses);
      std::get<StoreMessages>(work).messages.push_back(Bounce(name(of), number++));
      std::get<StoreMessages>(work).messages.back().evidence = nullptr;
    }
    Work* const batch[] = {&work};
    ASSERT_TRUE(store_->Apply(batch, grow, Noon()).ok());
  }
  std::vector<Work> forget;
  for (int i = 0; i < kAddresses; i += 2) {
    forget.push_back(ForgetAddress{.tenant = "t", .address = ParseAddress(name(i))});
  }
  std::vector<Work*> batch;
  for (Work& work : forget) batch.push_back(&work);
  ASSERT_TRUE(store_->Apply(batch, SimplePolicy, Noon()).ok());
  Work empty = EmptyLog{};
  ASSERT_TRUE(Apply(*store_, {&empty}).ok());
  ASSERT_TRUE(std::get<EmptyLog>(empty).is_empty);
  EXPECT_THAT(Raw(), Not(HasSubstr("marked")));
  // Nor does what is written later carry any along.
  Put(*store_, {Bounce("new@example.net", number++)});
  EXPECT_THAT(Raw(), Not(HasSubstr("marked")));
}

// --- Restores

void BackUp(Store& store, const std::string& to) {
  absl::StatusOr<std::unique_ptr<Backup>> backup = store.MakeBackup(0, GoOn);
  ASSERT_TRUE(backup.ok()) << backup.status();
  absl::StatusOr<std::string> all = (*backup)->Read(0, 1 << 30);
  ASSERT_TRUE(all.ok()) << all.status();
  std::ofstream(to, std::ios::binary) << *all;
}

TEST_F(ForgetTest, T47ARestoreOfAnOlderBackupDoesNotBringTheAddressBack) {
  TemporaryDirectory elsewhere;
  const std::string empty = elsewhere.path() + "/empty";
  const std::string before = elsewhere.path() + "/before";
  const std::string after = elsewhere.path() + "/after";
  BackUp(*store_, empty);
  Put(*store_, {Naming(kMarked, 1), Naming("other@example.net", 2)});
  BackUp(*store_, before);
  ASSERT_THAT(RawOf(before), HasSubstr("marked.one"));
  Forget(*store_, kMarked);
  BackUp(*store_, after);
  EXPECT_THAT(RawOf(after), Not(HasSubstr("marked.one")));

  // By way of a copy in which nothing was known of it, and of one that knows it is forgotten.
  absl::Time now = Noon();
  for (const auto& [file, forgotten] :
       {std::pair(before, 1), std::pair(empty, 0), std::pair(before, 1), std::pair(after, 0)}) {
    store_.reset();
    absl::StatusOr<Restored> restored = RestoreDatabase(directory_.path(), file, now, GoOn);
    now += absl::Seconds(1);
    ASSERT_TRUE(restored.ok()) << restored.status();
    EXPECT_EQ(restored->forgotten, forgotten) << file;
    EXPECT_FALSE(restored->forget_list_lost);
    store_ = Open(directory_.path());
    EXPECT_THAT(Raw(), Not(HasSubstr("marked.one"))) << file;
    EXPECT_EQ(CheckIndex(*store_, kMarked),
              file == empty ? IndexAnswer::kSend : IndexAnswer::kSuppressed);
    EXPECT_THAT(Check().shown, IsEmpty()) << file;
    std::filesystem::remove(restored->kept);
  }
  // Where there was no database nothing is known of it.
  TemporaryDirectory other;
  absl::StatusOr<Restored> restored = RestoreDatabase(other.path(), before, Noon(), GoOn);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->forgotten, 0);
  EXPECT_TRUE(restored->forget_list_lost);
  EXPECT_THAT(RawOf(other.database()), HasSubstr("marked.one"));
}

TEST_F(ForgetTest, T47TheListHoldsForADatabaseOfAnotherOrigin) {
  TemporaryDirectory other;
  const std::string file = other.path() + "/backup";
  {
    std::unique_ptr<Store> theirs = Open(other.path());
    Put(*theirs, {Naming(kMarked, 1)});
    BackUp(*theirs, file);
  }
  Put(*store_, {Naming(kMarked, 1)});
  Forget(*store_, kMarked);
  store_.reset();
  absl::StatusOr<Restored> restored = RestoreDatabase(directory_.path(), file, Noon(), GoOn);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->forgotten, 1);
  store_ = Open(directory_.path());
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one")));
  EXPECT_EQ(CheckIndex(*store_, kMarked), IndexAnswer::kSuppressed);
}

// Not even a hash: who forgets what is not there has not put it on a list.
TEST_F(ForgetTest, T48OfOneThatNothingIsKnownOfNothingIsKept) {
  TemporaryDirectory other;
  const std::string file = other.path() + "/backup";
  {
    std::unique_ptr<Store> theirs = Open(other.path());
    Put(*theirs, {Naming(kMarked, 1)});
    BackUp(*theirs, file);
  }
  Work forget = ForgetAddress{.tenant = "t", .address = ParseAddress(kMarked)};
  ASSERT_TRUE(Apply(*store_, {&forget}).ok());
  EXPECT_FALSE(std::get<ForgetAddress>(forget).is_known);
  store_.reset();
  absl::StatusOr<Restored> restored = RestoreDatabase(directory_.path(), file, Noon(), GoOn);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->forgotten, 0);
  store_ = Open(directory_.path());
  EXPECT_THAT(Raw(), HasSubstr("marked.one"));
  EXPECT_FALSE(Dossier(kMarked).forgotten);
}

TEST_F(ForgetTest, T47ADamagedListIsSaidToBeLost) {
  TemporaryDirectory elsewhere;
  const std::string file = elsewhere.path() + "/backup";
  BackUp(*store_, file);
  store_.reset();
  std::ofstream(directory_.database(), std::ios::trunc) << "no database";
  absl::StatusOr<Restored> restored = RestoreDatabase(directory_.path(), file, Noon(), GoOn);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_TRUE(restored->forget_list_lost);
  store_ = Open(directory_.path());
}

TEST_F(ForgetTest, T48ASalvageKeepsWhatIsForgotten) {
  Put(*store_, {Naming(kMarked, 1)});
  Add(Manual(kMarked, "news"));
  Forget(*store_, kMarked);
  store_.reset();
  TemporaryDirectory out;
  absl::StatusOr<Salvaged> salvaged = SalvageDatabase(directory_.path(), out.database(), GoOn);
  ASSERT_TRUE(salvaged.ok()) << salvaged.status();
  EXPECT_THAT(salvaged->findings.shown, IsEmpty());
  store_ = Open(out.path());
  EXPECT_EQ(CheckIndex(*store_, kMarked), IndexAnswer::kSuppressed);
  EXPECT_EQ(Dossier(kMarked).standing.suppressions.size(), 2u);
  EXPECT_EQ(Dossier(kMarked).events.size(), 1u);
}

// --- Retention

TEST_F(ForgetTest, T47EvidenceAndEventsGoWhenTheyAreOldAndSuppressionsStay) {
  for (int i = 0; i < 5; ++i) {
    NewMessage message = Naming(absl::StrCat("marked", i, "@example.net"), i);
    message.message.receive_time = Noon(kToday + i);
    message.message.day = kToday + i;
    // One of them is of an address of which nothing stands.
    if (i == 1) message.events.front().bounce_class = BounceClass::kNone;
    Put(*store_, {message}, Noon(kToday + i));
  }
  Drop(Aged::kEvidence, Noon(kToday + 3), 0);
  EXPECT_FALSE(Dossier("marked2@example.net").events.front().has_evidence);
  EXPECT_TRUE(Dossier("marked3@example.net").events.front().has_evidence);
  EXPECT_TRUE(absl::IsNotFound(store_->GetEvidence("t", 3).status()));
  EXPECT_THAT(Check().shown, IsEmpty());

  Drop(Aged::kMessages, Noon(kToday + 2), kToday + 2);
  const AddressDossier first = Dossier("marked0@example.net");
  EXPECT_THAT(first.events, IsEmpty());
  ASSERT_EQ(first.standing.suppressions.size(), 1u);
  EXPECT_EQ(first.standing.suppressions.front().event_id, 1);
  EXPECT_THAT(first.lost_events, ElementsAre(1));
  EXPECT_EQ(CheckIndex(*store_, "marked0@example.net"), IndexAnswer::kSuppressed);
  EXPECT_EQ(Dossier("marked2@example.net").events.size(), 1u);
  EXPECT_FALSE(Dossier("marked1@example.net").address) << "nothing is known of it any more";
  Work empty = EmptyLog{};
  ASSERT_TRUE(Apply(*store_, {&empty}).ok());
  EXPECT_THAT(Raw(), Not(HasSubstr("marked1@")));
  EXPECT_THAT(Check().shown, IsEmpty());

  // Also when all are gone no event gets the id of one that a suppression names.
  Drop(Aged::kMessages, Noon(kToday + 10), kToday + 10);
  Reopen();
  EXPECT_THAT(Put(*store_, {Bounce("new@example.net", 9)}).front().event_ids, ElementsAre(6));
  Drop(Aged::kChanges, Noon(kToday + 10), kToday + 10);
  EXPECT_THAT(Check().shown, IsEmpty());

  TemporaryDirectory elsewhere;
  const std::string file = elsewhere.path() + "/backup";
  BackUp(*store_, file);
  store_.reset();
  EXPECT_TRUE(RestoreDatabase(directory_.path(), file, Noon(), GoOn).ok());
  store_ = Open(directory_.path());
  EXPECT_EQ(CheckIndex(*store_, "marked0@example.net"), IndexAnswer::kSuppressed);
}

TEST_F(ForgetTest, T47EvidenceThatOthersRestOnStaysWithThem) {
  NewMessage old = Bounce("a@example.net", 1);
  NewMessage young = Bounce("b@example.net", 2);
  young.message.receive_time = Noon(kToday + 9);
  young.evidence = old.evidence;
  Put(*store_, {old, young});
  Drop(Aged::kEvidence, Noon(kToday + 5), 0);
  EXPECT_TRUE(Dossier("b@example.net").events.front().has_evidence);
  Drop(Aged::kMessages, Noon(kToday + 5), 0);
  EXPECT_THAT(Dossier("a@example.net").events, IsEmpty());
  EXPECT_TRUE(store_->GetEvidence("t", 2).ok());
  EXPECT_THAT(Check().shown, IsEmpty());
}

TEST_F(ForgetTest, T47WhatIsCountedOutlivesItsEvents) {
  NewMessage soft = Bounce("soft@example.net", 1);
  soft.events.front().bounce_class = BounceClass::kSoft;
  Put(*store_, {soft});
  Drop(Aged::kMessages, Noon(kToday + 1), kToday - 1);
  EXPECT_THAT(Dossier("soft@example.net").record.soft_days, ElementsAre(kToday));
  EXPECT_EQ(CheckIndex(*store_, "soft@example.net"), IndexAnswer::kRisky);
}

TEST_F(ForgetTest, T47ChangesThatWereDroppedAreNoFinding) {
  for (int i = 0; i < 4; ++i) Add(Manual(absl::StrCat("a", i, "@example.net")));
  Work remove = RemoveSuppressions{.tenant = "t",
                                   .stream = "",
                                   .address = ParseAddress("a0@example.net"),
                                   .source = std::nullopt,
                                   .author = "ann",
                                   .cause = ""};
  ASSERT_TRUE(Apply(*store_, {&remove}).ok());
  Drop(Aged::kChanges, Noon(kToday + 1), 0);
  EXPECT_THAT(Check().shown, IsEmpty());
}

}  // namespace
}  // namespace bounced

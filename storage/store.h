// The store: the one interface to what is kept. SQLite is behind it (storage/sqlite/).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/address_facts.h"
#include "storage/change_feed.h"
#include "storage/maintenance.h"
#include "storage/records.h"
#include "storage/suppression_index.h"
#include "storage/tallies.h"
#include "storage/wide_index.h"

namespace bounced {

// A message as it came, packed (zstd) before it waits for the writer. Immutable.
class Evidence {
 public:
  static std::shared_ptr<const Evidence> Pack(std::string_view message);
  std::int64_t octets() const { return octets_; }  // of the message
  const std::string& packed() const { return packed_; }

 private:
  Evidence(std::int64_t octets, std::string packed) : octets_(octets), packed_(std::move(packed)) {}
  std::int64_t octets_;
  std::string packed_;
};

// One message at one return path with what it says; at least one event. Apply() sets the events'
// ids and decisions.
struct NewMessage {
  Message message;
  std::vector<Event> events;
  std::shared_ptr<const Evidence> evidence;  // may be shared by several
};

// What became of it: the ids under which it is found, those of the first time for a duplicate.
struct MessageReceipt {
  std::int64_t message_id = 0;
  std::vector<std::int64_t> event_ids = {};
  bool duplicate = false;
};

// --- Work: what one caller wants done, all of it or nothing. The results are filled in by Apply()
// and mean something only when it returned OK.

struct StoreMessages {
  std::vector<NewMessage> messages;
  std::vector<MessageReceipt> receipts = {};  // out: one a message, in order
};

// What one's own mail system saw of its mails: one event each, with an address and without
// evidence. All but deliveries are stored as StoreMessages does it. Of a delivery a row is written
// only where it has an effect; what else it tells is noted in the address's record, if there is
// one: of an address of which nothing is known nothing is written.
struct RecordDeliveries {
  std::vector<NewMessage> messages;
  enum class Outcome : std::uint8_t { kStored, kNoted, kDuplicate };
  std::vector<Outcome> outcomes = {};  // out: one a message, in order
};

// The works of one call, whose changes are to be found and undone together: they share it.
struct Batch {
  std::int64_t id = 0;  // out: the number of its first change; 0: nothing has changed yet
};

struct PutSuppressions {
  std::vector<Suppression> suppressions;
  std::string author;
  std::string cause;
  // Whether one that stands under the same key, in force, is put aside; what an event here caused
  // is not, for what lasts no longer and names no event.
  bool replace = false;
  bool lengthen = false;  // one that lasts longer takes the place of one that lasts less
  bool dry_run = false;   // only the outcomes: what each would be if it came alone
  std::shared_ptr<Batch> batch = nullptr;  // null: it is of none
  enum class Outcome : std::uint8_t {
    kCreated,
    kReplaced,
    kExists,     // another stands, and stays as it is
    kUnchanged,  // what stands says the same
  };
  std::vector<Outcome> outcomes = {};  // out: one a suppression, in order
};

struct RemoveSuppressions {
  std::string tenant;
  std::string stream;
  std::optional<Address> address;  // set, always
  std::optional<Source> source;    // none: whatever the source
  std::string author;
  std::string cause;
  std::vector<Suppression> removed = {};  // out
};

struct RevokeKey {
  std::string domain;  // canonical; set, always
  std::string key_id;  // set, always
  std::string author;
  Revocation revocation = {};  // out: of the first time, when it was revoked before
};

struct PutAllowance {
  Allowance allowance;  // all of it
  bool is_new = false;  // out; one that stood stays as it is
};

struct RemoveAllowance {
  std::string tenant;
  std::optional<Address> address;  // set, always
  std::string author;
  std::string cause;
  bool removed = false;  // out
};

// What a person says of an open incident.
struct ResolveIncident {
  enum class Resolution : std::uint8_t {
    // Of a quarantine: what it holds is in force from then on, or taken off.
    kConfirm,
    kRelease,
    // Of all others: it is over, and what comes after it is counted anew; or it stays open until it
    // is over, and somebody has seen it.
    kClose,
    kAcknowledge,
  };
  std::string tenant;
  std::int64_t incident_id = 0;
  Resolution resolution = Resolution::kRelease;
  std::string author;
  std::string cause;
  // Out: as it is now. None: there is none of that id. One that had been resolved, or that this is
  // not said of, stays as it was.
  std::optional<Incident> incident = {};
  bool was_open = false;  // out
  bool fits = false;      // out: this is said of incidents of its kind
  Batch batch = {};       // out: of the suppressions that it put in force or took off
};

// Looks through all that is counted: opens, keeps and closes incidents. Done now and then.
struct TendIncidents {
  // What is known of one thing that is watched, up to now.
  struct Watched {
    Incident::Kind kind = Incident::Kind::kRefusal;  // never a quarantine
    TallyCounts hour = {};                           // of the stream; of a refusal, its own
    TallyCounts day = {};                            // of the stream
    TallyCounts provider = {};  // of a refusal: all of the provider, within the hour
    const Incident* open = nullptr;
  };
  struct Step {
    enum class Act : std::uint8_t {
      kNone,   // nothing is open, and nothing is to be
      kOpen,   // or, where it is open, it is above what opens it
      kHold,   // it is open, and stays so
      kClose,  // it is open, and has been below what keeps it open for long enough
    };
    Act act = Act::kNone;
    Incident::Severity severity = Incident::Severity::kNone;
    // Of what was found, as in Incident.
    std::int64_t window_count = 0;
    std::int64_t window_total = 0;
    absl::Duration window = absl::ZeroDuration();
    bool deliveries_known = false;
    std::optional<absl::Time> below_since = std::nullopt;
    // Of a rate: there would be enough for one, were any deliveries known.
    bool lacks_deliveries = false;
  };
  // The pure policy. Asked of what is counted and of what is open.
  std::function<Step(const Watched&)> judge;
  // So many events of a tenant within an hour that nobody vouches for are news.
  std::int64_t unverified_count = 0;

  struct News {
    enum class What : std::uint8_t { kOpened, kWorse, kClosed };
    What what = What::kOpened;
    Incident incident;
  };
  struct Unverified {
    std::string tenant;
    std::int64_t count = 0;
  };
  struct WithoutDeliveries {
    std::string tenant;
    std::string stream;
  };
  std::vector<News> news = {};              // out
  std::vector<Unverified> unverified = {};  // out: of tenants where they have risen
  // Out: streams whose rates nobody can know; each once, and again after a day without events.
  std::vector<WithoutDeliveries> without_deliveries = {};
  std::int64_t uncounted = 0;  // out: since the start, what there was no room to count
};

// Begins a run; see ReclassifyAddresses.
struct BeginReclassification {
  Reclassification run;  // tenant, selection, author and cause; out: with its id
};

// Replays what is stored of addresses, and carries out what comes of it: a step of a run. What it
// changes of an address, and that it is done, is one transaction with all of the step.
struct ReclassifyAddresses {
  struct One {
    std::optional<Address> address;  // set, always
    // Events of the address as they are read today, by their ids; others are as they are stored.
    std::vector<Event> readings = {};
    // Out.
    AddressFacts facts = {};  // as it stood before
    Replayed replayed = {};
  };
  std::int64_t run_id = 0;
  std::int64_t from = 0;  // the run's `next` when the step was made, else it is not done
  std::int64_t next = 0;  // where the next step begins
  bool is_last = false;
  Batch batch = {};  // out: the run's
  std::vector<One> addresses;
  // The pure function, asked inside the transaction. Not of facts that are cut: such an address
  // stays as it is.
  std::function<Replayed(const AddressFacts& facts, std::span<const Event> readings,
                         absl::Time now)>
      replay;
  // Out: as it is now. None: there is no such run, or it is not at `from` any more.
  std::optional<Reclassification> run = {};
};

// Makes them. Of one that is there already it sets the last use, and when and by whom it was
// revoked, if it was not before.
struct PutApiKeys {
  std::vector<ApiKey> keys;
};

// Makes `document`, which is not looked into, the newest revision of the policies that were
// applied. The newest kKept revisions are kept.
struct PutPolicies {
  static constexpr std::int64_t kKept = 100;

  std::string document;
  std::string author;
  std::string cause;
  std::int64_t revision = 0;  // out
};

// Which changes of a tenant; what is not set selects all.
struct ChangeFilter {
  std::string tenant;
  std::optional<Address> address = std::nullopt;
  std::string author = "";
  std::string cause = "";
  std::int64_t number = 0;
  std::int64_t batch = 0;
  absl::Time from = absl::InfinitePast();  // inclusive
  absl::Time before = absl::InfiniteFuture();
  std::int64_t up_to = std::numeric_limits<std::int64_t>::max();  // the newest number
};
// Whether `change`, of the filter's tenant, is one of them.
bool Selects(const ChangeFilter& filter, const Change& change);

// How far the changes of one suppression or allowance have been looked at, from the newest down, to
// see which of them can be undone.
struct UndoWalk {
  std::int64_t below = std::numeric_limits<std::int64_t>::max();  // what comes next
  int passed = 0;               // of changes that are to be undone
  int put_back = 0;             // of changes by which others were undone
  bool is_taken_along = false;  // it passed one that is to be undone
  bool is_overtaken = false;    // it ended at one that is not
  bool is_by_this = false;      // what it passed last was put back by this very undo
};
// By the row of the address, stream, source, and what kind of thing it is of.
using UndoWalks = std::map<std::tuple<std::int64_t, std::string, Source, int>, UndoWalk>;

// Puts back what stood before changes, as new changes. Of those of one suppression that are
// selected the whole run up to the newest in force is undone at once: what stood before the oldest
// of them comes back.
struct UndoChanges {
  ChangeFilter selection;
  std::vector<std::int64_t> numbers;  // of what it selects, newest first; further calls go on below
  bool dry_run = false;               // only says what it would do
  std::string author;
  std::string cause;             // goes behind the words that say what was undone
  std::shared_ptr<Batch> batch;  // set, always
  // In and out, of a dry run: the next work goes on with those of the one before, for nothing has
  // been put back meanwhile. Only long ones are kept.
  UndoWalks walks = {};
  enum class Outcome : std::uint8_t {
    kUndone,
    // Something newer that is not selected changed the same suppression; or it is a confirmation.
    kOvertaken,
    kUndoneBefore,  // what it did had been undone
    kGone,          // there is no such change of the tenant any more
  };
  std::vector<Outcome> outcomes = {};  // out: one a number, in order
};

// What is kept for a time, each kind for its own.
enum class Aged : std::uint8_t {
  kChanges,
  kEvidence,
  kMessages,  // with all their events, and their evidence
};

// Drops what Store::ListOld() named, for good; with it goes each address of which nothing is known
// any more.
struct DropOld {
  Aged what = Aged::kChanges;
  std::vector<std::int64_t> ids;
  // What has been counted of an address lets it go when it is of this day, or of one before.
  Day last_day = 0;
};

// --- Forgetting. Of an address that is forgotten a row stays, with a keyed hash in the place of
// its text: who names the address finds by it what stands. What comes later for it is stored
// without the text, too. Store::FindMentions() says where else the text stands.

// Takes the text of an address out of its row and its events, at most kForgetStepEvents of them,
// and removes the messages that those rest on. What holds of it stays in force. Of an address that
// has no row nothing is kept.
struct ForgetAddress {
  static constexpr int kForgetStepEvents = 200;

  std::string tenant;
  std::optional<Address> address;  // set, always; no domain
  bool dry_run = false;            // only says what it would do
  std::string author = "";         // of the change that tells of it
  std::int64_t from_event = 0;     // events up to this id are done
  // Out:
  std::int64_t next_event = 0;              // `from_event` of the next call; 0: there is no more
  std::vector<std::string> spellings = {};  // as which the address is known, the request's included
  std::int64_t events = 0;                  // that had texts
  std::int64_t suppressions = 0;            // that stay
  bool is_known = false;                    // the address has a row
  bool was_forgotten = false;               // before
  std::vector<std::int64_t> event_ids = {};
  std::vector<std::int64_t> message_ids = {};
  std::vector<std::int64_t> evidence_ids = {};  // of what was removed
};

// A row in which the text of an address stands, or a piece of evidence.
struct MentionedRow {
  enum class What : std::uint8_t { kEvent, kMessage, kEvidence, kOther };
  What what = What::kOther;
  int table = 0;  // of the store's own counting
  std::int64_t row = 0;
};

// Puts a mask in the place of each of the spellings, and removes evidence in which one stands.
struct MaskMentions {
  std::string tenant;
  std::vector<std::string> spellings;
  std::vector<MentionedRow> mentions;
};

// Writes back what commits have written, and empties the write-ahead log, so that nothing of what
// was removed lies in a file of the store any more.
struct EmptyLog {
  bool is_empty = false;  // out; false: somebody reads or writes back now, try again
};

using Work = std::variant<StoreMessages, RecordDeliveries, PutSuppressions, RemoveSuppressions,
                          RevokeKey, PutAllowance, RemoveAllowance, ResolveIncident, TendIncidents,
                          PutApiKeys, PutPolicies, UndoChanges, DropOld, BeginReclassification,
                          ReclassifyAddresses, ForgetAddress, MaskMentions, EmptyLog>;

// --- Queries. Lists are newest first, and a row that stood when the first page was read is neither
// repeated nor skipped.

struct SuppressionFilter {
  std::string tenant;
  std::optional<std::string> stream;  // "" is the entries for all streams
  std::optional<Source> source;
  std::string reason;                              // empty: any
  std::string domain;                              // canonical; empty: any
  std::string address_prefix;                      // canonical; empty: any
  absl::Time created_from = absl::InfinitePast();  // inclusive
  absl::Time created_before = absl::InfiniteFuture();
  // Only those that end later and that no incident holds.
  absl::Time in_force_at = absl::InfinitePast();
  std::int64_t incident_id = 0;  // only those that it holds; 0: any
  // Only what rests on an event that this key vouched for: on the one that made it or, where the
  // policy counts several, on any of its class that counted for the address until then, and since
  // it was last released. Both are set, or neither.
  std::string return_path_key = "";
  std::string return_path_domain = "";  // canonical
};

struct EventFilter {
  std::string tenant;
  std::optional<Address> address;
  std::int64_t message_id = 0;  // 0: of any message
  std::optional<Kind> kind;
  std::optional<Reason> reason;
  absl::Time received_from = absl::InfinitePast();
  absl::Time received_before = absl::InfiniteFuture();
};

struct IncidentFilter {
  std::string tenant;
  std::optional<Incident::State> state = std::nullopt;
  std::optional<Incident::Kind> kind = std::nullopt;
  std::string provider = "";                      // empty: any
  absl::Time active_from = absl::InfinitePast();  // it went on then, or began later
  absl::Time active_before = absl::InfiniteFuture();
};
bool Selects(const IncidentFilter& filter, const Incident& incident);

// Where the next page begins; 0: at the beginning, or (in an answer) there is none. A page may be
// short, or empty, and still have a next one: a query looks at kMaxRowsScanned rows at most. Those
// of all events and all changes of a tenant that ask for a time pass over the rest by its hours and
// do not look at it.
using Cursor = std::int64_t;

template <typename Row>
struct Page {
  std::vector<Row> rows;
  Cursor next = 0;
};

// What stands of an address: all streams and sources, also expired ones; its own, those of its
// domain, and those of all tenants for either.
struct StandingOfAddress {
  std::vector<Suppression> suppressions;
  bool allowed = false;  // as in AddressHistory
};

// How far somebody has read the changes of a tenant: all up to `number`, when those up to
// `dropped_up_to` were not all there any more. What is dropped later and was not read is missed.
struct FeedPosition {
  std::int64_t number = 0;
  std::int64_t dropped_up_to = 0;
};
struct ChangesAfter {
  std::vector<Change> changes;  // oldest first
  FeedPosition next;            // behind them, or behind all that there are
  bool more = false;            // whether there are further ones
};

// An address that is known, with its place among all.
struct ListedAddress {
  Cursor place = 0;  // what comes behind it begins here
  Address address;
};

// What Explain shows of an address.
struct AddressDossier {
  AddressRecord record;
  Day risky_until = 0;
  StandingOfAddress standing;
  // Newest first, at most `max_events`; with `return_path_use` where the return path is signed.
  std::vector<StoredEvent> events;
  // Newest first, at most `max_changes`; those of its domain and of all tenants among them.
  std::vector<Change> changes;
  std::vector<Allowance> allowances;              // that reach it
  std::vector<Incident> incidents;                // open ones that hold a suppression of it
  std::optional<Address> address = std::nullopt;  // as its row has it; none: it has none
  bool forgotten = false;                         // `address` stands in for it
  std::vector<std::int64_t> lost_events = {};     // on which suppressions rest, and that are gone
};

// Thread-safe, but for Apply(), which one thread calls. Errors, of all methods: UNAVAILABLE: busy
// or out of descriptors, try again; RESOURCE_EXHAUSTED: no space left; DATA_LOSS: the disk or the
// database failed, and nothing more is written until a restart. The message says what to do.
class Store {
 public:
  static constexpr int kMaxRowsScanned = 50'000;
  static constexpr int kMaxUsesCounted = 10'000;  // of one return path

  virtual ~Store() = default;

  // The pure policy: what the event does to the address, whose history is as it stands in the
  // transaction, events before it in the same batch included. Not called for an event without
  // address.
  using Decide = absl::FunctionRef<Decision(const AddressHistory&, const Message&, const Event&)>;

  // Does all of `batch` in one transaction: opens it, reads histories, asks `decide`, writes,
  // commits (on stable storage), publishes to the index, returns. On an error nothing is done.
  // A message whose digest is known is not stored again; its receipt names the first one's ids.
  // `now`: when the changes are dated.
  virtual absl::Status Apply(std::span<Work* const> batch, Decide decide, absl::Time now) = 0;

  // Verdicts, from memory: of single addresses, and what reaches further.
  virtual const SuppressionIndex& index() const = 0;
  virtual const WideIndex& wide_index() const = 0;

  // Of this very address or domain, and tenant.
  virtual absl::StatusOr<std::vector<Suppression>> FindSuppressions(
      std::string_view tenant, const Address& address) const = 0;
  virtual absl::StatusOr<StandingOfAddress> FindStanding(std::string_view tenant,
                                                         const Address& address) const = 0;
  virtual absl::StatusOr<Page<Allowance>> ListAllowances(std::string_view tenant, int page_size,
                                                         Cursor from) const = 0;
  virtual absl::StatusOr<Page<Suppression>> ListSuppressions(const SuppressionFilter& filter,
                                                             int page_size, Cursor from) const = 0;
  virtual absl::StatusOr<Page<StoredEvent>> ListEvents(const EventFilter& filter, int page_size,
                                                       Cursor from) const = 0;
  // NOT_FOUND: no such event of this tenant.
  virtual absl::StatusOr<StoredEvent> GetEvent(std::string_view tenant, std::int64_t id) const = 0;
  // The message that the event rests on, as it came. NOT_FOUND: no such event, its message was not
  // kept (beyond the EvidenceLimits), or it rests on none (kSessionForm). DATA_LOSS: also where the
  // one message is damaged, and all else goes on.
  virtual absl::StatusOr<std::string> GetEvidence(std::string_view tenant,
                                                  std::int64_t event_id) const = 0;
  virtual absl::StatusOr<AddressDossier> GetDossier(std::string_view tenant, const Address& address,
                                                    int max_events, int max_changes) const = 0;
  // All addresses of which something is known, of `domain` (canonical; empty: any).
  virtual absl::StatusOr<Page<ListedAddress>> ListAddresses(std::string_view tenant,
                                                            std::string_view domain, int page_size,
                                                            Cursor from) const = 0;
  virtual absl::StatusOr<AddressFacts> GetFacts(std::string_view tenant,
                                                const Address& address) const = 0;
  // NOT_FOUND: there is no such run of this tenant.
  virtual absl::StatusOr<Reclassification> GetReclassification(std::string_view tenant,
                                                               std::int64_t id) const = 0;
  virtual absl::StatusOr<Page<Incident>> ListIncidents(const IncidentFilter& filter, int page_size,
                                                       Cursor from) const = 0;
  virtual absl::StatusOr<Page<Change>> ListChanges(const ChangeFilter& filter, int page_size,
                                                   Cursor from) const = 0;
  // Those of a tenant that come next, at most `most`; without `from` the oldest that are kept.
  // OUT_OF_RANGE: some that were not read have been dropped, or the store is not as far as `from`
  // (it was restored).
  virtual absl::StatusOr<ChangesAfter> ListChangesAfter(std::string_view tenant,
                                                        std::optional<FeedPosition> from,
                                                        int most) const = 0;
  // Ids (of changes, numbers) of what is from before `before`, of all tenants, oldest first.
  // Changes but for the newest of each suppression and allowance that stands and the newest of all.
  // Looks at `page_size` rows, and where none of them is old at as many further ones, evenly over
  // the rest: a clock that was ahead for a while holds up what comes behind no longer than until it
  // is that share of the rest.
  virtual absl::StatusOr<Page<std::int64_t>> ListOld(Aged what, absl::Time before, int page_size,
                                                     Cursor from) const = 0;
  // Where the tenant's rows name an address that is spelled so, in texts for people and machines
  // and in the messages that they rest on, but for rows of addresses themselves. Looks at
  // kMaxRowsSearched rows, or kMaxMessagesSearched messages, at most.
  static constexpr int kMaxRowsSearched = 2'000;
  static constexpr int kMaxMessagesSearched = 100;
  virtual absl::StatusOr<Page<MentionedRow>> FindMentions(std::string_view tenant,
                                                          std::span<const std::string> spellings,
                                                          Cursor from) const = 0;
  // For MACs over what clients hand back; the same as long as the database is.
  virtual std::string_view token_secret() const = 0;
  // Says what commits have changed.
  virtual const ChangeFeed& change_feed() const = 0;
  // All keys that were ever revoked.
  virtual absl::StatusOr<std::vector<Revocation>> ListRevocations() const = 0;
  // All keys of the API, also those that were revoked, in the order in which they were made.
  virtual absl::StatusOr<std::vector<ApiKey>> ListApiKeys() const = 0;

  // 0: the newest, of revision 0 where there is none. NOT_FOUND: it is not kept, or was never made.
  virtual absl::StatusOr<PolicyDocument> GetPolicies(std::int64_t revision) const = 0;
  // Without what they say.
  virtual absl::StatusOr<Page<PolicyDocument>> ListPolicies(int page_size, Cursor from) const = 0;

  // Which history its changes are numbered in, from 1 up: a restore begins another one, so that
  // what goes by a change's number names this, too. Never changes while the store is open.
  virtual std::int64_t history() const = 0;

  // A copy of the database as it stands at some time during the call, with all that was committed
  // before. Commits go on meanwhile, each held up by no more than kCopyTurnPages pages, and the WAL
  // grows no more than without. `min_free` octets stay free on the disk. One copy at a time, those
  // of CheckIntegrity() included. FAILED_PRECONDITION: another is under way, or there is not enough
  // space; CANCELLED; DATA_LOSS: the copy is damaged, and so is the database.
  static constexpr int kCopyTurnPages = 64;
  virtual absl::StatusOr<std::unique_ptr<Backup>> MakeBackup(std::int64_t min_free,
                                                             OnProgress progress) = 0;

  // As CheckDatabase(), of such a copy, so that no reader stands in the way of checkpoints for as
  // long as it takes; and that the index says by `now` what the rows say. Errors as MakeBackup()'s.
  virtual absl::StatusOr<Findings> CheckIntegrity(const CheckOptions& options,
                                                  std::int64_t min_free, absl::Time now,
                                                  OnProgress progress) = 0;
};

// Which messages are kept whole; of the others there are the events.
struct EvidenceLimits {
  int per_return_path = 20;  // that is signed
  // Octets as they are stored, of a day (UTC) and since the start, of what came by SMTP to any
  // other address: anybody can send there, and would fill the disk.
  std::int64_t unvouched_per_day = std::int64_t{256} << 20;
};

// What the operator may set.
struct StoreOptions {
  std::string directory;  // made (0700) when it is not there; holds bounced.db
  EvidenceLimits evidence = {};
  std::int64_t max_wal_octets = 256 << 20;  // above it a checkpoint is waited for
  // Of the writing connection; to a database below 1 GiB it takes 8 MiB at most.
  std::int64_t cache_octets = 64 << 20;
  // The SQLite VFS to use; empty: the default. For tests of failing disks.
  std::string vfs = "";
};

// Opens the database, making or migrating it as needed, and reads the index. FAILED_PRECONDITION:
// another daemon holds it, it is newer than this program, or the directory cannot be used;
// DATA_LOSS: it is damaged. The message names the file and says what to do.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const StoreOptions& options, absl::Time now);

}  // namespace bounced

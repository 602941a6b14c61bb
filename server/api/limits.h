// The bounds of the API. The .proto files state them to clients.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace bounced::api {

inline constexpr std::size_t kMaxTenantOctets = 64;
inline constexpr int kDefaultPageSize = 100;
inline constexpr int kMaxPageSize = 1'000;
inline constexpr int kMaxBatchAddresses = 10'000;
inline constexpr int kMaxImportRows = 1'000;        // of one request
inline constexpr int kMaxImportErrors = 100;        // told of one import
inline constexpr int kMaxDeliveryAttempts = 1'000;  // of one request
inline constexpr std::size_t kMaxAttemptTextOctets = 4'096;
inline constexpr std::size_t kMaxHostOctets = 256;
inline constexpr std::size_t kMaxMessageReferenceOctets = 256;
inline constexpr std::size_t kMaxEnhancedStatusOctets = 16;
// What one import may have under way before its last answer is taken. A request that is larger goes
// alone.
inline constexpr int kImportRequestsAhead = 8;
inline constexpr std::size_t kImportOctetsAhead = 4 << 20;
inline constexpr std::size_t kMaxReasonOctets = 100;
inline constexpr std::size_t kMaxExplanationOctets = 1'000;
inline constexpr std::size_t kMaxCauseOctets = 1'000;
inline constexpr std::size_t kMaxProviderOctets = 253;
inline constexpr std::size_t kMaxImportCauseOctets = 900;  // "import: " goes in front
inline constexpr std::size_t kMaxAuthorOctets = 100;
inline constexpr std::size_t kMaxChunkOctets = 1 << 20;        // of a message that comes in
inline constexpr std::size_t kEvidenceChunkOctets = 64 << 10;  // of one that goes out
inline constexpr int kMaxExplainedEvents = 100;
inline constexpr int kMaxExplainedChanges = 100;

// A client's gRPC takes messages of up to 4 MiB by default. A page is filled in steps of so many
// rows until it holds so many octets, so that with its last step it stays below that.
inline constexpr int kPageStepRows = 100;
inline constexpr std::size_t kFullPageOctets = 1 << 20;

// Who watches. One that resumes from far back reads as fast as it can; the lag is what may come
// while one message was not taken.
inline constexpr std::size_t kMaxWatchers = 1'000;
inline constexpr std::size_t kMaxWatchersOfTenant = 100;
inline constexpr std::int64_t kMaxWatchLag = 10'000;  // changes of the tenant
// Of those, how many wait for a worker at once; the others let calls of other kinds go before.
inline constexpr std::size_t kMaxWatchReads = 100;
// A message comes after this much silence, or twice as much. The least time that bouncectl waits is
// longer.
inline constexpr absl::Duration kWatchHeartbeat = absl::Seconds(10);

inline constexpr int kUndoStepChanges = 500;  // of one transaction
inline constexpr std::size_t kMaxUndoCauseOctets = 900;

// Of Reclassify: a step ends at the first of these that it reaches, and is one transaction. One
// address is never divided.
inline constexpr int kReclassifyStepAddresses = 20;
inline constexpr std::int64_t kReclassifyStepOctets = 4 << 20;  // of messages that are read again
inline constexpr std::size_t kReclassifyStepEvents = 1'000;     // of all that is replayed
inline constexpr std::size_t kMaxReclassifyCauseOctets = 900;   // "reclassify: " goes in front
inline constexpr std::size_t kMaxShownReclassified = 10;        // events of one address
inline constexpr std::size_t kMaxShownMatchOctets = 300;

// Of the server. Debian 12's gRPC lacks the later defences of HTTP/2 servers, so these are set here
// and not left to its defaults.
inline constexpr int kMaxMessageOctets = 4 << 20;  // of a request
inline constexpr int kMaxStreams = 100;            // under way on one connection
inline constexpr int kMaxMetadataOctets = 8 << 10;
inline constexpr std::size_t kMaxGrpcOctets = 256 << 20;  // buffers of all connections
inline constexpr absl::Duration kMinPingInterval = absl::Seconds(10);
inline constexpr int kMaxPingStrikes = 2;
inline constexpr absl::Duration kKeepaliveTime = absl::Seconds(60);
inline constexpr absl::Duration kKeepaliveTimeout = absl::Seconds(20);
// Of whole messages (Classify, Ingest, GetEvidence), all calls together.
inline constexpr std::size_t kMaxHeldOctets = 256 << 20;
// Of calls that wait for a worker.
inline constexpr std::size_t kMaxWaitingCalls = 1'000;
inline constexpr int kWorkers = 2;

// Of keys that the store holds, revoked ones included.
inline constexpr std::size_t kMaxApiKeys = 10'000;
// The same of one tenant: none uses up what others need.
inline constexpr std::size_t kMaxApiKeysOfTenant = 1'000;
// Of one key: calls under way, and how many of them may be streams.
inline constexpr std::size_t kMaxCallsPerKey = 1'000;
inline constexpr std::size_t kMaxStreamsPerKey = 100;
// How often it is written down when keys were last used.
inline constexpr absl::Duration kKeyUseInterval = absl::Minutes(1);

// Of MaintenanceService.
inline constexpr std::size_t kBackupChunkOctets = 256 << 10;
inline constexpr absl::Duration kMaintenanceBeat = absl::Seconds(1);  // between tidings
inline constexpr absl::Duration kMaxStall = absl::Seconds(60);  // of a client that takes nothing

}  // namespace bounced::api

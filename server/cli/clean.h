// Takes the addresses that must not be mailed out of a list, row by row, in constant memory.
//
// A thread of its own reads rows and sends their addresses; the caller's thread takes the verdicts
// and writes the rows, which wait for them in a queue of bounded length. So reading, asking and
// writing go on at the same time, and the rows come out as they went in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "server/cli/client.h"
#include "server/cli/streams.h"
#include "server/cli/table.h"

namespace bounced::cli {

// Of memory: at most (batches_in_flight + 1) x (batch_octets + one row), and the requests.
struct CleanLimits {
  std::size_t batch_rows = 4'000;          // of one request; the server takes 10,000 addresses
  std::size_t batch_octets = 1 << 20;      // of the rows of one request
  std::size_t batches_in_flight = 8;       // that wait for their verdicts
  std::size_t max_address_octets = 1'024;  // no address is longer, however it is spelled
};

struct CleanOptions {
  std::string tenant;
  std::string stream;
  TableOptions table;
  bool drop_risky = false;  // RISKY rows are rejected too
  bool reasons = false;     // a column `verdict` behind the rejected rows
  CleanLimits limits;
};

struct CleanCounts {
  std::uint64_t rows = 0;  // of data; the sum of kept and rejected
  std::uint64_t kept = 0;
  std::uint64_t suppressed = 0;
  std::uint64_t invalid = 0;
  std::uint64_t empty = 0;
  std::uint64_t risky = 0;  // kept or rejected
};

// Where rows go. A header and a byte order mark go to both.
struct CleanSinks {
  Sink& kept;
  Sink* rejected = nullptr;  // nullptr: nowhere
};

// `counts` are right whatever it returns, and `progress` is called with them after each batch.
// INVALID_ARGUMENT: the list cannot be read on, and all before it has been written; else as
// Client::FromGrpc().
absl::Status Clean(const Client& client, const CleanOptions& options, Source& in,
                   const CleanSinks& sinks, CleanCounts& counts,
                   const std::function<void(const CleanCounts&)>& progress);

}  // namespace bounced::cli

// The daemon, the hosts that send to it and the people who ask it, in one thread and from one seed.
//
// Real are the SMTP dialogue, the intake with its parser and rules, the policy, the committer, the
// SQLite store with its index, and the feed of changes. Simulated are the clock, which jumps; the
// network, which cuts octets anywhere and loses connections; the disk, which fails and, when the
// power goes, forgets what was not synced; and the process, which is killed. A model says what
// every answer has to be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/simulation/disk_fault.h"
#include "tests/simulation/world.h"

namespace bounced::simulation {

struct Settings {
  std::uint64_t seed = 1;
  int events = 150;
  // Power cuts, kills, jumps of the clock, and faults of the disk, by chance.
  bool has_disasters = true;
  // Of these in a thousand events; they take long.
  int checkpoints = 10;
  int backups = 1;
  // In place of others: armed before the first start, and for a while after it has struck.
  std::optional<DiskFault> fault = std::nullopt;
};

struct Outcome {
  std::string violation = {};  // of which promise; empty: of none
  std::string last = {};       // lines of the trace before it
  std::uint64_t trace = 0;     // hash of all that happened
  bool struck = false;         // Settings::fault has
  // How much was put to the test.
  int acknowledged = 0;
  int deferred = 0;
  int starts = 0;
  int doubts = 0;  // commits that a crash cut off
};

Outcome Simulate(const World& world, const Settings& settings);

}  // namespace bounced::simulation

// A SQLite VFS over the default one whose disk fails when it is told to, and forgets on a power cut
// what was not synced.
//
//   FaultyVfs vfs;
//   ... OpenSqliteStore({.directory = d, .vfs = vfs.name()}, now) ...
//   vfs.CutPower();            // from here on every call fails
//   store.reset();
//   vfs.Restart(seed);         // the files are what a disk may hold after that
//
// Files are real, but syncs are only recorded, so a test at every call of a run takes no time. What
// it cannot lose: the making, renaming and removing of files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct sqlite3_vfs;

namespace bounced {

// Thread-safe. All connections that use it must be closed before it goes.
class FaultyVfs {
 public:
  // A truncation is a write, too, unless it is asked for by itself.
  enum class Call : std::uint8_t { kOpen, kRead, kWrite, kTruncate, kSync };

  // What a write may do to the rest of a sector when the power goes. Spoil it: then SQLite pads
  // what it writes; spare it, as is taken for granted of the disks of servers.
  enum class Neighbours : std::uint8_t { kSpoiled, kSpared };

  explicit FaultyVfs(Neighbours neighbours = Neighbours::kSpared);
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  // For StoreOptions::vfs.
  const std::string& name() const;

  // The `n`th call of this kind from now on (from 1) fails with SQLite's result `code`, and all
  // after it when `for_good`. One fault at a time. What was not synced when a sync fails the disk
  // never has, whatever is synced later; programs read it all the same.
  void Fail(Call call, int n, int code, bool for_good = false);
  // The same of a write, of which the sectors of the first half get to the file.
  void FailHalfway(int n, int code, bool for_good = false);
  // No fault any more.
  void Heal();
  // Whether the fault has struck.
  bool struck() const;
  // Calls of this kind since the last Fail(), Heal() or CutPower().
  int Count(Call call) const;

  // The power goes when the `n`th call of this kind from now on is made, before it does anything.
  void CutPowerAt(Call call, int n);
  void CutPower();
  bool is_off() const;

  // Files become what a disk may hold: all that was synced, and of what was written since then
  // nothing (`seed` none), or by chance some sectors of 512 octets and others not. The power is on
  // again. No file may be open.
  void Restart(std::optional<std::uint32_t> seed);
  // The power had not gone, but the process: files hold all that was written, and what was not
  // synced still is not.
  void Revive();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// While it lives, connections opened through any FaultyVfs run with synchronous=OFF, and say FULL
// when asked: the proof that a test of power cuts can fail. One at a time.
class SynchronousOff {
 public:
  SynchronousOff();
  ~SynchronousOff();
  SynchronousOff(const SynchronousOff&) = delete;
  SynchronousOff& operator=(const SynchronousOff&) = delete;
};

}  // namespace bounced

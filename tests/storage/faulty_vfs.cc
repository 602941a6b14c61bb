#include "faulty_vfs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <vector>

#include "sqlite3.h"

namespace bounced {
namespace {

constexpr std::int64_t kSectorOctets = 512;

std::atomic<bool> synchronous_off = false;

// One write or truncation.
struct Unsynced {
  std::int64_t offset = 0;
  std::string octets = {};
  bool truncates = false;  // at `offset`
};

// What the disk has of a file that is not synced.
struct OnDisk {
  std::string synced;
  std::vector<Unsynced> writes;  // since
  bool forgets = false;          // a sync failed: programs read what the disk will never have
};

void Do(const Unsynced& write, std::string& file) {
  const auto offset = static_cast<std::size_t>(write.offset);
  if (write.truncates) return file.resize(offset);
  file.resize(std::max(file.size(), offset + write.octets.size()));
  file.replace(offset, write.octets.size(), write.octets);
}

// The same, but only those sectors, or the truncation, that chance will have.
void DoInPart(const Unsynced& write, std::mt19937& random, std::string& file) {
  if (write.truncates) {
    if (random() % 2 == 0) Do(write, file);
    return;
  }
  const auto end = static_cast<std::int64_t>(write.octets.size());
  for (std::int64_t at = 0; at < end;) {
    const std::int64_t place = write.offset + at;
    const std::int64_t octets =
        std::min(end - at, (place / kSectorOctets + 1) * kSectorOctets - place);
    if (random() % 2 == 0) {
      Do({.offset = place,
          .octets =
              write.octets.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(octets))},
         file);
    }
    at += octets;
  }
}

void WriteWhole(const std::string& path, const std::string& octets) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return;  // renamed or removed meanwhile
  const bool written =
      pwrite(fd, octets.data(), octets.size(), 0) == static_cast<ssize_t>(octets.size()) &&
      ftruncate(fd, static_cast<off_t>(octets.size())) == 0;
  if (!written) std::abort();
  close(fd);
}

}  // namespace

struct FaultyVfs::State {
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  std::string name;

  int promises = 0;  // of the device characteristics

  mutable std::mutex mutex;
  std::array<int, 5> counts{};
  std::optional<Call> call;  // that fails or cuts the power
  int at = 0;
  int code = 0;
  bool for_good = false;
  bool halfway = false;
  bool cuts = false;
  bool struck = false;
  bool off = false;
  std::map<std::string, OnDisk> unsynced;  // by path
  std::map<std::string, int> handles;

  // What the call must return at once; SQLITE_OK: let it be done.
  int Enter(Call made) {
    if (off) return SQLITE_IOERR;
    int count = ++counts[static_cast<std::size_t>(made)];
    if (call != made || (count != at && !(for_good && count > at))) return SQLITE_OK;
    struck = true;
    off = cuts;
    return cuts ? SQLITE_IOERR : code;
  }
  void Reset() {
    counts.fill(0);
    call.reset();
    for_good = halfway = cuts = struck = false;
  }
};

namespace {

using Call = FaultyVfs::Call;

struct FaultyFile {
  sqlite3_file base;
  void* state;  // FaultyVfs::State
  std::string* path;
  sqlite3_file* real;
};

// Access to the private State from C callbacks.
template <typename State>
struct Methods {
  static FaultyFile* Of(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file); }
  static State& StateOf(sqlite3_file* file) { return *static_cast<State*>(Of(file)->state); }
  static sqlite3_file* Real(sqlite3_file* file) { return Of(file)->real; }

  static int Close(sqlite3_file* file) {
    State& state = StateOf(file);
    std::lock_guard lock(state.mutex);
    const int rc = Real(file)->pMethods->xClose(Real(file));
    const std::string& path = *Of(file)->path;
    if (--state.handles[path] == 0) {
      state.handles.erase(path);
      // From here on others may change the file.
      const auto there = state.unsynced.find(path);
      if (there != state.unsynced.end() && there->second.writes.empty() && !there->second.forgets) {
        state.unsynced.erase(there);
      }
    }
    delete Of(file)->path;
    return rc;
  }
  static int Read(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
    std::lock_guard lock(StateOf(file).mutex);
    int rc = StateOf(file).Enter(Call::kRead);
    if (rc != SQLITE_OK) return rc;
    return Real(file)->pMethods->xRead(Real(file), out, amount, offset);
  }
  static int Write(sqlite3_file* file, const void* in, int amount, sqlite3_int64 offset) {
    State& state = StateOf(file);
    std::lock_guard lock(state.mutex);
    const int entered = state.Enter(Call::kWrite);
    if (entered != SQLITE_OK) {
      if (!state.halfway || state.off) return entered;
      const std::int64_t end = (offset + amount / 2) / kSectorOctets * kSectorOctets;
      if (end <= offset) return entered;
      amount = static_cast<int>(end - offset);
    }
    const std::string_view octets(static_cast<const char*>(in), static_cast<std::size_t>(amount));
    int rc = Note(file, {.offset = offset, .octets = std::string(octets)});
    if (rc == SQLITE_OK) rc = Real(file)->pMethods->xWrite(Real(file), in, amount, offset);
    return rc == SQLITE_OK ? entered : rc;
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    State& state = StateOf(file);
    std::lock_guard lock(state.mutex);
    int rc = state.Enter(state.call == Call::kTruncate ? Call::kTruncate : Call::kWrite);
    if (rc == SQLITE_OK) rc = Note(file, {.offset = size, .truncates = true});
    return rc == SQLITE_OK ? Real(file)->pMethods->xTruncate(Real(file), size) : rc;
  }
  static int Sync(sqlite3_file* file, int) {
    State& state = StateOf(file);
    std::lock_guard lock(state.mutex);
    const int rc = state.Enter(Call::kSync);
    const auto there = state.unsynced.find(*Of(file)->path);
    if (state.off || there == state.unsynced.end()) return rc;
    OnDisk& disk = there->second;
    if (rc == SQLITE_OK) {
      for (const Unsynced& write : disk.writes) Do(write, disk.synced);
    } else {
      // As Linux does: the pages count as written, so that no later sync writes them.
      disk.forgets = true;
    }
    disk.writes.clear();
    return rc;
  }
  // Before the first write since it was opened what the file holds is synced.
  static int Note(sqlite3_file* file, Unsynced write) {
    const auto [there, is_new] = StateOf(file).unsynced.try_emplace(*Of(file)->path);
    OnDisk& disk = there->second;
    if (is_new) {
      sqlite3_int64 size = 0;
      int rc = Real(file)->pMethods->xFileSize(Real(file), &size);
      disk.synced.resize(static_cast<std::size_t>(size));
      if (rc == SQLITE_OK && size > 0) {
        rc = Real(file)->pMethods->xRead(Real(file), disk.synced.data(), static_cast<int>(size), 0);
      }
      if (rc != SQLITE_OK) {
        StateOf(file).unsynced.erase(there);
        return rc;
      }
    }
    disk.writes.push_back(std::move(write));
    return SQLITE_OK;
  }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    return Real(file)->pMethods->xFileSize(Real(file), size);
  }
  static int Lock(sqlite3_file* file, int level) {
    return Real(file)->pMethods->xLock(Real(file), level);
  }
  static int Unlock(sqlite3_file* file, int level) {
    return Real(file)->pMethods->xUnlock(Real(file), level);
  }
  static int CheckReservedLock(sqlite3_file* file, int* held) {
    return Real(file)->pMethods->xCheckReservedLock(Real(file), held);
  }
  static int FileControl(sqlite3_file* file, int op, void* argument) {
    if (op == SQLITE_FCNTL_PRAGMA && synchronous_off) {
      auto** pragma = static_cast<char**>(argument);
      if (sqlite3_stricmp(pragma[1], "synchronous") == 0) {
        if (pragma[2] == nullptr) {
          pragma[0] = sqlite3_mprintf("2");
          return SQLITE_OK;
        }
        if (sqlite3_stricmp(pragma[2], "OFF") != 0) return SQLITE_OK;
      }
    }
    return Real(file)->pMethods->xFileControl(Real(file), op, argument);
  }
  static int SectorSize(sqlite3_file* file) {
    return Real(file)->pMethods->xSectorSize(Real(file));
  }
  static int DeviceCharacteristics(sqlite3_file* file) {
    return Real(file)->pMethods->xDeviceCharacteristics(Real(file)) & StateOf(file).promises;
  }
  static int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
    return Real(file)->pMethods->xShmMap(Real(file), region, size, extend, out);
  }
  static int ShmLock(sqlite3_file* file, int offset, int n, int flags) {
    return Real(file)->pMethods->xShmLock(Real(file), offset, n, flags);
  }
  static void ShmBarrier(sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); }
  static int ShmUnmap(sqlite3_file* file, int remove) {
    return Real(file)->pMethods->xShmUnmap(Real(file), remove);
  }

  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    static constexpr sqlite3_io_methods kMethods = {
        .iVersion = 2,
        .xClose = Close,
        .xRead = Read,
        .xWrite = Write,
        .xTruncate = Truncate,
        .xSync = Sync,
        .xFileSize = FileSize,
        .xLock = Lock,
        .xUnlock = Unlock,
        .xCheckReservedLock = CheckReservedLock,
        .xFileControl = FileControl,
        .xSectorSize = SectorSize,
        .xDeviceCharacteristics = DeviceCharacteristics,
        .xShmMap = ShmMap,
        .xShmLock = ShmLock,
        .xShmBarrier = ShmBarrier,
        .xShmUnmap = ShmUnmap,
        .xFetch = nullptr,
        .xUnfetch = nullptr,
    };
    auto& state = *static_cast<State*>(vfs->pAppData);
    auto* faulty = new (file) FaultyFile{};  // without methods SQLite takes it for not open
    std::lock_guard lock(state.mutex);
    int rc = state.Enter(Call::kOpen);
    if (rc != SQLITE_OK) return rc;
    faulty->real = reinterpret_cast<sqlite3_file*>(faulty + 1);
    rc = state.real->xOpen(state.real, path, faulty->real, flags, out);
    if (rc != SQLITE_OK) return rc;
    faulty->state = &state;
    faulty->path = new std::string(path == nullptr ? "" : path);
    ++state.handles[*faulty->path];
    faulty->base.pMethods = &kMethods;
    return SQLITE_OK;
  }
  static int Delete(sqlite3_vfs* vfs, const char* path, int) {
    auto& state = *static_cast<State*>(vfs->pAppData);
    std::lock_guard lock(state.mutex);
    if (state.off) return SQLITE_IOERR_DELETE;
    state.unsynced.erase(path);
    return state.real->xDelete(state.real, path, 0);
  }
};

int TurnSynchronousOff(sqlite3* db, const char**, const sqlite3_api_routines*) {
  if (synchronous_off) sqlite3_exec(db, "PRAGMA synchronous = OFF", nullptr, nullptr, nullptr);
  return SQLITE_OK;
}

}  // namespace

FaultyVfs::FaultyVfs(Neighbours neighbours) : state_(std::make_unique<State>()) {
  static std::atomic<int> number = 0;
  State& s = *state_;
  s.name = "faulty-" + std::to_string(++number);
  s.real = sqlite3_vfs_find(nullptr);
  // None that a cut would break: not that a write of several sectors is done or not as a whole.
  s.promises = ~(SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_BATCH_ATOMIC);
  if (neighbours == Neighbours::kSpared) s.promises |= SQLITE_IOCAP_POWERSAFE_OVERWRITE;
  s.vfs = *s.real;
  s.vfs.pNext = nullptr;
  s.vfs.zName = s.name.c_str();
  s.vfs.szOsFile = static_cast<int>(sizeof(FaultyFile)) + s.real->szOsFile;
  s.vfs.pAppData = state_.get();
  s.vfs.xOpen = &Methods<State>::Open;
  s.vfs.xDelete = &Methods<State>::Delete;
  s.vfs.xAccess = [](sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    sqlite3_vfs* real = static_cast<State*>(vfs->pAppData)->real;
    return real->xAccess(real, path, flags, out);
  };
  s.vfs.xFullPathname = [](sqlite3_vfs* vfs, const char* path, int size, char* out) {
    sqlite3_vfs* real = static_cast<State*>(vfs->pAppData)->real;
    return real->xFullPathname(real, path, size, out);
  };
  if (sqlite3_vfs_register(&s.vfs, 0) != SQLITE_OK) std::abort();
}

FaultyVfs::~FaultyVfs() { sqlite3_vfs_unregister(&state_->vfs); }

const std::string& FaultyVfs::name() const { return state_->name; }

void FaultyVfs::Fail(Call call, int n, int code, bool for_good) {
  std::lock_guard lock(state_->mutex);
  state_->Reset();
  state_->call = call;
  state_->at = n;
  state_->code = code;
  state_->for_good = for_good;
}

void FaultyVfs::FailHalfway(int n, int code, bool for_good) {
  Fail(Call::kWrite, n, code, for_good);
  std::lock_guard lock(state_->mutex);
  state_->halfway = true;
}

void FaultyVfs::Heal() {
  std::lock_guard lock(state_->mutex);
  state_->Reset();
}

bool FaultyVfs::struck() const {
  std::lock_guard lock(state_->mutex);
  return state_->struck;
}

int FaultyVfs::Count(Call call) const {
  std::lock_guard lock(state_->mutex);
  return state_->counts[static_cast<std::size_t>(call)];
}

void FaultyVfs::CutPowerAt(Call call, int n) {
  std::lock_guard lock(state_->mutex);
  state_->Reset();
  state_->call = call;
  state_->at = n;
  state_->cuts = true;
}

void FaultyVfs::CutPower() {
  std::lock_guard lock(state_->mutex);
  state_->Reset();
  state_->off = true;
}

bool FaultyVfs::is_off() const {
  std::lock_guard lock(state_->mutex);
  return state_->off;
}

void FaultyVfs::Restart(std::optional<std::uint32_t> seed) {
  std::lock_guard lock(state_->mutex);
  std::mt19937 random(seed.value_or(0));
  for (auto& [path, disk] : state_->unsynced) {
    if (seed) {
      for (const Unsynced& write : disk.writes) DoInPart(write, random, disk.synced);
    }
    if (!disk.writes.empty() || disk.forgets) WriteWhole(path, disk.synced);
  }
  state_->unsynced.clear();
  state_->Reset();
  state_->off = false;
}

void FaultyVfs::Revive() {
  std::lock_guard lock(state_->mutex);
  state_->Reset();
  state_->off = false;
}

SynchronousOff::SynchronousOff() {
  synchronous_off = true;
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(&TurnSynchronousOff));
}

SynchronousOff::~SynchronousOff() {
  sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&TurnSynchronousOff));
  synchronous_off = false;
}

}  // namespace bounced

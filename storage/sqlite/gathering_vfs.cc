#include "storage/sqlite/gathering_vfs.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>

#include "sqlite3.h"

namespace bounced {
namespace {

// The WAL, opened through this VFS. Behind it lies the file of the VFS below.
class GatheringFile {
 public:
  GatheringFile() = default;

  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  void Opened();

  int Write(std::string_view octets, sqlite3_int64 offset) {
    if (!gathers_) {
      return below()->pMethods->xWrite(below(), octets.data(), static_cast<int>(octets.size()),
                                       offset);
    }
    const bool follows = offset == offset_ + static_cast<sqlite3_int64>(held_.size());
    if (!follows || held_.size() + octets.size() > kMaxGatheredOctets) {
      const int rc = Flush();
      if (rc != SQLITE_OK) return rc;
      offset_ = offset;
    }
    held_ += octets;
    return SQLITE_OK;
  }

  // After a failure nothing is held, either: the commit that it belongs to fails with it.
  int Flush() {
    if (held_.empty()) return SQLITE_OK;
    const int rc =
        below()->pMethods->xWrite(below(), held_.data(), static_cast<int>(held_.size()), offset_);
    held_.clear();
    return rc;
  }

 private:
  sqlite3_file base_{};  // first: SQLite's pointer to it is ours to this
  std::string held_;     // what comes at offset_
  sqlite3_int64 offset_ = 0;
  bool gathers_ = false;
};
static_assert(std::is_standard_layout_v<GatheringFile>);

GatheringFile& Of(sqlite3_file* file) { return *reinterpret_cast<GatheringFile*>(file); }

// What the file below answers once it has all that was written.
template <typename... Parameters>
int Ask(sqlite3_file* file, int (*sqlite3_io_methods::*method)(sqlite3_file*, Parameters...),
        Parameters... arguments) {
  const int rc = Of(file).Flush();
  if (rc != SQLITE_OK) return rc;
  sqlite3_file* const below = Of(file).below();
  return (below->pMethods->*method)(below, arguments...);
}

int Close(sqlite3_file* file) {
  const int flushed = Of(file).Flush();
  sqlite3_file* const below = Of(file).below();
  const int closed = below->pMethods->xClose(below);
  Of(file).~GatheringFile();
  return flushed != SQLITE_OK ? flushed : closed;
}

int Read(sqlite3_file* file, void* out, int octets, sqlite3_int64 offset) {
  return Ask(file, &sqlite3_io_methods::xRead, out, octets, offset);
}

int Write(sqlite3_file* file, const void* in, int octets, sqlite3_int64 offset) {
  return Of(file).Write({static_cast<const char*>(in), static_cast<std::size_t>(octets)}, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return Ask(file, &sqlite3_io_methods::xTruncate, size);
}

int Sync(sqlite3_file* file, int flags) { return Ask(file, &sqlite3_io_methods::xSync, flags); }

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Ask(file, &sqlite3_io_methods::xFileSize, size);
}

int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Ask(file, &sqlite3_io_methods::xFileControl, operation, argument);
}

int SectorSize(sqlite3_file* file) {
  sqlite3_file* const below = Of(file).below();
  return below->pMethods->xSectorSize(below);
}

int DeviceCharacteristics(sqlite3_file* file) {
  sqlite3_file* const below = Of(file).below();
  return below->pMethods->xDeviceCharacteristics(below);
}

// A WAL is never locked nor mapped: that is done to the database.
int Lock(sqlite3_file*, int) { return SQLITE_OK; }
int CheckReservedLock(sqlite3_file*, int* held) {
  *held = 0;
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 1,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Lock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

void GatheringFile::Opened() {
  base_.pMethods = &kMethods;
  // On a disk that may spoil what lies beside a sector that it writes, SQLite ends a commit with
  // pages that are not synced, and yet read.
  gathers_ =
      (below()->pMethods->xDeviceCharacteristics(below()) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
}

// --- Databases

// Zeros the room between the places of the rows and the rows themselves, if `page` is one of a
// B-tree ("The Database File Format", 1.6). Those of other kinds begin with the number of a page,
// which is below 2 << 24, or have nothing in them. False: there was nothing to do.
bool Wash(std::string& page, bool is_first) {
  const auto octet = [&page](std::size_t at) { return static_cast<unsigned char>(page[at]); };
  const auto number = [&octet](std::size_t at) {
    return std::size_t{octet(at)} << 8 | octet(at + 1);
  };
  const std::size_t header = is_first ? 100 : 0;
  const unsigned char type = octet(header);
  const bool is_inner = type == 2 || type == 5;
  if (!is_inner && type != 10 && type != 13) return false;
  const std::size_t begin = header + (is_inner ? 12 : 8) + 2 * number(header + 3);
  const std::size_t rows = number(header + 5);
  const std::size_t end = rows == 0 ? 65'536 : rows;
  if (begin >= end || end > page.size()) return false;
  std::fill(page.begin() + static_cast<std::ptrdiff_t>(begin),
            page.begin() + static_cast<std::ptrdiff_t>(end), '\0');
  return true;
}

// The methods of a file below, but for one: such a file stays what it is.
struct Washing {
  sqlite3_io_methods methods;  // first: a file's pointer to it is ours to this
  const sqlite3_io_methods* below;
};
static_assert(std::is_standard_layout_v<Washing>);

int WriteWashed(sqlite3_file* file, const void* in, int octets, sqlite3_int64 offset) {
  const sqlite3_io_methods& below = *reinterpret_cast<const Washing*>(file->pMethods)->below;
  constexpr int kLeastPage = 512;
  const bool is_page = octets >= kLeastPage && (octets & (octets - 1)) == 0 && offset % octets == 0;
  sqlite3_int64 size = 0;
  if (!is_page || below.xFileSize(file, &size) != SQLITE_OK || size / octets >= kMaxWashedPages) {
    return below.xWrite(file, in, octets, offset);
  }
  std::string page(static_cast<const char*>(in), static_cast<std::size_t>(octets));
  const bool is_washed = Wash(page, offset == 0);
  return below.xWrite(file, is_washed ? page.data() : in, octets, offset);
}

const sqlite3_io_methods* Washed(const sqlite3_io_methods* below) {
  static std::mutex mutex;
  // Files have pointers to what is in it, until the process ends.
  static auto& all = *new std::deque<Washing>;
  const std::lock_guard lock(mutex);
  for (const Washing& each : all) {
    if (each.below == below) return &each.methods;
  }
  Washing& washing = all.emplace_back(Washing{*below, below});
  washing.methods.xWrite = WriteWashed;
  return &washing.methods;
}

sqlite3_vfs* Below(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* const below = Below(vfs);
  if ((flags & SQLITE_OPEN_WAL) == 0) {
    const int rc = below->xOpen(below, path, file, flags, out_flags);
    const bool is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    if (rc == SQLITE_OK && is_database) file->pMethods = Washed(file->pMethods);
    return rc;
  }
  auto* const gathering = new (file) GatheringFile;
  const int rc = below->xOpen(below, path, gathering->below(), flags, out_flags);
  if (rc == SQLITE_OK) {
    gathering->Opened();
  } else {
    gathering->~GatheringFile();  // without methods: it is not to be closed
  }
  return rc;
}

struct Registered {
  std::string name;
  sqlite3_vfs vfs;
};

// All other calls are the VFS's below, with itself for their first parameter.
sqlite3_vfs Over(sqlite3_vfs* below, const char* name) {
  sqlite3_vfs vfs = *below;
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(GatheringFile)) + below->szOsFile;
  vfs.pNext = nullptr;
  vfs.zName = name;
  vfs.pAppData = below;
  vfs.xOpen = Open;
  vfs.xDelete = [](sqlite3_vfs* self, const char* path, int sync) {
    return Below(self)->xDelete(Below(self), path, sync);
  };
  vfs.xAccess = [](sqlite3_vfs* self, const char* path, int flags, int* out) {
    return Below(self)->xAccess(Below(self), path, flags, out);
  };
  vfs.xFullPathname = [](sqlite3_vfs* self, const char* path, int size, char* out) {
    return Below(self)->xFullPathname(Below(self), path, size, out);
  };
  vfs.xDlOpen = nullptr;
  vfs.xDlError = nullptr;
  vfs.xDlSym = nullptr;
  vfs.xDlClose = nullptr;
  vfs.xRandomness = [](sqlite3_vfs* self, int size, char* out) {
    return Below(self)->xRandomness(Below(self), size, out);
  };
  vfs.xSleep = [](sqlite3_vfs* self, int microseconds) {
    return Below(self)->xSleep(Below(self), microseconds);
  };
  vfs.xCurrentTime = [](sqlite3_vfs* self, double* out) {
    return Below(self)->xCurrentTime(Below(self), out);
  };
  vfs.xGetLastError = [](sqlite3_vfs* self, int size, char* out) {
    return Below(self)->xGetLastError(Below(self), size, out);
  };
  vfs.xCurrentTimeInt64 = [](sqlite3_vfs* self, sqlite3_int64* out) {
    return Below(self)->xCurrentTimeInt64(Below(self), out);
  };
  return vfs;
}

}  // namespace

std::string GatheringVfs(const std::string& base) {
  sqlite3_vfs* const below = sqlite3_vfs_find(base.empty() ? nullptr : base.c_str());
  if (below == nullptr) return "";
  static std::mutex mutex;
  // SQLite keeps pointers to what is in it, until the process ends.
  static auto& all = *new std::deque<Registered>;
  const std::lock_guard lock(mutex);
  std::string name = std::string(below->zName) + "-gathering";
  if (sqlite3_vfs_find(name.c_str()) != nullptr) return name;
  Registered& registered = all.emplace_back(Registered{name, {}});
  registered.vfs = Over(below, registered.name.c_str());
  if (sqlite3_vfs_register(&registered.vfs, /*makeDflt=*/0) != SQLITE_OK) return "";
  return name;
}

}  // namespace bounced

// What a disk refuses.
#pragma once

#include "tests/storage/faulty_vfs.h"

namespace bounced::simulation {

struct DiskFault {
  FaultyVfs::Call call = FaultyVfs::Call::kWrite;
  int at = 1;            // the call of this kind, from 1
  int code = 0;          // SQLite's
  bool lasts = false;    // all after it, too
  bool halfway = false;  // half of the write is done
};

}  // namespace bounced::simulation

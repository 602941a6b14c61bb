// The paths of MAIL and RCPT (RFC 5321, 4.1.2; RFC 6531, 3.3).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bounced::smtp {

inline constexpr std::size_t kMaxLocalPartOctets = 64;  // RFC 5321, 4.5.3.1.1; of forward paths
inline constexpr std::size_t kMaxDomainOctets = 255;    // RFC 5321, 4.5.3.1.2
inline constexpr std::size_t kMaxPathOctets = 256;      // with brackets; RFC 5321, 4.5.3.1.3
inline constexpr std::size_t kMaxLabelCharacters = 63;  // RFC 1035, 2.3.4

enum class PathKind { kReverse, kForward };

enum class PathError {
  kNone,
  kSyntax,   // the line cannot be read: an unclosed bracket or quote, text glued behind it
  kAddress,  // the line can be read, but what stands there is no address
};

struct Path {
  PathError error = PathError::kNone;
  bool ascii = true;
  std::string mailbox;     // as written, without brackets and source route; empty: null
  std::string local_part;  // unquoted
  std::string domain;      // as written, one trailing dot dropped
  std::string_view rest;   // of the text, behind the path: the parameters
};

// Reads the path that `text` begins with; brackets may be missing. `text` is well-formed UTF-8.
//
// More is taken than the grammar allows where real hosts err: dots anywhere in a local part,
// underscores and hyphens anywhere in a label, and local parts over kMaxLocalPartOctets in reverse
// paths. The null path is one of MAIL only, and without a domain there is `postmaster`, in RCPT
// only. Total; linear in `text`.
Path ParsePath(std::string_view text, PathKind kind);

}  // namespace bounced::smtp

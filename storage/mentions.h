// Where a text names an address that is to be forgotten.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bounced {

// Finds addresses in texts, without regard to ASCII case: as `local@domain`; as `local=domain` and
// `domain=local@`, which is how return paths carry recipients (VERP; SRS); as `local%40domain` of a
// URL and `local=40domain` of quoted-printable; by the letters of an internationalized domain, too,
// where it is given by its A-labels. Only whole ones: not `anna@example.net` where
// `ann@example.net` is looked for. Immutable.
class Mentions {
 public:
  // What stands where an address stood.
  static constexpr std::string_view kMask = "[forgotten]";

  // Each is `local@domain`; others find nothing.
  explicit Mentions(std::span<const std::string> spellings);

  bool In(std::string_view text) const;
  // The text with kMask in the place of each.
  std::string Mask(std::string_view text) const;

 private:
  struct Place {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  // The first one that begins at `from` or behind it; empty: there is none.
  Place FindFolded(std::string_view folded, std::size_t from) const;
  // One whose domain begins at `domain`, behind the separator that begins at `at`; empty: none.
  Place FindAround(std::string_view folded, std::size_t from, std::size_t at,
                   std::size_t domain) const;
  // One as `domain=local@`, whose separator is at `at`; empty: none.
  Place FindReversed(std::string_view folded, std::size_t from, std::size_t at) const;
  // Those that are looked for at a domain as a text has it; null: none.
  const std::set<std::string>* LocalPartsAt(std::string_view folded_domain) const;

  // Folded local parts by folded domain.
  std::map<std::string, std::set<std::string>, std::less<>> by_domain_;
};

// What is kept of a return path when its recipient is forgotten: "@domain".
std::string WithoutLocalPart(std::string_view path);

}  // namespace bounced

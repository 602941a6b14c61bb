// Reading TOML tables by tables of their keys.
#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "parser/text.h"
#include "server/base/ip_address.h"

namespace bounced {

// The typed value of a node. INVALID_ARGUMENT says what it should be.
absl::StatusOr<std::int64_t> IntegerOf(const toml::node& node, std::int64_t min, std::int64_t max);
// Whole or with decimals, from 0 up.
absl::StatusOr<double> NumberOf(const toml::node& node, double max);
absl::StatusOr<std::string> TextOf(const toml::node& node, std::size_t min_octets,
                                   std::size_t max_octets);
// "300s", "1h", "30d": a number and s, m, h or d.
absl::StatusOr<absl::Duration> DurationOf(const toml::node& node, absl::Duration min,
                                          absl::Duration max);
absl::StatusOr<std::vector<std::string>> TextListOf(const toml::node& node, std::size_t min_count,
                                                    std::size_t max_count, std::size_t max_octets);
std::string ShowDuration(absl::Duration duration);

// Adds to `differing` the paths of the keys whose values are not the same in both.
template <typename Section>
using Compare = std::function<void(const Section&, const Section&, std::string_view path,
                                   std::vector<std::string>& differing)>;

// Of one key with its value at one place.
template <typename Section, typename Get>
Compare<Section> CompareAt(Get get) {
  return [get](const Section& a, const Section& b, std::string_view path,
               std::vector<std::string>& differing) {
    if (get(a) != get(b)) differing.emplace_back(path);
  };
}

// One key of a section that is read into a Section.
template <typename Section>
struct Key {
  std::string_view name;
  // `path` is for messages: "smtp.hostname".
  std::function<absl::Status(const toml::node&, std::string_view path, Section&)> read;
  // Null: a reload takes the key up, so nobody asks.
  Compare<Section> compare = {};
  // The value as it stands in a file; null: nobody asks.
  std::function<std::string(const Section&)> show = {};
};

// The same key, of a value that a reload takes up.
template <typename Section>
Key<Section> AtOnce(Key<Section> key) {
  key.compare = nullptr;
  return key;
}

// "LINE: PATH: what".
absl::Status At(const toml::node& node, std::string_view path, std::string_view what);

// --- The kinds of key. `get` gives the place of the value in the section; bounds are inclusive.

template <typename Section, typename Get>
Key<Section> Flag(std::string_view name, Get get) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            const toml::value<bool>* value = node.as_boolean();
            if (value == nullptr) return At(node, path, "must be true or false");
            get(section) = value->get();
            return absl::OkStatus();
          },
          CompareAt<Section>(get),
          [get](const Section& section) { return get(section) ? "true" : "false"; }};
}

template <typename Section, typename Get>
Key<Section> Integer(std::string_view name, Get get, std::int64_t min, std::int64_t max) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            absl::StatusOr<std::int64_t> value = IntegerOf(node, min, max);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            auto& place = get(section);
            place = static_cast<std::decay_t<decltype(place)>>(*value);
            return absl::OkStatus();
          },
          CompareAt<Section>(get),
          [get](const Section& section) { return absl::StrCat(get(section)); }};
}

template <typename Section, typename Get>
Key<Section> Percent(std::string_view name, Get get) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            absl::StatusOr<double> value = NumberOf(node, 100);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            get(section) = *value;
            return absl::OkStatus();
          },
          CompareAt<Section>(get)};
}

template <typename Section, typename Get>
Key<Section> Text(std::string_view name, Get get, std::size_t min_octets, std::size_t max_octets) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            absl::StatusOr<std::string> value = TextOf(node, min_octets, max_octets);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            get(section) = *std::move(value);
            return absl::OkStatus();
          },
          CompareAt<Section>(get)};
}

// A list of texts, none of them empty.
template <typename Section, typename Get>
Key<Section> TextList(std::string_view name, Get get, std::size_t min_count, std::size_t max_count,
                      std::size_t max_octets) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            absl::StatusOr<std::vector<std::string>> value =
                TextListOf(node, min_count, max_count, max_octets);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            get(section) = *std::move(value);
            return absl::OkStatus();
          },
          CompareAt<Section>(get)};
}

// A list of addresses of hosts and networks.
template <typename Section, typename Get>
Key<Section> Networks(std::string_view name, Get get, std::size_t max_count) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            constexpr std::size_t kMaxOctets = 50;
            absl::StatusOr<std::vector<std::string>> texts =
                TextListOf(node, 0, max_count, kMaxOctets);
            if (!texts.ok()) return At(node, path, Std(texts.status().message()));
            std::vector<IpNetwork> networks;
            for (const std::string& text : *texts) {
              absl::StatusOr<IpNetwork> network = IpNetwork::Parse(text);
              if (!network.ok()) return At(node, path, Std(network.status().message()));
              networks.push_back(*network);
            }
            get(section) = std::move(networks);
            return absl::OkStatus();
          },
          CompareAt<Section>(get)};
}

// A text of a-z, 0-9, _ and -.
template <typename Section, typename Get>
Key<Section> Name(std::string_view name, Get get, std::size_t max_octets) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            absl::StatusOr<std::string> value = TextOf(node, 1, max_octets);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            if (value->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != value->npos) {
              return At(node, path, "has other characters than a-z, 0-9, _ and -");
            }
            get(section) = *std::move(value);
            return absl::OkStatus();
          },
          CompareAt<Section>(get)};
}

template <typename Section, typename Get>
Key<Section> Duration(std::string_view name, Get get, absl::Duration min, absl::Duration max) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            absl::StatusOr<absl::Duration> value = DurationOf(node, min, max);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            get(section) = *value;
            return absl::OkStatus();
          },
          CompareAt<Section>(get)};
}

// One of some words.
template <typename Section, typename Get, typename Value>
Key<Section> Choice(std::string_view name, Get get,
                    std::vector<std::pair<std::string_view, Value>> words) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            absl::StatusOr<std::string> value = TextOf(node, 0, 100);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            std::string known;
            for (const auto& [word, meaning] : words) {
              if (word == *value) {
                get(section) = meaning;
                return absl::OkStatus();
              }
              absl::StrAppend(&known, known.empty() ? "" : ", ", "\"", Absl(word), "\"");
            }
            return At(node, path, "must be one of " + known);
          },
          CompareAt<Section>(get),
          [=](const Section& section) {
            std::string shown;
            for (const auto& [word, meaning] : words) {
              if (meaning == get(section)) shown = absl::StrCat("\"", Absl(word), "\"");
            }
            return shown;
          }};
}

// --- Reading

// An unknown key, with the nearest of `known`.
absl::Status UnknownKey(const toml::key& key, std::string_view path,
                        const std::vector<std::string_view>& known);

// Reads all keys of `table`, which must be in `keys`, in the order of those. `prefix` of their
// paths: "smtp.".
template <typename Section>
absl::Status ReadTable(const toml::table& table, const std::string& prefix,
                       std::span<const Key<Section>> keys, Section& section) {
  for (const auto& [key, node] : table) {
    if (std::any_of(keys.begin(), keys.end(),
                    [name = key.str()](const auto& each) { return each.name == name; })) {
      continue;
    }
    std::vector<std::string_view> known;
    for (const Key<Section>& each : keys) known.push_back(each.name);
    return UnknownKey(key, prefix + std::string(key.str()), known);
  }
  for (const Key<Section>& key : keys) {
    const toml::node* node = table.get(key.name);
    if (node == nullptr) continue;
    const std::string path = prefix + std::string(key.name);
    if (absl::Status s = key.read(*node, path, section); !s.ok()) return s;
  }
  return absl::OkStatus();
}

// As Compare, for all of `keys`; `prefix` as above.
template <typename Section>
void CompareTables(const std::string& prefix, std::span<const Key<Section>> keys, const Section& a,
                   const Section& b, std::vector<std::string>& differing) {
  for (const Key<Section>& key : keys) {
    if (key.compare) key.compare(a, b, prefix + std::string(key.name), differing);
  }
}

// [name], with keys of its own.
template <typename Section, typename Inner, typename Get>
Key<Section> Table(std::string_view name, std::span<const Key<Inner>> keys, Get get) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            if (!node.is_table())
              return At(node, path, absl::StrCat("must be a table, [", Absl(path), "]"));
            return ReadTable(*node.as_table(), std::string(path) + ".", keys, get(section));
          },
          [=](const Section& a, const Section& b, std::string_view path,
              std::vector<std::string>& differing) {
            CompareTables<Inner>(std::string(path) + ".", keys, get(a), get(b), differing);
          }};
}

// [[name]], at most `max_count` times, each appended to a vector; `begin(section)` is what one is
// before its keys are read. A reload takes all such up.
template <typename Section, typename Inner, typename Get, typename Begin>
Key<Section> Tables(std::string_view name, std::span<const Key<Inner>> keys, Get get,
                    std::size_t max_count, std::vector<std::string_view> required, Begin begin) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            if (!node.is_array_of_tables())
              return At(node, path, absl::StrCat("must be tables, [[", Absl(path), "]]"));
            std::vector<Inner>& all = get(section);
            for (const toml::node& each : *node.as_array()) {
              if (all.size() == max_count) {
                return At(each, path, absl::StrCat("more than ", max_count));
              }
              const toml::table& table = *each.as_table();
              for (std::string_view key : required) {
                if (!table.contains(key))
                  return At(each, path, absl::StrCat(Absl(key), " is missing"));
              }
              Inner& one = all.emplace_back(begin(section));
              if (absl::Status s = ReadTable(table, std::string(path) + ".", keys, one); !s.ok()) {
                return s;
              }
            }
            return absl::OkStatus();
          }};
}

template <typename Section, typename Inner, typename Get>
Key<Section> Tables(std::string_view name, std::span<const Key<Inner>> keys, Get get,
                    std::size_t max_count, std::vector<std::string_view> required) {
  return Tables<Section>(name, keys, get, max_count, std::move(required),
                         [](const Section&) { return Inner{}; });
}

}  // namespace bounced

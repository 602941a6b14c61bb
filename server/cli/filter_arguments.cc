#include "server/cli/filter_arguments.h"

#include <CLI/CLI.hpp>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/cli/words.h"

namespace bounced::cli {

std::string SourceWords() { return absl::StrJoin(Words<v1::Source>(), "|"); }

absl::StatusOr<v1::Source> ParseSource(const std::string& word) {
  if (word.empty()) return v1::SOURCE_UNSPECIFIED;
  if (std::optional<v1::Source> source = FromWord<v1::Source>(word)) return *source;
  return absl::InvalidArgumentError(
      absl::StrCat("no source is called ", Shown(word), ": ", SourceWords()));
}

void FilterArguments::AddTo(CLI::App& command) {
  command.add_option("--source", source, "Only those that come from this: " + SourceWords())
      ->type_name("WORD");
  command.add_option("--reason", reason, "Only those with this reason")->type_name("WORD");
  command.add_option("--domain", domain, "Only addresses of this domain")->type_name("NAME");
  command.add_option("--prefix", prefix, "Only addresses that begin so")->type_name("TEXT");
  command
      .add_option("--since", period.since,
                  "Only those made at this time or later: 2026-01-31, 2026-01-31T12:00:00Z, or 7d "
                  "for the last seven days")
      ->type_name("TIME");
  command.add_option("--until", period.until, "Only those made before this time")
      ->type_name("TIME");
  command.add_flag("--in-force", in_force,
                   "Only those that have not ended and that no incident holds");
  auto* key = command
                  .add_option("--return-path-key", return_path_key,
                              "Only those that rest on what this key of a return-path domain "
                              "vouched for")
                  ->type_name("ID");
  auto* key_domain =
      command.add_option("--return-path-domain", return_path_domain, "The key's domain")
          ->type_name("NAME");
  command.add_option("--incident", incident_id, "Only those that this open incident holds")
      ->type_name("NUMBER")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  key->needs(key_domain);
  key_domain->needs(key);
}

absl::StatusOr<v1::SuppressionFilter> FilterArguments::ToFilter(const Session& session) const {
  v1::SuppressionFilter filter;
  if (session.stream_was_given()) filter.set_stream(session.stream());
  absl::StatusOr<v1::Source> from = ParseSource(source);
  if (!from.ok()) return from.status();
  filter.set_source(*from);
  filter.set_reason(reason);
  filter.set_domain(domain);
  filter.set_address_prefix(prefix);
  filter.set_in_force(in_force);
  filter.set_return_path_key(return_path_key);
  filter.set_return_path_domain(return_path_domain);
  filter.set_incident_id(incident_id);
  absl::Status times =
      period.Set(session.now(), filter, &v1::SuppressionFilter::mutable_created_from,
                 &v1::SuppressionFilter::mutable_created_before);
  if (!times.ok()) return times;
  return filter;
}

}  // namespace bounced::cli

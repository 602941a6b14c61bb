// Our own types as answers. Every text comes out as valid UTF-8, which is all that protobuf takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bounced/v1/bounce.pb.h"
#include "bounced/v1/report.pb.h"
#include "bounced/v1/return_path.pb.h"
#include "bounced/v1/suppression.pb.h"
#include "parser/report.h"
#include "parser/rules.h"
#include "server/intake/return_path.h"
#include "storage/records.h"
#include "storage/store.h"

namespace bounced::api {

v1::Verdict ToProto(Verdict verdict);
google::protobuf::Timestamp ToProto(absl::Time time);
// As `YYYY-MM-DD`.
std::string ShownDay(Day day);
v1::Suppression ToProto(const Suppression& suppression);
v1::Allowance ToProto(const Allowance& allowance);
v1::Incident ToProto(const Incident& incident);
v1::Event ToProto(const StoredEvent& event);
v1::ReturnPathKey ToProto(const KeyStanding& key);
v1::SuppressionChange ToProto(const Change& change);
v1::Report ToProto(const Report& report);
v1::Rule ToProto(const RuleInfo& rule, std::uint64_t hits);

}  // namespace bounced::api

#include "server/api/methods.h"

namespace bounced::api {
namespace {

constexpr bool kStreams = true;

constexpr Method kMethods[] = {
    {"bounced.v1.SuppressionService.Check", Role::kCheck},
    {"bounced.v1.SuppressionService.BatchCheck", Role::kCheck},
    {"bounced.v1.SuppressionService.CheckStream", Role::kCheck, Scope::kTenant, kStreams},
    {"bounced.v1.SuppressionService.GetSuppression", Role::kReadEvents},
    {"bounced.v1.SuppressionService.ListSuppressions", Role::kReadEvents},
    {"bounced.v1.SuppressionService.CreateSuppression", Role::kWrite},
    {"bounced.v1.SuppressionService.DeleteSuppression", Role::kWrite},
    {"bounced.v1.SuppressionService.CreateAllowance", Role::kWrite},
    {"bounced.v1.SuppressionService.DeleteAllowance", Role::kWrite},
    {"bounced.v1.SuppressionService.ListAllowances", Role::kReadEvents},
    {"bounced.v1.SuppressionService.ImportSuppressions", Role::kWrite, Scope::kTenant, kStreams},
    {"bounced.v1.SuppressionService.ImportStream", Role::kWrite, Scope::kTenant, kStreams},
    {"bounced.v1.SuppressionService.ExportSuppressions", Role::kReadEvents, Scope::kTenant,
     kStreams},
    {"bounced.v1.SuppressionService.WatchSuppressions", Role::kReadEvents, Scope::kTenant,
     kStreams},
    {"bounced.v1.SuppressionService.ListChanges", Role::kReadEvents},
    {"bounced.v1.SuppressionService.UndoChanges", Role::kWrite, Scope::kTenant, kStreams},
    {"bounced.v1.SuppressionService.Explain", Role::kReadEvents},
    {"bounced.v1.SuppressionService.ExportAddress", Role::kReadEvents, Scope::kTenant, kStreams},
    {"bounced.v1.SuppressionService.Forget", Role::kAdmin, Scope::kTenant, kStreams},

    {"bounced.v1.BounceService.ListEvents", Role::kReadEvents},
    {"bounced.v1.BounceService.GetEvent", Role::kReadEvents},
    {"bounced.v1.BounceService.GetEvidence", Role::kEvidence, Scope::kTenant, kStreams},
    // Nothing is stored, and nobody else's is shown; but it takes work.
    {"bounced.v1.BounceService.Classify", Role::kReadEvents, Scope::kTenant, kStreams},
    // Rules are no tenant's, and how often they decided tells of all.
    {"bounced.v1.BounceService.ListRules", Role::kReadEvents, Scope::kAll},
    {"bounced.v1.BounceService.Ingest", Role::kWrite, Scope::kTenant, kStreams},
    {"bounced.v1.BounceService.RecordDeliveries", Role::kWrite},
    // A dry run shows what Explain shows; for good it asks for Role::kAdmin itself.
    {"bounced.v1.BounceService.Reclassify", Role::kReadEvents, Scope::kTenant, kStreams},

    {"bounced.v1.ReturnPathService.Mint", Role::kMint},
    {"bounced.v1.ReturnPathService.Verify", Role::kMint},
    {"bounced.v1.ReturnPathService.ListKeys", Role::kAdmin},
    {"bounced.v1.ReturnPathService.RevokeKey", Role::kAdmin},

    {"bounced.v1.ReportService.ListIncidents", Role::kReadEvents},
    {"bounced.v1.ReportService.ResolveIncident", Role::kWrite},

    {"bounced.v1.AdminService.CreateApiKey", Role::kAdmin},
    {"bounced.v1.AdminService.ListApiKeys", Role::kAdmin},
    {"bounced.v1.AdminService.RevokeApiKey", Role::kAdmin},
    // They hold for all tenants, and one document says them all.
    {"bounced.v1.AdminService.ApplyPolicies", Role::kAdmin, Scope::kAll},
    {"bounced.v1.AdminService.GetPolicies", Role::kAdmin, Scope::kAll},
    {"bounced.v1.AdminService.ListPolicyRevisions", Role::kAdmin, Scope::kAll},

    // All tenants' data.
    {"bounced.v1.MaintenanceService.Backup", Role::kAdmin, Scope::kAll, kStreams},
    {"bounced.v1.MaintenanceService.CheckIntegrity", Role::kAdmin, Scope::kAll, kStreams},
};

}  // namespace

const Method* FindMethod(std::string_view name) {
  for (const Method& method : kMethods) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

std::span<const Method> Methods() { return kMethods; }

}  // namespace bounced::api

#include "server/cli/suppression_csv.h"

#include "server/cli/times.h"
#include "server/cli/words.h"

namespace bounced::cli {

void AppendSuppressionCsv(std::string& csv, const v1::Suppression& suppression,
                          FormulaGuard guard) {
  const std::string fields[] = {
      suppression.address(),
      suppression.tenant(),
      suppression.stream(),
      Word(suppression.source()),
      suppression.reason(),
      Word(suppression.bounce_class()),
      FormatTime(suppression.create_time()),
      FormatTime(suppression.expire_time()),
      suppression.explanation(),
  };
  for (const std::string& field : fields) {
    AppendCsvField(csv, field, ',', guard);
    csv += ',';
  }
  csv.back() = '\n';
}

}  // namespace bounced::cli

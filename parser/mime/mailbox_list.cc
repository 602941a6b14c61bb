#include "parser/mime/mailbox_list.h"

#include <algorithm>

#include "parser/text.h"

namespace bounced {

std::vector<std::string_view> MailboxesOf(std::string_view header, std::size_t max_count) {
  std::vector<std::string_view> mailboxes;
  while (!header.empty() && mailboxes.size() < max_count) {
    const std::size_t comma = std::min(header.find(','), header.size());
    std::string_view mailbox = header.substr(0, comma);
    if (const std::size_t open = mailbox.rfind('<'); open != mailbox.npos) {
      mailbox.remove_prefix(open + 1);
      mailbox = mailbox.substr(0, mailbox.find('>'));
    }
    mailboxes.push_back(StripBlanks(mailbox));
    header.remove_prefix(std::min(comma + 1, header.size()));
  }
  return mailboxes;
}

}  // namespace bounced

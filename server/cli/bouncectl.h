// The command line of the bounce daemon.
#pragma once

#include <string>
#include <vector>

#include "server/cli/exit_code.h"
#include "server/cli/session.h"

namespace bounced::cli {

// Runs one command line, without the program's name, to its end. Help goes to `environment.out`,
// what is wrong to `environment.err`; nothing is thrown.
ExitCode RunBouncectl(std::vector<std::string> arguments, Environment environment);

}  // namespace bounced::cli

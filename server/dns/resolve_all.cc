#include "server/dns/resolve_all.h"

#include <cstdlib>
#include <vector>

namespace bounced::dns {
namespace {

struct Evaluation {
  Resolver& resolver;
  absl::Time deadline;
  absl::AnyInvocable<bool(Lookups&)> evaluate;
  absl::AnyInvocable<void()> done;
  Lookups lookups = {};
  int rounds = 0;
};

void GoOn(const std::shared_ptr<Evaluation>& evaluation) {
  Lookups& lookups = evaluation->lookups;
  while (!evaluation->evaluate(lookups)) {
    std::vector<Question> questions = lookups.TakeAsked();
    if (questions.empty()) std::abort();  // nothing could bring it to its end
    if (evaluation->rounds < kMaxResolveRounds) {
      ++evaluation->rounds;
      evaluation->resolver.Resolve(questions, evaluation->deadline,
                                   [evaluation, questions](std::vector<Answer> answers) {
                                     for (std::size_t i = 0; i < questions.size(); ++i) {
                                       evaluation->lookups.Set(questions[i], std::move(answers[i]));
                                     }
                                     GoOn(evaluation);
                                   });
      return;
    }
    for (const Question& question : questions) lookups.Set(question, Answer());
  }
  evaluation->done();
}

}  // namespace

void ResolveAll(Resolver& resolver, absl::Time deadline,
                absl::AnyInvocable<bool(Lookups&)> evaluate, absl::AnyInvocable<void()> done) {
  GoOn(std::make_shared<Evaluation>(
      Evaluation{resolver, deadline, std::move(evaluate), std::move(done)}));
}

}  // namespace bounced::dns

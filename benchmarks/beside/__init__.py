"""What `benchmarks.cost` measures: an ordinary case of ours, and beside it a bare workflow that does the same.

An ordinary case is opened by a chatbot, declined the same day, formalised by one complete e-mail and closed after the
notice: three updates, sixteen activities, four timers.

The bare workflow is what somebody who knows Temporal writes in an afternoon, with the library as it comes. It has

* the same messages with the same typed payloads: update-with-start `request_checked`, then `retention_outcome_checked`
  and `formalization_checked`, each with an answer;
* the same steps in the same order, side by side where ours are: the same sixteen activities with the same labels;
* the same search attributes, set at the same moments, and the same four timers; neither writes a memo;
* the same outside effects in the plainest way: one row a fact in tables without triggers, and a transaction a step
  (`schema.sql`); ten letters, each with a row in an outbox before and after it is sent, text and HTML from a
  sentence, one conversation with the mail server each; the same recordings removed from the same store.

It leaves out what makes ours more than that: nothing is validated beyond its type, nothing is read back but counts, a
repeated effect is told by a primary key alone, no constraint guards anything, the trail is not chained, dates know
no holidays, there are no reminders to speak of, no status, no refusals, no outages, no second thoughts.

Both run on the same embedded servers, each with a worker process of its own, driven by the same driver.
"""

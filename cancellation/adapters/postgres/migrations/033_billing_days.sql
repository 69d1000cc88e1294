-- Days that closing can reckon with (P16): one without end, or of the year 26, is a typing error, and a notice would end
-- at an account that nobody can settle.
create function billing.countable(variadic days date[]) returns boolean language sql immutable as
    $$ select bool_and(day between '1970-01-01' and '2999-12-31') is not false from unnest(days) day $$;

alter table billing.subscriptions
    add constraint countable_days check (billing.countable(started_on, ended_on, billed_through));
alter table billing.charges
    add constraint countable_days check (billing.countable(first_day, last_day));

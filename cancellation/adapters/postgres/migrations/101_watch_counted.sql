-- The monitor counts what the billing watch found, without a look at every act of every case: a charge once, for what was done
-- about it first, whatever followed (people looked at it, and then it was voided).
alter table crm.watch_acts add column counted boolean not null default true;
create index watch_acts_found on crm.watch_acts (kind)
    where counted and kind in ('voided', 'repay', 'review', 'revived');

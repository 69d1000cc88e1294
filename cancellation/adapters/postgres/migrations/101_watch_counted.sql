-- The monitor counts what the billing watch found, without a look at every act of every case.
create index watch_acts_found on crm.watch_acts (kind) where kind in ('voided', 'repay', 'review', 'revived');

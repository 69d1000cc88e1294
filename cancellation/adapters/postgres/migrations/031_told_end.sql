-- The end in figures as a letter told it stays beside the letter: the final invoice is held against it (X25).
alter table notification.outbox add column told jsonb;  -- last day, lines, total; null: the letter tells none

create trigger told_stays after update on notification.outbox for each row
    when (old.told is distinct from new.told)
    execute function crm.change_only();
